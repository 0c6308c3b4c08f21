package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/event"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/internal/cli/outlet"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/platform"
)

// view shows a run. Its methods are called in this order; event may come from
// several goroutines, one at a time.
type view interface {
	// heading announces a step, as docker-pkg words it.
	heading(text string)
	// plan says what is going to be done.
	plan(*plan.Plan)
	// event tells what happens.
	event(event.Event)
	// finish sums up and returns the run's error: nil, or the exit code.
	finish(s event.Summary, broken []fleet.Problem) error
}

// newView picks the view for --progress.
func (a *app) newView(progress string) (view, error) {
	to := a.Out.(*outlet.Writer)
	out := &carefulWriter{w: to}
	lines := &lineView{out: out, err: a.Err, output: a.info || a.debug}
	switch progress {
	case "auto":
		if to.Terminal() && !a.info && !a.debug && os.Getenv("TERM") != "dumb" {
			return newLiveView(lines, to), nil
		}
		return lines, nil
	case "plain":
		return lines, nil
	case "tty":
		if to.File() == nil {
			return nil, errors.New("--progress tty needs a terminal")
		}
		return newLiveView(lines, to), nil
	case "json":
		return &jsonView{out: out}, nil
	}
	return nil, fmt.Errorf("unknown --progress %q; auto, tty, plain and json are known", progress)
}

// carefulWriter notes the first error, for the end: a run does not stop because nobody reads.
type carefulWriter struct {
	w   *outlet.Writer
	mu  sync.Mutex
	err error
}

// Write implements io.Writer.
func (c *carefulWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	return n, c.note(err)
}

// JSON implements jsonWriter.
func (c *carefulWriter) JSON(document []byte) error { return c.note(c.w.JSON(document)) }

func (c *carefulWriter) note(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
	}
	return err
}

// outcome is a run's error or, if it has none, that its output could not be written.
func (c *carefulWriter) outcome(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil && c.err != nil {
		return c.err
	}
	return err
}

// lineView prints one line per thing that happened.
type lineView struct {
	out    *carefulWriter
	err    io.Writer
	output bool // show what steps print
}

func (v *lineView) heading(text string) { fmt.Fprintf(v.out, "== %s ==\n", text) }

func (v *lineView) plan(p *plan.Plan) {
	refs := map[plan.Action][]string{}
	for _, s := range p.Steps {
		refs[s.Action] = append(refs[s.Action], s.Image.Ref)
	}
	work := 0
	for _, list := range []struct {
		action plan.Action
		title  string
	}{
		{plan.Pull, "Will fetch the following images, which are published:"},
		{plan.Build, "Will build the following images:"},
		{plan.Test, "Will test the following images, which were built:"},
		{plan.Tag, "Will tag the following images, which were built:"},
		{plan.Publish, "Will publish the following images:"},
	} {
		v.list(list.title, refs[list.action])
		work += len(refs[list.action])
	}
	switch work {
	case 0:
		fmt.Fprintln(v.out, "Nothing to build")
	case len(refs[plan.Publish]):
		v.heading("Step 2: publishing")
	default: // images are published while others are built: that is no step of its own
		v.heading("Step 1: building images")
	}
}

func (v *lineView) list(title string, refs []string) {
	if len(refs) == 0 {
		return
	}
	fmt.Fprintln(v.out, title)
	for _, ref := range refs {
		fmt.Fprintln(v.out, "* "+ref)
	}
}

func (v *lineView) event(e event.Event) {
	switch e.Kind {
	case event.Started:
		if !e.Test {
			fmt.Fprintf(v.out, "- Building image %s\n", e.Image)
		}
	case event.Testing:
		fmt.Fprintf(v.out, "- Testing image %s\n", e.Image)
	case event.FetchBegan:
		fmt.Fprintf(v.out, "- Fetching image %s\n", e.Image)
	case event.PublishBegan:
		fmt.Fprintf(v.out, "- Publishing image %s\n", e.Image)
	case event.StepBegan:
		if v.output {
			fmt.Fprintf(v.out, "%s: %s%s\n", shortRef(e.Image), cached(e.Cached), familiarStep(e.Text))
		}
	case event.Output:
		if v.output {
			fmt.Fprintf(v.out, "%s | %s\n", shortRef(e.Image), e.Text)
		}
	default:
		v.outcome(e)
	}
}

// outcome prints how an image ended.
func (v *lineView) outcome(e event.Event) {
	switch e.Kind {
	case event.Done:
		verb := "Built"
		if e.Test {
			verb = "Tested"
		}
		fmt.Fprintf(v.out, "* %s image %s (%.1fs)\n", verb, e.Image, e.Seconds)
	case event.Tagged:
		fmt.Fprintf(v.out, "* Tagged image %s\n", e.Image)
	case event.Fetched:
		fmt.Fprintf(v.out, "* Fetched image %s\n", e.Image)
	case event.Unfetched:
		fmt.Fprintf(v.out, " ERROR: image %s could not be fetched\n", e.Image)
	case event.WasPublished:
		if len(e.Refs) == 0 {
			fmt.Fprintf(v.out, "* Published image %s: it was there already\n", e.Image)
		} else {
			fmt.Fprintf(v.out, "* Published image %s (%s sent)\n", e.Image, size(e.Bytes))
		}
	case event.Unpublished:
		if len(e.Causes) > 0 {
			fmt.Fprintf(v.out, " NOT PUBLISHED: image %s needs %s\n", e.Image, strings.Join(e.Causes, ", "))
		} else {
			fmt.Fprintf(v.out, " ERROR: image %s could not be published\n", e.Image)
		}
	case event.Same:
		fmt.Fprintf(v.out, "* Unchanged image %s: its parents came out the same\n", e.Image)
	case event.Retry:
		fmt.Fprintf(v.out, " RETRY: image %s: %s\n", e.Image, e.Text)
	case event.Warning:
		printWarning(v.err, e.Text)
	case event.Failed:
		fmt.Fprintf(v.out, " ERROR: image %s %s\n", e.Image, failedAt(e.Phase))
	case event.Blocked:
		fmt.Fprintf(v.out, " BLOCKED: image %s needs %s\n", e.Image, strings.Join(e.Causes, ", "))
	case event.Cancelled:
		fmt.Fprintf(v.out, " CANCELLED: image %s\n", e.Image)
	}
}

// failedAt says what went wrong with an image. What was never tried did not fail to build.
func failedAt(p event.Phase) string {
	switch p {
	case event.PhasePlan:
		return "cannot be built, and was not tried"
	case event.PhaseTest:
		return "failed its test"
	case event.PhaseTags:
		return "could not be given its further tags"
	}
	return "failed to build"
}

func cached(yes bool) string {
	if yes {
		return "cached "
	}
	return ""
}

// hubStep finds the names that BuildKit completes.
var hubStep = regexp.MustCompile(`^(\[internal\] load metadata for |(?:\[[^\]]*\] )?FROM )docker\.io/(?:library/)?`)

// familiarStep is a step's name with its base image as people write it.
func familiarStep(text string) string { return hubStep.ReplaceAllString(text, "$1") }

// shortRef is name:tag without registry and namespace, for prefixes of lines.
func shortRef(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

func shortRefs(refs []string) []string {
	short := make([]string, len(refs))
	for i, ref := range refs {
		short[i] = shortRef(ref)
	}
	return short
}

func (v *lineView) finish(s event.Summary, broken []fleet.Problem) error {
	for _, b := range broken {
		printError(v.err, nil, b)
	}
	said := map[string]bool{} // the targets of an image share what is wrong with it
	for _, r := range s.Results {
		if r.Err == nil || len(r.Tail) > 0 || !said[r.Err.Error()] {
			v.failure(r)
		}
		if r.Err != nil {
			said[r.Err.Error()] = true
		}
	}
	for _, r := range s.Results {
		if r.Outcome == event.NotBuilt && len(r.Causes) > 0 {
			fmt.Fprintf(v.err, "blocked: %s needs %s, which failed\n", shortRef(r.Image.Ref), strings.Join(shortRefs(r.Causes), ", "))
		}
		if r.Publishing == event.PublishBlocked {
			fmt.Fprintf(v.err, "not published: %s needs %s, which is not\n", shortRef(r.Image.Ref), strings.Join(shortRefs(r.PublishCauses), ", "))
		}
	}
	if s.Interrupted {
		v.heading("Build interrupted")
	} else {
		v.heading("Build done!")
	}
	fmt.Fprintln(v.out, totals(s, broken))
	return v.out.outcome(outcomeError(s, broken))
}

// failure says what a person must mend: the error, the last lines, the log.
func (v *lineView) failure(r event.Result) {
	if r.PublishErr != nil {
		printError(v.err, nil, r.PublishErr)
	}
	if r.Err == nil {
		return
	}
	printError(v.err, nil, r.Err)
	if !v.output {
		for _, l := range r.Tail {
			fmt.Fprintln(v.err, "   | "+l)
		}
	}
	if r.Log != "" {
		fmt.Fprintln(v.err, "log: "+r.Log)
	}
}

// totals is the last line: "8 built, 2 failed, 1 blocked in 12.3s".
func totals(s event.Summary, broken []fleet.Problem) string {
	var parts []string
	for _, o := range []event.Outcome{event.Built, event.Tested, event.WasFetched, event.Unchanged, event.BuildError, event.NotBuilt, event.Interrupt, event.Skipped} {
		if n := s.Count(o); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o))
		}
	}
	for _, p := range []event.Publishing{event.PublishDone, event.PublishFailed, event.PublishBlocked} {
		if n := s.CountPublishing(p); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, p))
		}
	}
	if n := len(broken); n > 0 {
		parts = append(parts, fmt.Sprintf("%d unreadable", n))
	}
	if len(parts) == 0 {
		return "no images"
	}
	return strings.Join(parts, ", ") + " in " + seconds(s.Took)
}

// outcomeError is the exit code of a run whose failures have been printed.
func outcomeError(s event.Summary, broken []fleet.Problem) error {
	switch {
	case s.Interrupted && s.Count(event.BuildError) == 0:
		return &exitError{code: exitInterrupted}
	case !s.Good() || len(broken) > 0:
		return &exitError{code: exitFailed}
	}
	return nil
}

// jsonView prints one JSON object per line: every event, then a summary with
// "event": "finished".
type jsonView struct{ out *carefulWriter }

func (v *jsonView) heading(string) {}

func (v *jsonView) plan(p *plan.Plan) {
	v.line(struct {
		Event string     `json:"event"`
		Plan  *plan.Plan `json:"plan"`
	}{"plan", p})
}

func (v *jsonView) event(e event.Event) { v.line(e) }

func (v *jsonView) line(x any) {
	_ = encodeJSON(v.out, x, "") // v.out knows
}

type jsonResult struct {
	Image   string           `json:"image"`
	Outcome event.Outcome    `json:"outcome"`
	Digest  digests.Manifest `json:"digest,omitempty"`
	// Publishing is how that went, PublishError why it failed.
	Publishing   event.Publishing `json:"publishing,omitempty"`
	PublishError string           `json:"publish_error,omitempty"`
	Error        string           `json:"error,omitempty"`
	Causes       []string         `json:"causes,omitempty"`
	Seconds      float64          `json:"seconds"`
	Log          string           `json:"log,omitempty"`

	Platform platform.Platform   `json:"platform,omitempty"`
	Targets  []platform.Platform `json:"targets,omitempty"`
}

func (v *jsonView) finish(s event.Summary, broken []fleet.Problem) error {
	out := struct {
		Event   string       `json:"event"`
		Seconds float64      `json:"seconds"`
		Images  []jsonResult `json:"images"`
		Broken  []string     `json:"broken,omitempty"`
	}{Event: "finished", Seconds: s.Took.Seconds(), Images: []jsonResult{}}
	for _, r := range s.Results {
		j := jsonResult{Image: r.Image.Ref, Outcome: r.Outcome, Digest: r.Digest, Causes: slices.Clone(r.Causes), Seconds: r.Took.Seconds(), Log: r.Log, Publishing: r.Publishing, Platform: r.Platform, Targets: r.Targets}
		if r.PublishErr != nil {
			j.PublishError = r.PublishErr.Error()
		}
		j.Causes = append(j.Causes, r.PublishCauses...)
		if r.Err != nil {
			j.Error = r.Err.Error()
		}
		out.Images = append(out.Images, j)
	}
	for _, b := range broken {
		out.Broken = append(out.Broken, b.Error())
	}
	v.line(out)
	return v.out.outcome(outcomeError(s, broken))
}
