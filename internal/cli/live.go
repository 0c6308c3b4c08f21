package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/slipway-build/slipway/event"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/internal/cli/outlet"
	"github.com/slipway-build/slipway/plan"
)

const redrawEvery = 100 * time.Millisecond

// liveView shows the running images at the bottom of a terminal, redrawn in
// place, and lets finished ones scroll away above.
type liveView struct {
	lines *lineView
	out   *outlet.Writer // a terminal

	mu      sync.Mutex
	began   time.Time
	total   int
	ended   map[event.Kind]int
	open    map[string]bool // references of images with work left, beside publishing
	running []*liveImage
	drawn   int // lines of the block on screen
	stop    chan struct{}
	stopped chan struct{}
}

type liveImage struct {
	ref   string
	step  string
	began time.Time
}

func newLiveView(lines *lineView, out *outlet.Writer) *liveView {
	return &liveView{lines: lines, out: out, began: time.Now(), ended: map[event.Kind]int{}, open: map[string]bool{}}
}

func (v *liveView) heading(text string) { v.lines.heading(text) }

func (v *liveView) plan(p *plan.Plan) {
	v.lines.plan(p)
	for _, s := range p.Steps {
		if !s.Action.Idle() && s.Action != plan.Foreign && s.Targets == nil { // of these nothing is told
			v.total++
			v.open[s.Image.Ref] = true
		}
	}
	v.stop, v.stopped = make(chan struct{}), make(chan struct{})
	go v.redraw()
}

func (v *liveView) redraw() {
	defer close(v.stopped)
	tick := time.NewTicker(redrawEvery)
	defer tick.Stop()
	for {
		select {
		case <-v.stop:
			return
		case <-tick.C:
			v.mu.Lock()
			v.draw(nil)
			v.mu.Unlock()
		}
	}
}

func (v *liveView) event(e event.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch e.Kind {
	case event.Started:
		v.running = append(v.running, &liveImage{ref: e.Image, step: "starting", began: e.Time})
	case event.FetchBegan, event.PublishBegan:
		v.running = append(v.running, &liveImage{ref: e.Image, step: string(e.Kind), began: e.Time})
	case event.StepBegan:
		v.setStep(e.Image, familiarStep(e.Text))
	case event.Transfer:
		v.setStep(e.Image, fmt.Sprintf("%s of %s", size(e.Bytes), size(e.Total)))
	case event.Testing:
		v.setStep(e.Image, "testing")
	case event.Retry:
		v.setStep(e.Image, e.Text)
	case event.Warning:
		v.draw(func() { v.lines.outcome(e) })
	case event.Done, event.Same, event.Tagged, event.Fetched, event.Unfetched, event.Failed, event.Blocked, event.Cancelled, event.WasPublished, event.Unpublished:
		if e.Kind == event.WasPublished || e.Kind == event.Unpublished || v.open[e.Image] { // not a base image that was fetched
			v.ended[e.Kind]++
		}
		delete(v.open, e.Image)
		v.running = slices.DeleteFunc(v.running, func(i *liveImage) bool { return i.ref == e.Image })
		v.draw(func() { v.lines.outcome(e) })
	}
}

func (v *liveView) setStep(ref, step string) {
	for _, i := range v.running {
		if i.ref == ref {
			i.step = strings.Join(strings.Fields(step), " ")
		}
	}
}

// draw replaces the block on screen; above, if given, prints lines that stay.
func (v *liveView) draw(above func()) {
	v.clear()
	if above != nil {
		above()
	}
	width, height, err := term.GetSize(int(v.out.File().Fd()))
	if err != nil || width < 20 {
		width, height = 80, 24
	}
	block := v.block(width, max(height-2, 2))
	v.drawn = len(block)
	_, _ = io.WriteString(v.out, strings.Join(block, "\n")+"\n") // the lines that stay tell of errors
}

// clear takes the block off the screen: up, then clear to the end.
func (v *liveView) clear() {
	if v.drawn > 0 {
		_ = v.out.Control(fmt.Sprintf("\x1b[%dF\x1b[J", v.drawn))
		v.drawn = 0
	}
}

// block is the status line and one line per running image, cut to the screen.
func (v *liveView) block(width, height int) []string {
	out := []string{clip(v.status(), width)}
	for i, img := range v.running {
		if i+2 > height {
			break
		}
		took := seconds(time.Since(img.began))
		left := fmt.Sprintf("  %s  %s", shortRef(img.ref), img.step)
		left = clip(left, width-len(took)-1)
		pad := strings.Repeat(" ", max(1, width-utf8.RuneCountInString(left)-len(took)-1))
		out = append(out, left+pad+took)
	}
	return out
}

func (v *liveView) status() string {
	done := v.ended[event.Done] + v.ended[event.Same] + v.ended[event.Tagged] + v.ended[event.Fetched]
	parts := []string{fmt.Sprintf("%d of %d done", done, v.total), fmt.Sprintf("%d running", len(v.running))}
	for _, k := range []event.Kind{event.WasPublished, event.Failed, event.Unfetched, event.Unpublished, event.Blocked, event.Cancelled} {
		if n := v.ended[k]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, k))
		}
	}
	waiting := len(v.open)
	for _, img := range v.running {
		if v.open[img.ref] {
			waiting--
		}
	}
	if waiting > 0 {
		parts = append(parts, fmt.Sprintf("%d waiting", waiting))
	}
	return strings.Join(parts, ", ") + "  " + seconds(time.Since(v.began))
}

// clip cuts a line to the width that a terminal shows it in.
func clip(s string, width int) string {
	s = strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' {
			return ' '
		}
		return r
	}, outlet.Visible(s))
	runes := []rune(s)
	if len(runes) <= width {
		return s
	}
	return string(runes[:max(width-1, 0)]) + "…"
}

func (v *liveView) finish(s event.Summary, broken []fleet.Problem) error {
	close(v.stop)
	<-v.stopped
	v.clear()
	return v.lines.finish(s, broken)
}
