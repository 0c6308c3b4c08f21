package engine_test

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/engine/dockerfile"
	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/internal/enginetest"
	"github.com/slipway-build/slipway/recipe"
)

// world is one random build context with its Dockerfile, on the disk and in a real engine.
type world struct {
	t      *testing.T
	seed   uint64
	rand   *rand.Rand
	engine *engine.Engine
	dir    string
	lines  []string // of the Dockerfile
	links  bool     // symbolic links are sent as they are, as for images of the list
}

// TestWhatIsIgnoredChangesNothing: for random Dockerfiles over random files, an edit that leaves the
// instructions and the digest over what the build followed as they were is one that BuildKit, asked for a
// second solve with its cache, sees no difference in either.
func TestWhatIsIgnoredChangesNothing(t *testing.T) {
	worlds := 500
	if os.Getenv("SLIPWAY_PROVE") != "" {
		worlds = 5000
	}
	p := enginetest.StartIn(t, enginetest.Memory(t))
	parents := makeParents(t, p)
	const workers = 4
	var sum tally
	t.Run("worlds", func(t *testing.T) {
		for k := range uint64(workers) {
			t.Run(fmt.Sprint(k), func(t *testing.T) {
				t.Parallel()
				var seen tally
				for seed := k; seen.worlds < worlds/workers; seed += workers {
					w := &world{t: t, seed: seed, rand: rand.New(rand.NewPCG(seed, 10)), engine: engine.New(p.Services().BuildKit), dir: filepath.Join(t.TempDir(), "context")}
					w.links = w.rand.IntN(3) == 0
					w.fill()
					w.write(parents)
					w.compare(&seen)
				}
				sum.add(&seen)
			})
		}
	})
	t.Logf("%d Dockerfiles, %d edits: %d ignored, %d altered something, %d counted although nothing differs, %d broke the build, %d could not be judged",
		sum.worlds, sum.edits, sum.ignored, sum.altered, sum.careful, sum.broken, sum.unsettled)
	if sum.ignored < sum.edits/8 || sum.altered < sum.edits/8 || sum.unsettled > sum.edits/100 {
		t.Error("the test proves little")
	}
}

// tally counts what was tried.
type tally struct {
	mu                                                          sync.Mutex
	worlds, edits, ignored, altered, careful, broken, unsettled int
}

func (s *tally) add(o *tally) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.worlds, s.edits, s.ignored = s.worlds+o.worlds, s.edits+o.edits, s.ignored+o.ignored
	s.altered, s.careful, s.broken, s.unsettled = s.altered+o.altered, s.careful+o.careful, s.broken+o.broken, s.unsettled+o.unsettled
}

// compare edits a world twice, and holds what a plan would see of it to what BuildKit sees.
func (w *world) compare(seen *tally) {
	first, err := w.build()
	if err != nil {
		return // a Dockerfile that names what is not there
	}
	seen.worlds++
	for range 2 {
		followed, err := recipe.Parse(first.followed.String())
		if err != nil || !followed.Known {
			w.t.Fatalf("seed %d: the record %q: %v", w.seed, first.followed, err)
		}
		before := w.digest(followed)
		was := w.copy()
		edit := w.edit()
		seen.edits++
		same := w.digest(followed) == before
		second, err := w.build()
		altered := err != nil || second.config != first.config || len(second.ran) > 0
		if same && altered && err == nil && w.unsettled(was) {
			seen.unsettled++
			first = second
			continue
		}
		switch {
		case same && altered:
			w.t.Fatalf("seed %d: %s is ignored, but BuildKit sees it: %v, ran %q\n%s\nrecord %s", w.seed, edit, err, second.ran, w.text(), followed)
		case same:
			seen.ignored++
		case altered:
			seen.altered++
		default:
			seen.careful++
		}
		if err != nil {
			seen.broken++
			return
		}
		first = second
	}
}

// copy is the world as it is now, at another place.
func (w *world) copy() *world {
	c := *w
	c.dir, c.lines = w.dir+"-before", slices.Clone(w.lines)
	w.must(os.RemoveAll(c.dir))
	w.must(exec.Command("cp", "-a", w.dir, c.dir).Run())
	return &c
}

// unsettled tells whether BuildKit's cache, and no edit, is the reason why steps ran: many solves at once
// that share steps leave it without some results. Both worlds get a first step that nobody else has; what
// the old one has in the cache then is all that the edited one may need.
func (w *world) unsettled(was *world) bool {
	for try := range 3 {
		old, edited := was.salted(try), w.salted(try)
		_, err := old.build()
		w.must(err)
		control, err := old.build()
		w.must(err)
		if len(control.ran) > 0 {
			continue
		}
		again, err := edited.build()
		return err == nil && again.config == control.config && len(again.ran) == 0
	}
	return false
}

// salted has a step of its own in each stage.
func (w *world) salted(try int) *world {
	c := *w
	c.lines = nil
	for _, l := range w.lines {
		c.lines = append(c.lines, l)
		if strings.HasPrefix(l, "FROM ") {
			c.lines = append(c.lines, fmt.Sprintf("COPY <<SALT /salt\n%d %d\nSALT", w.seed, try))
		}
	}
	return &c
}

// makeParents builds images with triggers and variables that lead into a child's context.
func makeParents(t *testing.T, p *embedded.Process) []string {
	var refs []string
	for i, extra := range []string{
		"", "ENV WHERE=d\n", "ENV WHERE=a.txt\nONBUILD COPY $WHERE /on\n", "ONBUILD COPY d /on/\nONBUILD COPY *.md /on/\n",
		"ENV WHERE=e/d\nONBUILD ARG SUB=e\nONBUILD COPY $SUB /on/\n", "ONBUILD RUN --mount=type=bind,source=d,target=/m true\n",
	} {
		ref := fmt.Sprintf("registry.example/parent:%d", i)
		enginetest.Build(t, p, ref, enginetest.BaseDockerfile+extra, enginetest.Busybox(t))
		refs = append(refs, ref)
	}
	return refs
}

func (w *world) pick(of ...string) string { return of[w.rand.IntN(len(of))] }

// name is that of a file or folder; few names make many collisions.
func (w *world) name() string { return w.pick("a.txt", "b.md", "c", "d", "e") }

func (w *world) path() string {
	p := w.name()
	for range w.rand.IntN(3) {
		p = path.Join(p, w.name())
	}
	return p
}

// fill makes files.
func (w *world) fill() {
	w.must(os.MkdirAll(w.dir, 0o755))
	for range 4 + w.rand.IntN(12) {
		w.put(w.path())
	}
	if w.rand.IntN(3) == 0 {
		w.must(os.WriteFile(filepath.Join(w.dir, ".dockerignore"), []byte(w.patterns()), 0o644))
	}
}

// existing are the paths of the context.
func (w *world) existing() []string {
	var found []string
	w.must(filepath.WalkDir(w.dir, func(p string, _ fs.DirEntry, err error) error {
		if rel, _ := filepath.Rel(w.dir, p); rel != "." && rel != buildcontext.IgnoreFile {
			found = append(found, rel)
		}
		return err
	}))
	return found
}

func (w *world) patterns() string {
	var lines []string
	for range 1 + w.rand.IntN(2) {
		lines = append(lines, w.pick("*.md", "d", "**/c", "Dockerfile", ".dockerignore", "e/*", "e/*\n!e/d"))
	}
	return strings.Join(lines, "\n") + "\n"
}

// put writes a file, if its place is not taken by something of another kind.
func (w *world) put(p string) {
	full := filepath.Join(w.dir, p)
	if os.MkdirAll(filepath.Dir(full), 0o755) != nil {
		return
	}
	if info, err := os.Lstat(full); err == nil && !info.Mode().IsRegular() {
		return
	}
	if w.links && w.rand.IntN(3) == 0 {
		os.Remove(full)
		target := w.pick("a.txt", "d", "../d", "/e", "c/d", "nowhere", "../../d/a.txt")
		if there := w.existing(); len(there) > 0 && w.rand.IntN(3) > 0 {
			target = "/" + w.pick(there...)
		}
		w.must(os.Symlink(target, full))
		return
	}
	mode := fs.FileMode(0o644)
	if w.rand.IntN(4) == 0 {
		mode = 0o755
	}
	w.must(os.WriteFile(full, []byte(fmt.Sprint(w.rand.IntN(3))), mode))
	w.must(os.Chmod(full, mode))
}

// write makes a Dockerfile.
func (w *world) write(parents []string) {
	w.lines = []string{"FROM " + w.pick(parents...) + " AS first"}
	if w.rand.IntN(3) == 0 {
		w.lines = append(w.lines, "ENV WHERE="+w.name())
	}
	for range w.rand.IntN(3) {
		w.lines = append(w.lines, w.step())
	}
	switch w.rand.IntN(4) {
	case 0: // nothing is taken from the first
		w.lines = append(w.lines, "FROM "+w.pick(parents...))
	case 1:
		w.lines = append(w.lines, "FROM "+w.pick(parents...), "COPY --from=first /bin /first")
	}
	if w.rand.IntN(3) == 0 {
		w.lines = append(w.lines, "ARG SUB="+w.name())
	}
	for range 1 + w.rand.IntN(3) {
		w.lines = append(w.lines, w.step())
	}
}

// step is an instruction that takes something of the context.
func (w *world) step() string {
	p := w.path()
	switch w.rand.IntN(14) {
	case 0:
		return "COPY . /all"
	case 1:
		return "COPY *.txt /to/"
	case 2:
		return "COPY " + p + "* /to/"
	case 3:
		return "COPY --exclude=" + w.pick("*.md", "**/c", "d", "e/d") + " " + w.pick(".", "d", "e", "*") + " /to/"
	case 4:
		return "COPY --parents " + w.pick(p, "./e/./d", "*/c", "**/a.txt") + " /to/"
	case 5:
		return "ADD " + p + " /to/"
	case 6:
		return "COPY --link --chmod=755 " + p + " /to/"
	case 7:
		return "RUN --mount=type=bind,source=" + w.pick(p, "d", "/") + ",target=/m" + w.pick("", ",rw") + " true"
	case 8:
		return "COPY $WHERE /to/"
	case 9:
		return "COPY ${SUB:-" + w.name() + "}/" + w.name() + " /to/"
	case 10:
		return "COPY <<END /to/here\ntext\nEND"
	case 11:
		return "COPY " + p + " " + w.path() + " /to/"
	case 12:
		return "COPY --parents --exclude=**/*.md " + w.pick("d", "e", ".") + " /to/"
	}
	return "COPY " + p + " /to/"
}

// edit changes something, and says what.
func (w *world) edit() string {
	p := w.path()
	if there := w.existing(); len(there) > 0 && w.rand.IntN(4) > 0 {
		p = w.pick(there...)
	}
	full := filepath.Join(w.dir, p)
	switch w.rand.IntN(9) {
	case 0:
		i := w.rand.IntN(len(w.lines) + 1)
		w.lines = slices.Insert(w.lines, i, "# a comment")
		return fmt.Sprintf("a comment in line %d", i+1)
	case 1:
		w.lines = append(w.lines, w.pick("USER 1", "", "# the end", "LABEL a=b"))
		return "a line at the end"
	case 2:
		w.must(os.WriteFile(filepath.Join(w.dir, ".dockerignore"), []byte(w.patterns()), 0o644))
		return ".dockerignore"
	case 3:
		os.RemoveAll(full)
		return "no " + p
	case 4:
		if info, err := os.Lstat(full); err == nil && info.Mode()&fs.ModeSymlink == 0 {
			w.must(os.Chmod(full, info.Mode()^0o100))
		}
		return "the mode of " + p
	case 5:
		p = w.pick("README", "d/new.md", "e/new.txt", "new.txt", "d/e/new")
	}
	w.put(p)
	return "the content of " + p
}

// tree is the context as a fleet sends it.
func (w *world) tree() *buildcontext.Tree {
	root, err := os.OpenRoot(w.dir)
	w.must(err)
	if w.links {
		t, err := buildcontext.OpenWithLinks(root, ".", "context", "Dockerfile", buildcontext.Options{})
		w.must(err)
		return t
	}
	t, err := buildcontext.Open(root, ".", "context", buildcontext.Options{})
	w.must(err)
	return t
}

// digest is of all that a plan compares, but for parents.
func (w *world) digest(followed recipe.Followed) string {
	tree := w.tree()
	defer tree.Close()
	contents, err := tree.Read(w.t.Context(), nil)
	w.must(err)
	own := buildcontext.Own{}
	if !w.links {
		own.Context = []byte(w.text())
	}
	files, err := contents.Digest(followed, own)
	w.must(err)
	parsed, err := dockerfile.Parse([]byte(w.text()))
	w.must(err)
	return files + "\n" + parsed.Instructions
}

func (w *world) text() string { return strings.Join(w.lines, "\n") + "\n" }

// solved is a build, and the steps that BuildKit did not find in its cache.
type solved struct {
	followed recipe.Followed
	config   string // of the image
	ran      []string
}

func (w *world) build() (solved, error) {
	tree := w.tree()
	defer tree.Close()
	r := enginetest.Request("registry.example/child:1", w.text(), fstest.MapFS{})
	r.Context = tree
	if !w.links {
		r.Context = tree.With([]byte(w.text()))
	}
	var s solved
	cached := map[string]bool{}
	names := map[string]string{}
	r.Progress = func(u engine.Update) {
		for _, step := range u.Steps {
			if !strings.Contains(step.Name, "/") || strings.HasPrefix(step.Name, "[internal]") || strings.Contains(step.Name, " FROM ") {
				continue
			}
			if strings.HasPrefix(step.Name, "[") {
				names[step.ID] = step.Name
				cached[step.ID] = cached[step.ID] || step.Cached
			}
		}
	}
	var err error
	s.followed, s.config, err = w.engine.Solve(context.WithoutCancel(w.t.Context()), r)
	for id, name := range names {
		if !cached[id] {
			s.ran = append(s.ran, name)
		}
	}
	return s, err
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}
