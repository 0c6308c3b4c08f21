//go:build linux

package embedded_test

import (
	"context"
	"os"
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

// TestContainerSnapshots shows that snapshots of containers are freed: at their
// removal, and those of a killed process before the first new container.
func TestContainerSnapshots(t *testing.T) {
	p := startBusybox(t)
	ctx := t.Context()
	count := func() (n int) {
		usage, err := p.Services().BuildKit.DiskUsage(ctx)
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
