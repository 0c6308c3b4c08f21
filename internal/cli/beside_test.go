package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipway-build/slipway/internal/enginetest"
)

// TestBesideEndingProcesses runs commands beside processes that take the root for a moment and end, many
// of them by kill -9: all of them succeed.
func TestBesideEndingProcesses(t *testing.T) {
	enginetest.Need(t)
	span := 8 * time.Second
	if os.Getenv("SLIPWAY_PROVE") != "" {
		span = 2 * time.Minute
	}
	y := newYard(t, filepath.Join(enginetest.Memory(t), "y"), 1, "registry.example")
	app := "registry.example/y1/app:1"
	var wg sync.WaitGroup
	defer wg.Wait()
	end := time.Now().Add(span)
	wg.Go(func() { // ends well, and by force
		for n := 0; time.Now().Before(end); n++ {
			cmd := y.slipway("du")
			if err := cmd.Start(); err != nil {
				t.Error(err)
				return
			}
			timer := time.AfterFunc(time.Duration(50+n%20*20)*time.Millisecond, func() { _ = cmd.Process.Kill() })
			_ = cmd.Wait()
			timer.Stop()
		}
	})
	for _, args := range [][]string{{"images"}, {"inspect", app}, {"du"}, {"save", "-o", "beside.tar", app}, {"tag", app, "other:1"}, {"run", app, "true"}} {
		wg.Go(func() {
			n := 0
			for ; time.Now().Before(end); n++ {
				if out, err := y.slipway(args...).CombinedOutput(); err != nil {
					t.Errorf("%s: %v\n%s", strings.Join(args, " "), err, out)
				}
			}
			t.Log(fmt.Sprintf("%s: %d times", args[0], n))
		})
	}
}
