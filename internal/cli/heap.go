package cli

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// Between two collections the heap grows by what is in use times a percentage (GOGC). The percentage is
// high while little is in use, for collecting some megabytes is wasted time, and falls as the heap grows:
// a fleet with contexts of many files must not take four times what it needs.
const (
	calmGrowth  = 100       // percent, Go's own
	hurryGrowth = 400       // percent, while a fleet is read
	leastGrowth = 50        // percent: less would cost more time than memory is worth
	growth      = 128 << 20 // bytes by which the heap may grow as long as that is at least leastGrowth
)

// heapPace sets the percentage after each collection.
type heapPace struct {
	begin   sync.Once
	mu      sync.Mutex
	kept    bool
	most    int // percent
	current int
}

var pace = &heapPace{most: calmGrowth, current: calmGrowth}

// keep begins to set the percentage. It is not called when the user has set GOGC.
func (p *heapPace) keep() {
	p.mu.Lock()
	p.kept = true
	p.mu.Unlock()
	// The collector calls the finalizer of what nobody uses, once in each of its rounds.
	type mark struct{ _ [16]byte }
	var after func(*mark)
	after = func(*mark) {
		p.adjust()
		runtime.SetFinalizer(new(mark), after)
	}
	runtime.SetFinalizer(new(mark), after)
}

// limit sets the highest percentage, and returns the one before.
func (p *heapPace) limit(most int) (before int) {
	p.mu.Lock()
	before, p.most = p.most, most
	p.mu.Unlock()
	p.adjust()
	return before
}

func (p *heapPace) adjust() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	p.mu.Lock()
	defer p.mu.Unlock()
	percent := p.most
	if used := live[0].Value.Uint64(); used > 0 {
		percent = min(p.most, max(leastGrowth, int(growth*100/used)))
	}
	if p.kept && percent != p.current {
		debug.SetGCPercent(percent)
		p.current = percent
	}
}
