package slipway

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/imagetest"
	"github.com/slipway-build/slipway/imagetest/dockerapi"
)

// ownProgram is this program's file, also when another one has taken its place on the disk.
const ownProgram = "/proc/self/exe"

// sandbox is what image tests run in.
func (s *Session) sandbox(p *embedded.Process) (*imagetest.Sandbox, error) {
	self, supervisor := s.opts.Program, s.opts.Program
	if self == "" {
		supervisor = ownProgram
		var err error
		if self, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("cannot prepare image tests: %w", err)
		}
	}
	return &imagetest.Sandbox{
		Containers: p,
		Network:    imagetest.HostNetwork,
		Folder:     embedded.TempDir(p.Root()),
		Docker:     self,
		Supervisor: supervisor,
		Groups:     p.Groups(),
		Env:        testEnv(os.Environ(), proxies(s.config).Here("")),
	}, nil
}

// serveDocker answers Docker's API on the root's socket until the returned
// function is called, which removes all containers. Only the owner of the root may use it.
func serveDocker(ctx context.Context, p *embedded.Process) (func() error, error) {
	socket := embedded.DockerSocket(p.Root())
	if err := os.Remove(socket); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot prepare containers: %w", err)
	}
	l, err := imagetest.Listen(socket)
	if err != nil {
		return nil, fmt.Errorf("cannot prepare containers: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- dockerapi.Serve(ctx, l, p) }()
	return func() error { cancel(); return <-done }, nil
}

// testEnv is the environment of image tests but for their docker: docker-pkg passes PATH and the
// proxies only; HOME and the locale are added because test frameworks need them.
func testEnv(environ []string, proxies map[string]string) []string {
	var env []string
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
	env = append(env, "PATH="+path)
	for k, v := range proxies {
		env = append(env, k+"="+v)
	}
	slices.Sort(env)
	return env
}
