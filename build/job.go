package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/store"
)

// tailLines is how much of an image's output an error repeats.
const tailLines = 20

// job builds and tests one image.
type job struct {
	run     *run
	image   *fleet.Image
	start   time.Time
	logFile *os.File
	logPath string
	digest  string
	testing bool       // the image is built, its test runs
	logMu   sync.Mutex // guards logged and what is written
	logged  int64
	tail    tail
	partial map[string][]byte // by step: output after its last line break
	seen    map[string]bool   // steps already told of
}

// logName is the image's log file: one per image and tag, the newest run's.
func logName(img *fleet.Image) string {
	return strings.ReplaceAll(img.Name, "/", "_") + "_" + img.Tag + ".log"
}

func (j *job) openLog() error {
	if err := os.MkdirAll(j.run.LogDir, 0o700); err != nil {
		return fmt.Errorf("cannot make log folder: %w", err)
	}
	j.logPath = filepath.Join(j.run.LogDir, logName(j.image))
	f, err := os.OpenFile(j.logPath, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		j.logPath = ""
		return fmt.Errorf("cannot write log: %w", err)
	}
	j.logFile = f
	fmt.Fprintf(f, "%s %s\n", j.start.UTC().Format(time.RFC3339), j.image.Ref)
	return nil
}

func (j *job) close() {
	if j.logFile != nil {
		j.logFile.Close()
	}
}

func (j *job) do(ctx context.Context) error {
	if err := j.build(ctx); err != nil {
		return err
	}
	return j.test(ctx)
}

func (j *job) build(ctx context.Context) error {
	if err := j.checkParents(ctx); err != nil {
		return err
	}
	files, err := buildcontext.Open(j.run.root, j.image.Dir, j.run.Fleet.Path(j.image, ""))
	if err != nil {
		return err
	}
	ref, err := store.Normalize(j.image.Ref)
	if err != nil {
		return err
	}
	req := engine.Request{
		Ref:        ref,
		Context:    files,
		Dockerfile: []byte(j.image.Dockerfile),
		Args:       j.run.Args,
		NoCache:    j.run.NoCache,
		Limits:     j.run.Limits,
		Epoch:      j.image.Date,
		Scratch:    j.run.Scratch,
		Log:        j.log(),
		Progress:   j.progress,
	}
	if j.image.HasBuild {
		req.ArtifactDockerfile = []byte(j.image.BuildDockerfile)
	}
	res, err := j.run.Engine.Build(ctx, req)
	if err != nil {
		return j.explain(err)
	}
	j.digest = res.Digest
	return nil
}

// checkParents makes sure that the fleet's own parents come from the store: a
// name that is gone would be looked for at a registry, where anybody may have it.
func (j *job) checkParents(ctx context.Context) error {
	for _, p := range j.image.Parents() {
		found, err := j.run.Store.Has(ctx, p.Ref)
		if err != nil {
			return err
		}
		if !found {
			return fmt.Errorf("%s: cannot build %s:%s: its parent %s was removed from the store while it waited\nhint: run the build again",
				j.run.Fleet.Path(j.image, "Dockerfile.template"), j.image.Name, j.image.Tag, p.Ref)
		}
	}
	return nil
}

// explain says which file to look at, and what to do about a full disk.
func (j *job) explain(err error) error {
	name := "Dockerfile.template"
	var step *engine.StepError
	if errors.As(err, &step) && step.File != "Dockerfile" {
		name = "Dockerfile.build.template"
	}
	where := j.run.Fleet.Path(j.image, name)
	if step != nil {
		if place := j.run.Fleet.Place(j.image, name, step.Line); place.Line > 0 {
			where = fmt.Sprintf("%s:%d", place.Path, place.Line)
		}
	}
	err = fmt.Errorf("%s: cannot build %s:%s: %w", where, j.image.Name, j.image.Tag, err)
	if errors.Is(err, syscall.ENOSPC) || noSpace(append(j.tail.lines(), err.Error())) {
		return fmt.Errorf("%w\nhint: the disk is full; \"slipway du\" shows what the store holds, \"slipway prune\" frees old versions", err)
	}
	if step != nil && step.Exit == 137 && j.run.Limits.Memory > 0 {
		return fmt.Errorf("%w\nhint: it may have needed more memory than container_limits allow", err)
	}
	return err
}

// noSpace looks for the kernel's words: a step that hits a full disk fails with
// an exit code like any other.
func noSpace(lines []string) bool {
	return slices.ContainsFunc(lines, func(l string) bool {
		return strings.Contains(strings.ToLower(l), syscall.ENOSPC.Error())
	})
}

// test runs the image's test. An image that fails it loses its name: nothing
// may be built on it, and the next run builds it again.
func (j *job) test(ctx context.Context) error {
	ref := j.image.Ref
	found, err := j.run.Test.applies(j.imageDir())
	if err != nil {
		return err
	}
	if !found {
		return j.run.Store.MarkTested(ctx, ref, store.TestNone)
	}
	j.run.testing.Lock()
	defer j.run.testing.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	j.run.emit(Event{Kind: Testing, Image: ref})
	j.flush()
	j.testing, j.tail = true, tail{} // what the build printed does not explain a failed test
	err = j.run.Test.run(ctx, j.imageDir(), ref, &lineWriter{job: j, step: "test"})
	if err == nil {
		return j.run.Store.MarkTested(ctx, ref, store.TestPassed)
	}
	if ctx.Err() != nil {
		return err
	}
	err = fmt.Errorf("%s: test of %s:%s failed: %w", j.run.Fleet.Path(j.image, ""), j.image.Name, j.image.Tag, err)
	return errors.Join(err, j.run.Store.Remove(ctx, ref))
}

func (j *job) imageDir() string {
	return filepath.Join(j.run.Fleet.Root, filepath.FromSlash(j.image.Dir))
}

// progress turns BuildKit's status into events.
func (j *job) progress(u engine.Update) {
	if j.seen == nil {
		j.seen = map[string]bool{}
	}
	for _, s := range u.Steps {
		if !s.Started.IsZero() && !j.seen[s.ID] {
			j.seen[s.ID] = true
			j.run.emit(Event{Kind: StepBegan, Image: j.image.Ref, Text: s.Name, Cached: s.Cached})
		}
	}
	for _, o := range u.Logs {
		j.output(o.StepID, o.Data)
	}
}

// output cuts what a step printed into lines.
func (j *job) output(step string, data []byte) {
	if j.partial == nil {
		j.partial = map[string][]byte{}
	}
	data = append(j.partial[step], data...)
	for {
		line, rest, ok := bytes.Cut(data, []byte("\n"))
		if !ok {
			break
		}
		j.line(string(line))
		data = rest
	}
	// A line without end is not kept without bound.
	if len(data) > 64<<10 {
		j.line(string(data))
		data = nil
	}
	j.partial[step] = slices.Clone(data)
}

// flush gives out what has no line break at its end.
func (j *job) flush() {
	for step, data := range j.partial {
		if len(data) > 0 {
			j.line(string(data))
		}
		delete(j.partial, step)
	}
}

func (j *job) line(s string) {
	// A progress display overwrites its line: only the last state is kept.
	s = strings.TrimSuffix(s, "\r")
	s = j.run.redact(s[strings.LastIndexByte(s, '\r')+1:])
	j.tail.add(s)
	j.run.emit(Event{Kind: Output, Image: j.image.Ref, Text: s})
}

// lineWriter sends a test's output to the log and, line by line, to the events.
type lineWriter struct {
	job  *job
	step string
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.job.output(w.step, p)
	return w.job.log().Write(p)
}

// maxLog bounds a log file, in bytes: an image that prints without end must not
// fill the disk.
const maxLog = 64 << 20

// logWriter writes to the log file, without secrets. What exceeds maxLog is
// dropped, with a word.
type logWriter struct{ job *job }

func (w *logWriter) Write(p []byte) (int, error) {
	j := w.job
	j.logMu.Lock()
	defer j.logMu.Unlock()
	if j.logged > maxLog {
		return len(p), nil
	}
	text := j.run.redact(string(p))
	if j.logged += int64(len(text)); j.logged > maxLog {
		text = fmt.Sprintf("\n(the log ends here: more than %d MiB)\n", maxLog>>20)
	}
	if _, err := j.logFile.WriteString(text); err != nil {
		return 0, err
	}
	return len(p), nil
}

// tailWidth cuts the lines of a tail, in bytes.
const tailWidth = 500

// tail keeps the last lines of an output.
type tail struct{ kept []string }

func (t *tail) add(s string) {
	if len(s) > tailWidth {
		s = strings.ToValidUTF8(s[:tailWidth], "") + "…"
	}
	if len(t.kept) == tailLines {
		copy(t.kept, t.kept[1:])
		t.kept = t.kept[:tailLines-1]
	}
	t.kept = append(t.kept, s)
}

func (t *tail) lines() []string { return slices.Clone(t.kept) }
