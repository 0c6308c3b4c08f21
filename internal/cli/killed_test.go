package cli_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/slipway-build/slipway/internal/enginetest"
)

// victim is a command that is killed while it works.
type victim struct {
	args []string
	lean bool // it needs no engine, and is soon done
}

// victims are all commands, so that none leaves what no other removes.
func (y *yard) victims() []victim {
	ref := y.ref(y.names[y.rand.IntN(2)])
	return []victim{
		{args: []string{"save", ref, "-o", "saved.tar"}},
		{args: []string{"push", ref}},
		{args: []string{"pull", ref}},
		{args: []string{"rmi", ref}},
		{args: []string{"tag", ref, y.ref("mine")}, lean: true}, // no image of the fleet, which "prune" would take,
		{args: []string{"run", "--rm", ref, "sleep", "987"}},
		{args: []string{"prune", "--cache", "fleet"}},
		{args: []string{"prune", "--registry", "fleet"}},
		{args: []string{"check", "--read"}},
		{args: []string{"du"}},
		{args: []string{"update", "base", "--reason", "CVE", "fleet"}, lean: true},
		{args: []string{"lint", "fleet"}, lean: true},
		{args: []string{"render", "--all", "--output", "rendered", "fleet"}, lean: true},
		{args: []string{"plan", "--local", "fleet"}, lean: true},
		{args: []string{"history"}, lean: true},
	}
}

// kill ends a build or one of the other commands, as often the one as the other, and looks at what other
// commands are to mend.
func (y *yard) kill(name, file string) string {
	if y.rand.IntN(2) == 0 {
		y.write(name, "file", file)
		return name + " is " + file + ", " + y.killed(20, 400, "build", "--local", "fleet")
	}
	list := y.victims()
	v := list[y.rand.IntN(len(list))]
	least, more := 20, 300
	if v.lean {
		least, more = 5, 60
	}
	changelogs := y.changelogs()
	what := y.killed(least, more, v.args...)
	switch v.args[0] {
	case "rmi":
		delete(y.good, v.args[1]) // it may be gone, as somebody wants
	case "pull":
		delete(y.good, v.args[1]) // it may be another one
	case "update":
		y.allOrNone(changelogs)
	}
	return what
}

// killed ends a command with a signal that it cannot catch, after some milliseconds.
func (y *yard) killed(least, more int, args ...string) string {
	cmd := y.slipway(args...)
	if err := cmd.Start(); err != nil {
		y.t.Fatal(err)
	}
	after := time.Duration(least+y.rand.IntN(more)) * time.Millisecond
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait()
	timer.Stop()
	if e := (*exec.ExitError)(nil); errors.As(err, &e) && !e.Exited() {
		y.done["killed"]++
		y.done["killed "+args[0]]++
		return fmt.Sprintf("%s, killed after %s", strings.Join(args, " "), after)
	}
	return strings.Join(args, " ")
}

func (y *yard) changelogs() map[string]string {
	texts := map[string]string{}
	for _, name := range y.names {
		data, err := os.ReadFile(filepath.Join(y.dir, "fleet", name, "changelog"))
		if err != nil {
			y.t.Fatal(err)
		}
		texts[name] = string(data)
	}
	return texts
}

// allOrNone looks whether an update that was killed changed all changelogs or none, once another command has
// seen the tree, and takes it back.
func (y *yard) allOrNone(before map[string]string) {
	if out, err := y.slipway("lint", "fleet").CombinedOutput(); err != nil {
		y.fail("lint after an update that was killed: %v\n%s", err, out)
	}
	after, changed := y.changelogs(), 0
	for name, text := range before {
		if after[name] != text {
			changed++
			y.write(name, "changelog", text)
		}
	}
	if changed != 0 && changed != len(before) {
		y.fail("an update that was killed changed %d of %d changelogs", changed, len(before))
	}
}

// leaves looks for what a killed command left that the next ones, one of which had an engine, should have
// ended: on the machine, and among the files outside the root.
func (y *yard) leaves() {
	if !strings.Contains(y.log[len(y.log)-1], ", killed after ") {
		return
	}
	left, err := enginetest.Left(y.dir, filepath.Join(y.dir, "root"))
	if err != nil {
		y.t.Fatal(err)
	}
	for _, name := range y.outside() {
		if !slices.Contains(y.files, name) {
			left = append(left, "file "+name)
		}
	}
	if len(left) > 0 {
		y.fail("is left:\n%s", strings.Join(left, "\n"))
	}
	y.done["nothing left"]++
}

// outside lists the files outside the root. What commands were asked for is looked at and removed: it is
// whole, or not there.
func (y *yard) outside() (names []string) {
	if saved, err := os.ReadFile(filepath.Join(y.dir, "saved.tar")); err == nil {
		y.whole(bytes.NewReader(saved))
	}
	err := errors.Join(os.RemoveAll(filepath.Join(y.dir, "saved.tar")), os.RemoveAll(filepath.Join(y.dir, "rendered")))
	if err != nil {
		y.t.Fatal(err)
	}
	err = filepath.WalkDir(y.dir, func(path string, d fs.DirEntry, err error) error {
		if path == filepath.Join(y.dir, "root") {
			return fs.SkipDir
		}
		names = append(names, strings.TrimPrefix(path, y.dir))
		return err
	})
	if err != nil {
		y.t.Fatal(err)
	}
	return names
}
