package engine_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/internal/enginetest"
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
func (w *world) name() string {
	return w.pick("a.txt", "b.md", "c", "d", "e", "a b", "[x]", "é,!", "#h")
}

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

// source is a path as people write it: most of the ways mean the same file.
func (w *world) source() string {
	p := w.path()
	if w.rand.IntN(3) > 0 {
		return p
	}
	return w.pick("/"+p, "./"+p, p+"/", p+"/.", "d/../"+p, "../"+p, "./"+p+"//", "//"+p)
}

// quoted is a list of arguments in which a name may have blanks.
func quoted(args ...string) string {
	list, _ := json.Marshal(args)
	return string(list)
}

// step is an instruction that takes something of the context.
func (w *world) step() string {
	p := w.source()
	switch w.rand.IntN(20) {
	case 0:
		return "COPY . /all"
	case 1:
		return "COPY *.txt /to/"
	case 2:
		return "COPY " + quoted(p+"*", "/to/")
	case 3, 4:
		return "COPY" + w.except() + " " + w.pick(".", "d", "e", "*", "[a-d]", "?", "d/*", "*/", "[!a]*", "a?*") + " /to/"
	case 5:
		return "COPY --parents " + quoted(w.pick(p, "./e/./d", "*/c", "**/a.txt"), "/to/")
	case 6:
		return "ADD " + quoted(p, "/to/")
	case 7:
		return "COPY --link --chmod=755 " + quoted(p, "/to/")
	case 8:
		return "RUN --mount=type=bind,source=" + w.pick(w.plain(), "d", "/", "./d/", "d/../e") + ",target=/m" + w.pick("", ",rw") + " true"
	case 9:
		return "COPY $WHERE /to/"
	case 10:
		return "COPY ${SUB:-" + w.plain() + "}/" + w.plain() + " /to/"
	case 11:
		return "COPY <<END /to/here\n# text\n\n text\nEND"
	case 12:
		return "COPY " + quoted(p, w.path(), "/to/")
	case 13, 14:
		return "COPY --parents" + w.except() + " " + w.pick("d", "e", ".", "**/*.txt", "*/*", "./d/./e", "./*/./*", "**", "d/**/c") + " /to/"
	case 15:
		return "RUN --mount=type=bind,target=/m,source=d <<END\n# one\ntrue \\\\\n# two\nEND"
	case 16:
		return "COPY \\\n # a comment\n d \\\n\n /to/"
	case 17:
		return "ADD" + w.except() + " " + w.pick(".", "d", "*") + " /to/"
	}
	return "COPY " + quoted(p, "/to/")
}

// plain is a name that needs no quotes.
func (w *world) plain() string { return w.pick("a.txt", "b.md", "c", "d", "e") }

// except are flags of COPY and ADD that leave something out.
func (w *world) except() string {
	var flags strings.Builder
	if w.rand.IntN(4) == 0 { // an exception between two of the same
		out := w.pick("d", "*", "**/c", "[a-d]*")
		flags.WriteString(" --exclude=" + out + " --exclude=" + w.pick("!d/e", "!*/c", "!d/*", "!**/a.txt") + " --exclude=" + out)
	}
	for range 1 + w.rand.IntN(3) {
		flags.WriteString(" --exclude=" + w.pick("*.md", "**/c", "d", "e/d", "*", "!d", "!**/*.txt", "!e/d/a.txt", "**", "d/*", "!d/e",
			"*/c/", "/d", "c/**", "!c/**/a.txt", "[a-c]*", "?", "!*", "!/d/e", "./d", "d/../e", "[!a]*", "**/e/**", ".", "!."))
	}
	return flags.String()
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
		line := w.pick("# a comment", "# a comment", "", "  # blanks before", "# escape=`", "# syntax=x", "   ", "\t#")
		all := strings.Split(strings.Join(w.lines, "\n"), "\n")
		i := w.rand.IntN(len(all) + 1) // also in continued lines and documents
		w.lines = slices.Insert(all, i, line)
		return fmt.Sprintf("%q as line %d", line, i+1)
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
