package cli_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/slipway-build/slipway/registry/registrytest"
)

// levels is a fleet of four images on three levels: lib and tool are built on base, app on lib.
var levels = map[string][]string{"base": nil, "lib": {"base"}, "tool": {"base"}, "app": {"lib"}}

// newLevels writes the fleet, whose images are real ones: each FROM its parent, with a file of its own
// that says its version.
func newLevels(t *testing.T) *chain {
	c := &chain{t: t, dir: t.TempDir(), needs: levels, names: slices.Sorted(maps.Keys(levels))}
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range c.names {
		text := "FROM scratch\nCOPY busybox /\n"
		c.write(n, ".dockerignore", "changelog\ncontrol\nDockerfile.template\n.dockerignore\n")
		if len(levels[n]) > 0 {
			text = fmt.Sprintf("FROM {{ %q | image_tag }}\n", levels[n][0])
			c.write(n, "control", "Package: "+n+"\nBuild-Depends: "+levels[n][0]+"\n")
		} else {
			c.write(n, "busybox", string(busybox))
			if err := os.Chmod(filepath.Join(c.dir, "fleet", n, "busybox"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		c.write(n, "Dockerfile.template", text+"COPY file /"+n+"\n")
	}
	return c
}

// version gives all images a version and content that is of this version alone.
func (c *chain) version(v, noise int) {
	for i, n := range c.names {
		c.write(n, "changelog", changelogOf(n, v))
		c.write(n, "file", fmt.Sprintf("%s %d\n%s", n, v, registrytest.Noise(uint64(1000*v+i), noise)))
	}
}

func (c *chain) configure(format string, args ...any) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, "config.yaml"), fmt.Appendf(nil, format, args...), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// ran is what a run of the program said.
type ran struct {
	code        int
	out, err    string
	built, sent []string // names, sorted
}

var building, publishedImage = regexp.MustCompile(`(?m)^- Building image \S*/([a-z0-9-]+):`), regexp.MustCompile(`(?m)^\* Published image \S*/([a-z0-9-]+):`)

// run runs the program to its end, without proxies but those of the configuration.
func (c *chain) run(args ...string) ran {
	c.t.Helper()
	return c.end(c.slipway(args...))
}

func (c *chain) end(cmd *exec.Cmd) ran {
	c.t.Helper()
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	cmd.Env = append(cmd.Env, "DOCKER_CONFIG="+filepath.Join(c.dir, "docker"), "HTTP_PROXY=", "HTTPS_PROXY=", "NO_PROXY=", "http_proxy=", "https_proxy=", "no_proxy=")
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		c.t.Fatal(err)
	}
	r := ran{code: cmd.ProcessState.ExitCode(), out: out.String(), err: stderr.String()}
	names := func(re *regexp.Regexp) (found []string) {
		for _, m := range re.FindAllStringSubmatch(r.out, -1) {
			found = append(found, m[1])
		}
		slices.Sort(found)
		return found
	}
	r.built, r.sent = names(building), names(publishedImage)
	return r
}

func (r ran) String() string { return fmt.Sprintf("exit code %d\n%s%s", r.code, r.out, r.err) }

// elsewhere makes the command one with a store and a state of its own: another machine.
func (c *chain) elsewhere(args ...string) *exec.Cmd {
	cmd := c.slipway(args...)
	cmd.Args[2] = c.t.TempDir()
	return cmd
}

// reader reads a registry as another program does, past all faults.
type reader struct {
	addr    string
	options []remote.Option
}

func newReader(t *testing.T, s *registrytest.Server, user, password string) *reader {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	t.Cleanup(transport.CloseIdleConnections)
	if s.CA != "" {
		pem, err := os.ReadFile(s.CA)
		if err != nil {
			t.Fatal(err)
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	r := &reader{addr: s.Addr, options: []remote.Option{remote.WithTransport(transport)}}
	if user != "" {
		r.options = append(r.options, remote.WithAuth(&authn.Basic{Username: user, Password: password}))
	}
	puller, err := remote.NewPuller(r.options...) // asks how to log in once, not for each request
	if err != nil {
		t.Fatal(err)
	}
	r.options = append(r.options, remote.Reuse(puller))
	return r
}

func (r *reader) with(ctx context.Context) []remote.Option {
	return append(slices.Clone(r.options), remote.WithContext(ctx))
}

// tags are those of an image of the namespace p; none is no error.
func (r *reader) tags(ctx context.Context, image string) ([]string, error) {
	repository, err := name.NewRepository(r.addr + "/p/" + image)
	if err != nil {
		return nil, err
	}
	tags, err := remote.List(repository, r.with(ctx)...)
	slices.Sort(tags)
	var status *transport.Error
	if errors.As(err, &status) && status.StatusCode == http.StatusNotFound {
		return nil, nil
	}
	return tags, err
}

// image pulls one, by a tag or digest, and verifies it: manifest, configuration and each layer are there, and have the
// digests and sizes that they should have.
func (r *reader) image(ctx context.Context, image string) (ggcr.Image, error) {
	ref, err := name.ParseReference(r.addr + "/p/" + image)
	if err != nil {
		return nil, err
	}
	img, err := remote.Image(ref, r.with(ctx)...)
	if err != nil {
		return nil, err
	}
	return img, validate.Image(img)
}

// fleet looks at all tags: each names a whole image, which is the version that it says, and so is each
// parent in it. It returns the versions that have a tag, and those that "latest" stands for.
func (r *reader) fleet(t *testing.T, c *chain) (versions map[string][]string, latest map[string]string) {
	t.Helper()
	versions, latest = map[string][]string{}, map[string]string{}
	for _, n := range c.names {
		tags, err := r.tags(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		for _, tag := range tags {
			img, err := r.image(t.Context(), n+":"+tag)
			if err != nil {
				t.Errorf("%s:%s cannot be pulled: %v", n, tag, err)
				continue
			}
			version := says(t, img, n)
			for parent := c.needs[n]; len(parent) > 0; parent = c.needs[parent[0]] {
				if v := says(t, img, parent[0]); v != version {
					t.Errorf("%s:%s is version %s, and made of %s %s", n, tag, version, parent[0], v)
				}
			}
			if m, err := img.Manifest(); err != nil || m.Annotations["org.opencontainers.image.version"] != version {
				t.Errorf("%s:%s has the version %s, and annotations %v %v", n, tag, version, m.Annotations, err)
			}
			if tag == "latest" {
				latest[n] = version
				continue
			}
			versions[n] = append(versions[n], tag)
			if tag != version {
				t.Errorf("%s:%s is version %s", n, tag, version)
			}
		}
	}
	return versions, latest
}

// says is the version in an image's file.
func says(t *testing.T, img ggcr.Image, file string) string {
	t.Helper()
	files := mutate.Extract(img)
	defer files.Close()
	for r := tar.NewReader(files); ; {
		h, err := r.Next()
		if err != nil {
			t.Errorf("there is no %s in the image: %v", file, err)
			return ""
		}
		if h.Name != file {
			continue
		}
		data, err := io.ReadAll(r)
		first, _, _ := strings.Cut(string(data), "\n")
		version, ok := strings.CutPrefix(first, file+" ")
		if err != nil || !ok {
			t.Errorf("%s says %q, %v", file, first, err)
		}
		return version
	}
}
