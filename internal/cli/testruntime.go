package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/build"
	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/imagetest"
	"github.com/slipway-build/slipway/imagetest/dockerapi"
)

// startTestRuntime offers what image tests call "docker": Docker's API on a
// socket below the engine's root, and a docker command on their PATH. The
// returned function ends both and removes all containers.
func (a *app) startTestRuntime(ctx context.Context, p *embedded.Process, cfg *config.Config) (build.Test, func() error, error) {
	dir, err := os.MkdirTemp(embedded.TempDir(p.Root()), "test-")
	if err != nil {
		return build.Test{}, nil, fmt.Errorf("cannot prepare image tests: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return build.Test{}, nil, fmt.Errorf("cannot prepare image tests: %w", err)
	}
	bin := filepath.Join(dir, "bin")
	err = errors.Join(os.Mkdir(bin, 0o700), os.Symlink(self, filepath.Join(bin, "docker")))
	if err != nil {
		return build.Test{}, nil, fmt.Errorf("cannot prepare image tests: %w", err)
	}
	stop, err := serveDocker(ctx, p)
	if err != nil {
		return build.Test{}, nil, err
	}
	test := imagetest.Test{
		Command: cfg.VerifyCommand,
		Args:    cfg.VerifyArgs,
		Timeout: cfg.VerifyTimeout,
		Env:     testEnv(os.Environ(), bin, embedded.DockerSocket(p.Root()), cfg.ProxyArgs()),
	}
	return build.Test{Test: test}, func() error { return errors.Join(stop(), os.RemoveAll(dir)) }, nil
}

// serveDocker answers Docker's API on the root's socket until the returned
// function is called. Only the owner of the root may use it.
func serveDocker(ctx context.Context, p *embedded.Process) (func() error, error) {
	socket := embedded.DockerSocket(p.Root())
	if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot prepare containers: %w", err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("cannot prepare containers: %w", err)
	}
	if err := os.Chmod(socket, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot prepare containers: %w", err), l.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- dockerapi.Serve(ctx, l, p) }()
	return func() error { cancel(); return <-done }, nil
}

// testEnv is the environment of image tests: docker-pkg passes PATH and the
// proxies only; HOME and the locale are added because test frameworks need them.
func testEnv(environ []string, bin, socket string, proxies map[string]string) []string {
	env := []string{"DOCKER_HOST=unix://" + socket}
	path := "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	for _, kv := range environ {
		key, value, _ := strings.Cut(kv, "=")
		switch {
		case key == "PATH" && value != "":
			path = value
		case key == "HOME", key == "LANG", strings.HasPrefix(key, "LC_"):
			env = append(env, kv)
		}
	}
	env = append(env, "PATH="+bin+":"+path)
	for k, v := range proxies {
		env = append(env, k+"="+v)
	}
	slices.Sort(env)
	return env
}
