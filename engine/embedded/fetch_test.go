//go:build linux

package embedded_test

import (
	"os"
	"testing"

	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/internal/enginetest"
)

// TestProxiesAreOfTheEngine: variables for git are there while the engine runs, and as before afterwards.
func TestProxiesAreOfTheEngine(t *testing.T) {
	enginetest.Need(t)
	t.Setenv("http_proxy", "http://before")
	t.Setenv("no_proxy", "")
	os.Unsetenv("no_proxy") // Setenv brings back what was
	p, err := embedded.Start(t.Context(), embedded.Options{Root: t.TempDir(), Proxies: map[string]string{"http_proxy": "http://during", "no_proxy": "a"}})
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("http_proxy") != "http://during" || os.Getenv("no_proxy") != "a" {
		t.Errorf("during: %q, %q", os.Getenv("http_proxy"), os.Getenv("no_proxy"))
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, set := os.LookupEnv("no_proxy"); set || os.Getenv("http_proxy") != "http://before" {
		t.Errorf("afterwards: %q, %v", os.Getenv("http_proxy"), set)
	}
}
