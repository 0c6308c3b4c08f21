//go:build linux

package bench_test

import (
	"testing"
	"time"

	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/internal/enginetest"
)

// BenchmarkEngine starts and stops the engine on a root with the images of a small fleet in it: what
// every "slipway build" that builds something pays, and a build by a running daemon does not.
func BenchmarkEngine(b *testing.B) {
	enginetest.Need(b)
	p := newProgram(b)
	writeFleet(b, p, 40)
	p.build(b, "built")
	var start, stop series
	for b.Loop() {
		begin := time.Now()
		e, err := embedded.Start(b.Context(), embedded.Options{Root: p.root})
		if err != nil {
			b.Fatal(err)
		}
		ready := time.Now()
		if err := e.Close(); err != nil {
			b.Fatal(err)
		}
		start.add(ready.Sub(begin))
		stop.add(time.Since(ready))
	}
	b.ReportMetric(start.median(), "start-s")
	b.ReportMetric(stop.median(), "stop-s")
}
