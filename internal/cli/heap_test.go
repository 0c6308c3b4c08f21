package cli

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// TestHeapPace: the heap may grow to several times of what is little, and by half of what is much.
func TestHeapPace(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(calmGrowth))
	p := &heapPace{kept: true, most: calmGrowth, current: calmGrowth}
	much := make([]byte, 3*growth)
	runtime.GC()
	if before := p.limit(hurryGrowth); before != calmGrowth || p.current != leastGrowth {
		t.Errorf("with much in use the heap grows by %d %%, before by %d", p.current, before)
	}
	runtime.KeepAlive(much)
	runtime.GC()
	p.adjust()
	if p.current <= calmGrowth {
		t.Errorf("with little in use the heap grows by %d %%", p.current)
	}
	if p.limit(calmGrowth); p.current != calmGrowth {
		t.Errorf("at the end the heap grows by %d %%", p.current)
	}
}
