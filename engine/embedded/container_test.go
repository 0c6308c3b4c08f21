//go:build linux

package embedded_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/engine/container"
	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/imagetest/dockerapi/dockerapitest"
	"github.com/slipway-build/slipway/internal/enginetest"
)

// startBusybox starts an engine with the image of dockerapi's suite in its store.
func startBusybox(t *testing.T) *embedded.Process {
	t.Helper()
	p := enginetest.Start(t)
	enginetest.Build(t, p, dockerapitest.Ref, dockerapitest.Dockerfile, enginetest.Busybox(t))
	return p
}

func TestDockerAPI(t *testing.T) {
	dockerapitest.Run(t, startBusybox(t))
}

func TestTerminal(t *testing.T) {
	p := startBusybox(t)
	dockerapitest.RunTerminal(t, p)
}

func TestOutput(t *testing.T) {
	dockerapitest.RunOutput(t, startBusybox(t))
}

// TestIsolation has what only real containers do.
func TestIsolation(t *testing.T) {
	p := startBusybox(t)
	dockerapitest.RunIsolation(t, p)
}

// TestCloseRemovesContainers shows that an engine leaves no process or mount.
func TestCloseRemovesContainers(t *testing.T) {
	p := startBusybox(t)
	ctx := context.WithoutCancel(t.Context())
	c, err := p.NewContainer(ctx, container.Spec{ID: "abc", Image: dockerapitest.Ref, Process: container.Process{Args: []string{"sleep", "60"}, Env: []string{"PATH=/bin"}}})
	if err != nil {
		t.Fatal(err)
	}
	running, err := c.Start(ctx, container.IO{})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if code, err := running.Wait(); code != 137 || err != nil {
		t.Errorf("exit code %d, %v", code, err)
	}
	if _, err := os.Stat(c.Root()); !os.IsNotExist(err) {
		t.Errorf("root file system is left: %v", err)
	}
	if err := c.Remove(ctx); err != nil {
		t.Errorf("second removal: %v", err)
	}
}

// snapshots counts those of containers and of what was made of them.
func snapshots(t *testing.T, p *embedded.Process) (n int) {
	t.Helper()
	usage, err := p.Services().BuildKit.DiskUsage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range usage {
		if strings.HasPrefix(u.Description, "container of ") {
			n++
		}
	}
	return n
}

// TestCommit shows that an image made of a container has its files, also what it took away, is known by
// its name only, and leaves nothing.
func TestCommit(t *testing.T) {
	p := startBusybox(t)
	ctx := t.Context()
	make := func(id, image string) container.Container {
		c, err := p.NewContainer(ctx, container.Spec{ID: id, Image: image})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := make("abc", dockerapitest.Ref)
	if err := errors.Join(os.WriteFile(filepath.Join(first.Root(), "etc/own"), []byte("own"), 0o600), os.Remove(filepath.Join(first.Root(), "etc/passwd"))); err != nil {
		t.Fatal(err)
	}
	base, err := p.Image(ctx, dockerapitest.Ref)
	if err != nil {
		t.Fatal(err)
	}
	made, release, err := first.(container.Committer).Commit(ctx, "commit/x", base.Config)
	if err != nil {
		t.Fatal(err)
	}
	if want := len(base.Config.RootFS.DiffIDs) + 1; len(made.Config.RootFS.DiffIDs) != want || len(made.Layers) != want || made.Digest == base.Digest {
		t.Errorf("image %+v", made)
	}
	second := make("def", "commit/x")
	if data, err := os.ReadFile(filepath.Join(second.Root(), "etc/own")); err != nil || string(data) != "own" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := os.Stat(filepath.Join(second.Root(), "etc/passwd")); !os.IsNotExist(err) {
		t.Errorf("a file that was removed is there: %v", err)
	}
	if err := errors.Join(first.Remove(ctx), second.Remove(ctx), release()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Image(ctx, "commit/x"); !errors.Is(err, container.ErrNoImage) {
		t.Errorf("after its end: %v", err)
	}
	if n := snapshots(t, p); n != 0 {
		t.Errorf("%d snapshots are left", n)
	}
}

// TestContainerSnapshots shows that snapshots of containers are freed: at their
// removal, and those of a killed process before the first new container.
func TestContainerSnapshots(t *testing.T) {
	p := startBusybox(t)
	ctx := t.Context()
	count := func() int { return snapshots(t, p) }
	if err := embedded.LeaveSnapshot(ctx, p); err != nil {
		t.Fatal(err)
	}
	if n := count(); n != 1 {
		t.Fatalf("%d leftovers, want 1", n)
	}
	c, err := p.NewContainer(ctx, container.Spec{ID: "abc", Image: dockerapitest.Ref})
	if err != nil {
		t.Fatal(err)
	}
	if n := count(); n != 1 {
		t.Errorf("%d snapshots beside the container's", n-1)
	}
	if err := c.Remove(ctx); err != nil {
		t.Fatal(err)
	}
	if n := count(); n != 0 {
		t.Errorf("%d snapshots are left", n)
	}
}
