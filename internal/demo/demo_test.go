//go:build linux

package demo_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/slipway-build/slipway/internal/demo"
	"github.com/slipway-build/slipway/internal/enginetest"

	// The demo builds the program: a cached success of this test must not outlive a change of it.
	_ "github.com/slipway-build/slipway/internal/cli"
)

const repo = "../.."

// need skips the test where it could not run, and fails it in CI. The demo installs what it lacks;
// a test does not do that to somebody's machine.
func need(t *testing.T) {
	t.Helper()
	enginetest.Need(t)
	out, err := exec.Command(filepath.Join(repo, "hack/install-deps"), "--missing").CombinedOutput()
	if err == nil && len(bytes.TrimSpace(out)) == 0 {
		return
	}
	const reason = "not installed (hack/install-deps): %s (%v)"
	if os.Getenv("CI") == "true" {
		t.Fatalf(reason, bytes.TrimSpace(out), err)
	}
	t.Skipf(reason, bytes.TrimSpace(out), err)
}

// run runs a command that must succeed and returns what it printed.
func run(t *testing.T, stdin string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s\n%s", name, strings.Join(args, " "), err, &out, &errs)
	}
	return out.String()
}

// TestDemo is the whole way of a fleet: the demo builds the example fleet and publishes it to a real
// registry with TLS and a password; skopeo pulls it back; a Docker daemon starts it.
func TestDemo(t *testing.T) {
	need(t)
	watch(t)
	root := filepath.Join(t.TempDir(), "demo")
	t.Setenv("SLIPWAY_DEMO_ROOT", root)
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	said := run(t, "", filepath.Join(repo, "hack/demo"))
	t.Logf("%s", said)
	images := published(t, root)
	secondRun(t, said, len(images))

	registry := filepath.Join(root, "registry")
	password := read(t, registry, "password")
	for name, text := range map[string]string{"output": said, "log": read(t, registry, "log"), "state": read(t, root, "store/state.db")} {
		if text == "" || strings.Contains(text, password) {
			t.Errorf("the demo's %s is empty or has the password", name)
		}
	}
	address := read(t, registry, "address")
	if c, err := net.Dial("tcp", address); err == nil {
		c.Close()
		t.Errorf("the demo's registry still runs on %s", address)
	}

	serve(t, registry, address)
	layout := pullAll(t, root, images)
	docker := startDocker(t)
	for _, c := range []struct {
		image string
		args  []string
		want  string
	}{
		{"greeter", []string{"fleet"}, `^Hello, fleet!\n$`},
		{"toolbox", nil, `^greeter [0-9.]+\nlinecount [0-9.]+\nlines of this report: 2\n$`},
	} {
		ref := address + "/" + c.image + ":of-docker"
		archive := filepath.Join(t.TempDir(), c.image+".tar")
		run(t, "", "skopeo", "copy", "--quiet", "oci:"+layout+":"+c.image, "docker-archive:"+archive+":"+ref)
		docker(t, "load", "--input", archive)
		got := docker(t, append([]string{"run", "--rm", "--network", "none", ref}, c.args...)...)
		if !regexp.MustCompile(c.want).MatchString(got) {
			t.Errorf("docker run %s says %q, not %s", c.image, got, c.want)
		}
	}
}

// watch looks at the files that the demo uses, so that go test runs it again when one has changed.
func watch(t *testing.T) {
	t.Helper()
	for _, dir := range []string{"hack", "examples/fleet"} {
		err := filepath.WalkDir(filepath.Join(repo, dir), func(path string, _ fs.DirEntry, err error) error {
			if err == nil {
				_, err = os.Stat(path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func read(t *testing.T, elem ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}

type image struct{ Name, Tag, Digest string }

func (i image) short() string { return i.Name[strings.LastIndex(i.Name, "/")+1:] }

// published lists what the demo built, which must be the whole fleet.
func published(t *testing.T, root string) []image {
	t.Helper()
	var list struct{ Images []image }
	out := run(t, "", filepath.Join(repo, "bin/slipway"), "--root", filepath.Join(root, "store"), "images", "--json")
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	folders, err := filepath.Glob(filepath.Join(repo, "examples/fleet/*/*/Dockerfile.template"))
	if err != nil {
		t.Fatal(err)
	}
	if want := len(folders) + 1; len(list.Images) != want { // base lies one level higher
		t.Fatalf("%d images were built of %d: %v", len(list.Images), want, list.Images)
	}
	return list.Images
}

// secondRun checks what the demo said of the run with an empty store: one request for each image, and
// one or two to log in.
func secondRun(t *testing.T, said string, images int) {
	t.Helper()
	_, plan, _ := strings.Cut(said, "\n== slipway plan examples/fleet\n")
	plan, second, _ := strings.Cut(plan, "\n== the same on another machine")
	if n := len(regexp.MustCompile(`(?m)^\S+ +published +published$`).FindAllString(plan, -1)); n != images {
		t.Errorf("%d of %d images are published in the plan:\n%s", n, images, plan)
	}
	second, _, _ = strings.Cut(second, "\n== slipway images")
	if !strings.Contains(second, "\nNothing to build\n") || !strings.Contains(second, "\n"+strconv.Itoa(images)+" unchanged in ") {
		t.Errorf("the second run built something:\n%s", second)
	}
	m := regexp.MustCompile(`\n(\d+) requests for (\d+) images`).FindStringSubmatch(second)
	if m == nil || m[2] != strconv.Itoa(images) {
		t.Fatalf("the second run's requests were not counted:\n%s", second)
	}
	if n, _ := strconv.Atoi(m[1]); n < images || n > images+2 {
		t.Errorf("the second run took %d requests for %d images:\n%s", n, images, second)
	}
	if strings.Contains(second, " PUT /") || strings.Contains(second, " POST /") || strings.Contains(second, " PATCH /") {
		t.Errorf("the second run pushed:\n%s", second)
	}
}

// await asks until the answer is yes or the server has ended.
func await(t *testing.T, what string, ended <-chan struct{}, ready func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if ready() {
			return
		}
		select {
		case <-ended:
			t.Fatalf("%s ended at once", what)
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatalf("%s does not answer", what)
}

// serve runs the registry that the demo left, until the test ends.
func serve(t *testing.T, dir, address string) {
	t.Helper()
	ended := enginetest.Background(t, "docker-registry", exec.Command("docker-registry", "serve", filepath.Join(dir, "config.yml")))
	await(t, "the registry", ended, func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// pullAll copies all images from the registry into one OCI layout, with their digests as they are.
func pullAll(t *testing.T, root string, images []image) (layout string) {
	t.Helper()
	layout = filepath.Join(t.TempDir(), "layout")
	certs, auth := filepath.Join(root, "registry/certs"), filepath.Join(t.TempDir(), "auth.json")
	host, _, _ := strings.Cut(images[0].Name, "/")
	run(t, read(t, root, "registry/password"), "skopeo", "login", "--authfile", auth, "--cert-dir", certs,
		"--username", demo.User, "--password-stdin", host)
	for _, i := range images {
		to := "oci:" + layout + ":" + i.short()
		run(t, "", "skopeo", "copy", "--quiet", "--preserve-digests", "--authfile", auth, "--src-cert-dir", certs,
			"docker://"+i.Name+":"+i.Tag, to)
		if got := strings.TrimSpace(run(t, "", "skopeo", "inspect", "--format", "{{.Digest}}", to)); got != i.Digest {
			t.Errorf("skopeo pulled %s:%s as %s, built was %s", i.Name, i.Tag, got, i.Digest)
		}
	}
	return layout
}

// startDocker runs Debian's Docker daemon until the test ends and returns its command.
func startDocker(t *testing.T) func(t *testing.T, args ...string) string {
	t.Helper()
	prefix := []string{"--config", t.TempDir(), "--host", enginetest.Dockerd(t)}
	return func(t *testing.T, more ...string) string {
		t.Helper()
		return run(t, "", enginetest.DockerCommand, slices.Concat(prefix, more)...)
	}
}
