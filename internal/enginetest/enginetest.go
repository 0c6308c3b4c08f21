// Package enginetest starts real engines for tests and gives them something to
// build: a static busybox is the whole of the test images.
package enginetest

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"

	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/store/journal"
)

// busybox is where Debian's busybox-static puts it.
const busybox = "/bin/busybox"

// Need skips the test where no engine can run, and says why. On a CI machine
// (CI=true) that is a failure: nothing that matters may be left out there.
func Need(t testing.TB) {
	t.Helper()
	var reason string
	switch {
	case runtime.GOOS != "linux":
		reason = "the embedded engine needs Linux"
	case os.Geteuid() != 0:
		reason = "the embedded engine needs root for now"
	}
	if _, err := exec.LookPath("runc"); err != nil && reason == "" {
		reason = "runc is not installed (hack/install-deps)"
	}
	if _, err := os.Stat(busybox); err != nil && reason == "" {
		reason = "busybox-static is not installed (hack/install-deps)"
	}
	if reason == "" {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// Start runs an engine on a root of its own until the test ends.
func Start(t testing.TB) *embedded.Process {
	t.Helper()
	return StartIn(t, t.TempDir())
}

// Memory mounts a folder that is on no disk until the test ends: for tests that build so much that the
// disk would take most of the time.
func Memory(t testing.TB) string {
	t.Helper()
	Need(t)
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700"); err != nil {
		t.Fatalf("cannot mount a tmpfs: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// StartIn runs an engine on the root until the test ends.
func StartIn(t testing.TB, root string) *embedded.Process {
	t.Helper()
	Need(t)
	p, err := embedded.Start(t.Context(), embedded.Options{Root: root, Names: Names, NamesFile: filepath.Base(journal.Path(root)), Beside: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("cannot close the engine: %v", err)
		}
	})
	return p
}

// Names keeps names as the program does.
func Names(ctx context.Context, folder string, db images.Store, blobs content.Store) (embedded.NameStore, error) {
	return journal.Open(ctx, folder, db, blobs)
}

// Busybox returns a context with busybox in it.
func Busybox(t testing.TB) fstest.MapFS {
	t.Helper()
	data, err := os.ReadFile(busybox)
	if err != nil {
		t.Fatal(err)
	}
	return fstest.MapFS{"busybox": {Data: data, Mode: 0o755, ModTime: time.Unix(1700000000, 0)}}
}

// BaseDockerfile makes an image with a shell and busybox's commands in it.
const BaseDockerfile = `FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
ENV PATH=/bin
`

// BuildBase builds BaseDockerfile under the reference.
func BuildBase(t testing.TB, p *embedded.Process, ref string) {
	t.Helper()
	Build(t, p, ref, BaseDockerfile, Busybox(t))
}

// Build builds a Dockerfile that must succeed.
func Build(t testing.TB, p *embedded.Process, ref, dockerfile string, context fs.FS) engine.Result {
	t.Helper()
	res, err := engine.New(p.Services().BuildKit).Build(t.Context(), Request(ref, dockerfile, context))
	if err != nil {
		t.Fatalf("cannot build %s: %v", ref, err)
	}
	return res
}

// Request is a build with fixed settings.
func Request(ref, dockerfile string, context fs.FS) engine.Request {
	return engine.Request{Ref: ref, Dockerfile: []byte(dockerfile), Context: context, Epoch: time.Unix(1700000000, 0)}
}
