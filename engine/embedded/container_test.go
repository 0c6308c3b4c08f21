//go:build linux

package embedded_test

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"testing/fstest"
	"time"

	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/engine/container"
	"github.com/slipway-build/slipway/engine/dockerapi/dockerapitest"
	"github.com/slipway-build/slipway/engine/embedded"
)

// startBusybox starts an engine with the image of dockerapi's suite in its store.
func startBusybox(t *testing.T) *embedded.Process {
	t.Helper()
	unable := t.Skipf
	if os.Getenv("CI") == "true" {
		unable = t.Fatalf
	}
	if os.Geteuid() != 0 {
		unable("needs root")
	}
	if _, err := exec.LookPath("runc"); err != nil {
		unable("needs runc: %v", err)
	}
	busybox, err := os.ReadFile(dockerapitest.Busybox)
	if err != nil {
		unable("needs busybox (Debian: busybox-static): %v", err)
	}
	p, err := embedded.Start(t.Context(), embedded.Options{Root: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	files := fstest.MapFS{"busybox": {Data: busybox, Mode: 0o755}}
	if _, err := engine.New(p.Services().BuildKit).Build(t.Context(), engine.Request{
		Ref: dockerapitest.Ref, Context: files, Dockerfile: []byte(dockerapitest.Dockerfile), Epoch: time.Unix(1000, 0),
	}); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestDockerAPI(t *testing.T) {
	dockerapitest.Run(t, startBusybox(t))
}

func TestTerminal(t *testing.T) {
	p := startBusybox(t)
	dockerapitest.RunTerminal(t, p)
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
