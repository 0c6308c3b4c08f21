package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/event"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/fleet/contexts"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/recipe"
	"github.com/slipway-build/slipway/ref"
	"github.com/slipway-build/slipway/secret/redact"
	"github.com/slipway-build/slipway/store"
)

// tailLines is how much of an image's output an error repeats.
const tailLines = 20

// job builds and tests one image.
type job struct {
	run      *run
	step     *plan.Step
	image    *fleet.Image
	start    time.Time
	logFile  *os.File
	logPath  string
	digest   digests.Manifest
	id       digests.Config   // of the image, beside the manifest's digest
	base     store.Image      // that the last stage begins with; zero when it is not in the store
	parents  []inputs.Parent  // that it is built on
	reading  contexts.Reading // of its files, just before they are sent
	followed recipe.Followed  // what of them the build took
	parts    inputs.Parts     // what it is made from
	record   *record
	basis    map[string]digests.Manifest // of the fleet's images that it is built on, by reference
	unsure   bool                        // its files changed while they were sent
	lacking  error                       // why it cannot be made of what its repository gave
	pointed  bool                        // pointers of git-lfs were told of
	tries    int
	tested   string     // how the test went
	testing  bool       // the image is built, its test runs
	retested bool       // it was built before, and is tested now
	tagging  bool       // it is good, and is given its further tags
	logMu    sync.Mutex // guards what is written, and the next three
	logText  redact.Lines
	logged   int64
	logErr   error // of the last write
	tail     tail
	partial  map[string]*redact.Lines // by step: its output, the last line of which may go on
	seen     map[string]bool          // steps already told of
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
	j.logText = redact.Lines{Secrets: j.run.Secrets, Line: j.writeLog}
	fmt.Fprintf(f, "%s %s\n", j.start.UTC().Format(time.RFC3339), j.image.Ref)
	return nil
}

func (j *job) close() {
	if j.logFile == nil {
		return
	}
	j.logMu.Lock()
	defer j.logMu.Unlock()
	j.logText.Flush()
	j.logFile.Close()
}

func (j *job) do(ctx context.Context) (event.Outcome, error) {
	if j.step.Action == plan.Tag {
		return event.Unchanged, j.tag(ctx)
	}
	if j.step.Action == plan.Test {
		stored, err := j.run.Store.Look(ctx, j.image.Ref)
		if err != nil {
			return event.BuildError, err
		}
		j.digest = stored.Digest
		j.record.inherit(ctx, stored.Inputs)
		if err := j.test(ctx); err != nil {
			return event.Tested, err
		}
		return event.Tested, j.tag(ctx)
	}
	same, err := j.build(ctx)
	if err != nil {
		return event.BuildError, err
	}
	if same {
		return j.retest(ctx)
	}
	if err := j.test(ctx); err != nil {
		return event.Built, err
	}
	return event.Built, j.tag(ctx)
}

// tag gives a listed image its further tags.
func (j *job) tag(ctx context.Context) error {
	j.testing, j.tagging = false, true
	for _, ref := range j.image.FurtherRefs() {
		if err := j.run.Store.Tag(ctx, j.image.Ref, ref); err != nil {
			return err
		}
	}
	return nil
}

// phase is how far the image has come.
func (j *job) phase() event.Phase {
	switch {
	case j.tagging:
		return event.PhaseTags
	case j.testing || j.step.Action == plan.Test:
		return event.PhaseTest
	}
	return ""
}

// build builds the image; same tells that there was no need to.
func (j *job) build(ctx context.Context) (same bool, err error) {
	if err := j.run.refresh(ctx, j.image); err != nil {
		return false, err
	}
	if j.parents, err = j.findParents(ctx); err != nil {
		return false, err
	}
	files, err := j.run.Fleet.Context(j.image)
	if err != nil {
		return false, err
	}
	defer files.Close()
	if j.run.Inputs != nil {
		if j.reading, err = j.run.Inputs.At(ctx, files, j.image); err != nil {
			return false, err
		}
		if same, err := j.unchanged(ctx); same || err != nil {
			return same, err
		}
	}
	if err := j.run.Store.Heal(ctx, j.image.Ref); err != nil {
		return false, err
	}
	if err := j.run.Store.Pin(ctx, j.image.Ref); err != nil {
		return false, err
	}
	if err := j.nameParents(ctx); err != nil {
		return false, err
	}
	if err := j.solve(ctx, files); err != nil {
		return false, j.explain(err)
	}
	return false, j.markInputs(ctx)
}

// unchanged tells whether the image is what it would become: its parents were built again and came
// out the same.
func (j *job) unchanged(ctx context.Context) (bool, error) {
	if !j.step.Unedited() {
		return false, nil
	}
	stored, err := j.run.Store.Look(ctx, j.image.Ref)
	if err != nil || stored.Tested == "" || stored.Level != 0 && stored.Level != engine.Level {
		return false, ignore(err, store.ErrNotFound)
	}
	same, err := j.reading.Matches(inputs.Mark{Inputs: stored.Inputs, Followed: stored.Followed}, j.parents)
	if err != nil || !same {
		return false, err
	}
	j.digest, j.tested = stored.Digest, stored.Tested
	return true, nil
}

func ignore(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}

func (j *job) solve(ctx context.Context, files *buildcontext.Tree) error {
	name, err := ref.Parse(j.image.Ref)
	if err != nil {
		return err
	}
	r := j.run.Fleet.Recipe(j.image)
	args := map[string]string{}
	maps.Copy(args, r.Args)
	maps.Copy(args, j.run.Args)
	req := engine.Request{
		Ref:        name.String(),
		Context:    files,
		Dockerfile: []byte(r.Dockerfile.Text),
		Target:     r.Target,
		Args:       args,
		NoCache:    j.run.NoCache,
		Limits:     j.run.Limits,
		Epoch:      j.image.Date,
		Scratch:    j.run.Scratch,
		Log:        j.log(),
		Progress:   j.progress,
		Annotate: func(f recipe.Followed) (map[string]string, error) {
			j.followed = f
			if j.lacking = j.lacks(files); j.lacking != nil {
				return nil, j.lacking
			}
			return j.annotations(ctx)
		},
	}
	if j.run.Given != nil {
		req.Given = j.run.Given(j.image)
	}
	if !r.Plain {
		req.Context = files.With(req.Dockerfile)
	}
	if r.Artifacts.File != "" {
		req.ArtifactDockerfile = []byte(r.Artifacts.Text)
		req.ArtifactContext = files.With(req.ArtifactDockerfile)
	}
	builder := retrying{
		Builder: whole{j}, Retries: j.run.Retries, Delay: j.run.RetryDelay, Free: j.run.Free,
		Notify: func(_ engine.Request, try int, cause string, pause time.Duration) {
			j.flush()
			j.tries, j.tail = try, tail{}
			text := fmt.Sprintf("%s; try %d of %d in %s", cause, try, j.run.Retries+1, pause.Round(time.Second/10))
			fmt.Fprintln(j.log(), "slipway: "+text)
			j.run.emit(event.Event{Kind: event.Retry, Image: j.image.Ref, Platform: platformOf(j.image), Text: text})
		},
	}
	res, err := builder.Build(ctx, req)
	j.digest, j.id = digests.Manifest(res.Digest), digests.Config(res.ID)
	return err
}

// annotations say what the image is and what it is made from, for who finds it in a registry. What it is
// made from is known when BuildKit has said what of the context it takes.
func (j *job) annotations(ctx context.Context) (map[string]string, error) {
	a := map[string]string{ocispecs.AnnotationTitle: j.image.Name, ocispecs.AnnotationVersion: string(j.image.Version)}
	if j.base.Digest != "" {
		a[ocispecs.AnnotationBaseImageName] = j.base.Ref
		a[ocispecs.AnnotationBaseImageDigest] = string(j.base.Digest)
	}
	if j.run.Inputs == nil {
		return a, nil
	}
	parts, err := j.reading.Under(j.followed)
	if err != nil {
		return nil, err
	}
	j.parts = parts.On(j.parents)
	inputs.Annotate(a, j.parts, j.reading.Old().On(j.parents))
	j.record.inputs(ctx, j.parts, j.reading.Listing())
	return a, nil
}

// markInputs notes what the image was made from, unless its files changed while they were sent: then
// nobody knows, and the next run builds it again.
func (j *job) markInputs(ctx context.Context) error {
	if j.run.Inputs == nil {
		return nil
	}
	marks := store.Marks{ID: j.id, Inputs: j.parts.Digest(), Followed: j.parts.Followed, Level: engine.Level}
	same, err := j.sameFiles()
	if err != nil || !same {
		j.run.emit(event.Event{Kind: event.Warning, Image: j.image.Ref, Platform: platformOf(j.image),
			Text: j.run.Fleet.Path(j.image, "") + ": files changed during the run; the next one builds the image again"})
		j.unsure, marks.Inputs = true, plan.InputsUnsure
	}
	return j.run.Store.MarkInputs(ctx, j.image.Ref, marks)
}

func (j *job) sameFiles() (bool, error) {
	files, err := j.run.Fleet.Context(j.image)
	if err != nil {
		return false, err
	}
	defer files.Close()
	return j.reading.Same(j.followed, files)
}

// findParents finds what the image is made from, as the store has it now. The fleet's own must be there: a
// name that is gone would be looked for at a registry, where anybody may have it. What only comes first
// need not, if it is published.
func (j *job) findParents(ctx context.Context) ([]inputs.Parent, error) {
	known := map[string]store.Image{}
	for _, p := range j.image.Parents() {
		found, err := j.run.Store.Look(ctx, p.Ref)
		if errors.Is(err, store.ErrNotFound) && !slices.Contains(j.image.Used(), p) {
			continue
		}
		if errors.Is(err, store.ErrNotFound) {
			return nil, problem.With(fmt.Errorf("%s: cannot build %s:%s: its parent %s was removed from the store while it waited", j.run.Fleet.Path(j.image, "Dockerfile.template"), j.image.Name, j.image.Tag, p.Ref), "run the build again")
		}
		if err != nil {
			return nil, err
		}
		known[p.Ref] = found
	}
	for _, ref := range j.image.Elsewhere() {
		if found, err := j.run.Store.Look(ctx, ref); err == nil {
			known[ref] = found
		}
	}
	j.base = known[j.image.Base]
	if name, err := ref.Parse(j.image.Base); err == nil && j.base.Ref == "" { // written without its tag
		for _, found := range known {
			if found.Ref == name.String() {
				j.base = found
			}
		}
	}
	j.basis = map[string]digests.Manifest{}
	for _, p := range j.image.Used() {
		j.basis[p.Ref] = known[p.Ref].Digest
	}
	return j.image.MadeFrom(func(ref string) digests.Config { return known[ref].Identity() }), nil
}

// explain says which file to look at, and what to do about a full disk.
func (j *job) explain(err error) error {
	r := j.run.Fleet.Recipe(j.image)
	name := r.Dockerfile.File
	var step *engine.StepError
	if errors.As(err, &step) && step.File != "Dockerfile" {
		name = r.Artifacts.File
	}
	where := j.run.Fleet.Path(j.image, name)
	if step != nil {
		if place := j.image.Definition.Place(name, step.Line); place.Line > 0 {
			where = fmt.Sprintf("%s:%d", place.Path, place.Line)
		}
	}
	err = fmt.Errorf("%s: cannot build %s:%s: %w", where, j.image.Name, j.image.Tag, err)
	if errors.Is(err, syscall.ENOSPC) || noSpace(append(j.tail.lines(), err.Error())) {
		return problem.With(err, "the disk is full; `slipway du` shows what the store holds, `slipway prune` frees old versions")
	}
	if hint := ungivenHint(err); hint != "" {
		return problem.With(err, hint)
	}
	if step != nil && step.Exit == 137 && j.run.Limits.Memory > 0 {
		return problem.With(err, "it may have needed more memory than container_limits allow")
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
