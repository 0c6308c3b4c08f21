package updating

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestMain makes this test program the process that updates or settles the tree in the current folder
// and does with itself, at the step of that number, what it is told: kill, or hold (until its input ends).
func TestMain(m *testing.M) {
	what, at, _ := strings.Cut(os.Getenv("SLIPWAY_UPDATING"), " ")
	if what == "" {
		os.Exit(m.Run())
	}
	var number int
	var do string
	fmt.Sscan(at, &number, &do)
	steps := 0
	o := Options{Command: "test " + what, step: func(string) {
		if steps++; steps != number {
			return
		}
		if do == "kill" {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		fmt.Println("here")
		io.Copy(io.Discard, os.Stdin)
	}}
	var err error
	if what == "settle" {
		_, err = Settle(context.Background(), ".", o)
	} else {
		err = update(context.Background(), ".", what, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("steps", steps)
}

// update puts a line with a word before what each changelog of the three holds when the lock is taken.
func update(ctx context.Context, dir, word string, o Options) (err error) {
	u, err := Begin(ctx, dir, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, u.Close()) }()
	changes, err := changesOf(dir, word)
	if err != nil {
		return err
	}
	return u.Apply(changes)
}

func changesOf(dir, word string) ([]Change, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return nil, err
	}
	var changes []Change
	for _, name := range []string{"a", "b", "deep/c"} {
		file := filepath.Join(dir, name, "changelog")
		old, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		changes = append(changes, Change{Path: name + "/changelog", File: file, Old: old, New: append([]byte(word+"\n"), old...)})
	}
	return changes, nil
}

// newTree makes three folders with a changelog; the middle one is not for everybody.
func newTree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "deep/c"} {
		must(t, os.MkdirAll(filepath.Join(dir, name), 0o755))
		must(t, os.WriteFile(filepath.Join(dir, name, "changelog"), []byte("first\n"), 0o644))
	}
	must(t, os.Chmod(filepath.Join(dir, "b/changelog"), 0o640))
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// tree is every file and folder with its mode and content: nothing else may be left.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		found[rel] = info.Mode().String()
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			found[rel] += " " + string(data)
			return err
		}
		return nil
	}))
	return found
}

// process starts another process on the tree: see TestMain.
func process(t *testing.T, dir, what string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "SLIPWAY_UPDATING="+what, "GORACE=atexit_sleep_ms=0")
	return cmd
}

// steps runs a process to its end and returns how many steps it took.
func steps(t *testing.T, dir, what string) (n int) {
	t.Helper()
	out, err := process(t, dir, what).CombinedOutput()
	if _, e := fmt.Sscanf(string(out), "steps %d", &n); err != nil || e != nil || n < 2 {
		t.Fatalf("%s: %v\n%s", what, err, out)
	}
	return n
}

// killed runs a process until it kills itself at a step.
func killed(t *testing.T, dir, what string, at int) {
	t.Helper()
	out, err := process(t, dir, fmt.Sprintf("%s %d kill", what, at)).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("%s at %d was not killed: %v\n%s", what, at, err, out)
	}
}

// settleNow reads the tree as the next command does.
func settleNow(t *testing.T, dir string) (undone []Undone) {
	t.Helper()
	w, err := Settle(t.Context(), dir, Options{Undone: func(u Undone) { undone = append(undone, u) }})
	if err != nil || w.Running != nil || w.Changed() {
		t.Fatalf("%v, %+v", err, w)
	}
	return undone
}

// TestKilled kills an update at each of its steps. The next command, and the next update, find all
// changelogs as before or all as after, and leave nothing else.
func TestKilled(t *testing.T) {
	whole := newTree(t)
	before := tree(t, whole)
	n := steps(t, whole, "second")
	after := tree(t, whole)
	if cmp.Equal(before, after) || n < 14 {
		t.Fatalf("an update has %d steps", n)
	}
	ends := map[bool]int{}
	for at := 1; at <= n; at++ {
		dir := newTree(t)
		killed(t, dir, "second", at)
		again := t.TempDir()
		must(t, exec.Command("cp", "-a", dir+"/.", again).Run())
		undone := settleNow(t, dir)
		got := tree(t, dir)
		made := cmp.Equal(after, got)
		if ends[made]++; !made && !cmp.Equal(before, got) {
			t.Fatalf("killed at step %d of %d, before:\n%s", at, n, cmp.Diff(before, got))
		}
		if len(undone) > 0 && (made || undone[0].Changelogs != 3 || len(undone[0].Edited) > 0) {
			t.Errorf("killed at step %d: undone %+v, made: %v", at, undone, made)
		}

		must(t, update(t.Context(), again, "third", Options{}))
		want := map[bool]string{false: "third\nfirst\n", true: "third\nsecond\nfirst\n"}[made]
		for name, file := range tree(t, again) {
			if filepath.Base(name) == "changelog" && !strings.HasSuffix(file, " "+want) {
				t.Errorf("killed at step %d: %s holds %q after the next update", at, name, file)
			}
		}
		if extra := len(tree(t, again)) - len(before); extra != 0 {
			t.Errorf("killed at step %d: %d files are left by the next update", at, extra)
		}
	}
	if ends[false] < 8 || ends[true] < 2 {
		t.Errorf("this shows little: %v", ends)
	}
}

// TestUndoKilled kills who undoes an update at each step; the next one ends it.
func TestUndoKilled(t *testing.T) {
	const middle = 11 // two of three are replaced
	dir := newTree(t)
	before := tree(t, dir)
	killed(t, dir, "second", middle)
	n := steps(t, dir, "settle")
	if n < 4 {
		t.Fatalf("undoing has %d steps", n)
	}
	for at := 1; at <= n; at++ {
		dir := newTree(t)
		killed(t, dir, "second", middle)
		if cmp.Equal(before, tree(t, dir)) {
			t.Fatal("nothing is to be undone")
		}
		killed(t, dir, "settle", at)
		settleNow(t, dir)
		if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
			t.Errorf("killed at step %d of %d:\n%s", at, n, diff)
		}
	}
}

// TestTwoProcesses: at each step of a living update another process neither undoes nor reads it as done,
// and a second update waits and is made, too.
func TestTwoProcesses(t *testing.T) {
	n := steps(t, newTree(t), "second")
	for at := 2; at < n; at++ { // at 1 the lock is not taken yet, at the end it has nothing to keep
		dir := newTree(t)
		first := process(t, dir, fmt.Sprintf("second %d hold", at))
		in, err := first.StdinPipe()
		must(t, err)
		out, err := first.StdoutPipe()
		must(t, err)
		must(t, first.Start())
		_, err = io.ReadFull(out, make([]byte, len("here\n")))
		must(t, err)
		held := tree(t, dir)

		var asked []Owner
		w, err := Settle(t.Context(), dir, Options{Patience: time.Millisecond, Waiting: func(o Owner) { asked = append(asked, o) }})
		if err != nil || w.Running == nil || len(asked) != 1 {
			t.Fatalf("at step %d: %v, %+v, asked %v", at, err, w, asked)
		}
		if at > 2 && at < n-1 && (asked[0].PID != first.Process.Pid || asked[0].Command != "test second") {
			t.Errorf("at step %d the owner is %s", at, asked[0])
		}
		if diff := cmp.Diff(held, tree(t, dir)); diff != "" {
			t.Errorf("at step %d somebody else changed the tree:\n%s", at, diff)
		}
		second := make(chan error)
		go func() { second <- update(t.Context(), dir, "third", Options{}) }()
		must(t, in.Close())
		must(t, errors.Join(first.Wait(), <-second))
		settleNow(t, dir)
		for _, c := range []string{"a", "b", "deep/c"} {
			if data, err := os.ReadFile(filepath.Join(dir, c, "changelog")); string(data) != "third\nsecond\nfirst\n" {
				t.Errorf("at step %d: %s holds %q, %v", at, c, data, err)
			}
		}
	}
}

// TestManyAtOnce: each of many updates is made, none is lost, and readers see all or none of one.
func TestManyAtOnce(t *testing.T) {
	dir := newTree(t)
	const many = 6
	var list []*exec.Cmd
	for i := range many {
		cmd := process(t, dir, fmt.Sprintf("word-%d", i))
		must(t, cmd.Start())
		list = append(list, cmd)
	}
	done := make(chan error)
	go func() {
		var errs []error
		for _, cmd := range list {
			errs = append(errs, cmd.Wait())
		}
		done <- errors.Join(errs...)
	}()
	for reads := 0; ; {
		select {
		case err := <-done:
			must(t, err)
			data, err := os.ReadFile(filepath.Join(dir, "a/changelog"))
			must(t, err)
			for i := range many {
				if bytes.Count(data, fmt.Appendf(nil, "word-%d\n", i)) != 1 {
					t.Errorf("word-%d is lost: %q", i, data)
				}
			}
			if reads == 0 {
				t.Error("nobody read anything")
			}
			return
		default:
		}
		w, err := Settle(t.Context(), dir, Options{})
		must(t, err)
		texts := map[string]bool{}
		for _, name := range []string{"a", "b", "deep/c"} {
			data, err := os.ReadFile(filepath.Join(dir, name, "changelog"))
			must(t, err)
			texts[string(data)] = true
		}
		if !w.Changed() {
			if reads++; len(texts) != 1 {
				t.Fatalf("half an update was read: %v", texts)
			}
		}
	}
}

// TestEditedSince: what somebody wrote after the kill is not undone.
func TestEditedSince(t *testing.T) {
	dir := newTree(t)
	killed(t, dir, "second", 11)
	must(t, os.WriteFile(filepath.Join(dir, "a/changelog"), []byte("by hand\n"), 0o644))
	undone := settleNow(t, dir)
	want := []Undone{{Changelogs: 3, Edited: []string{filepath.Join(dir, "a/changelog")}}}
	if diff := cmp.Diff(want, undone); diff != "" {
		t.Error(diff)
	}
	for name, text := range map[string]string{"a": "by hand\n", "b": "first\n", "deep/c": "first\n"} {
		if data, err := os.ReadFile(filepath.Join(dir, name, "changelog")); string(data) != text {
			t.Errorf("%s holds %q, %v", name, data, err)
		}
	}
}

// TestBelowAndAbove: the lock of a checkout counts in all its folders, and that of a folder below it.
func TestBelowAndAbove(t *testing.T) {
	outer := newTree(t)
	must(t, os.Mkdir(filepath.Join(outer, ".git"), 0o755))
	u, err := Begin(t.Context(), filepath.Join(outer, "deep"), Options{})
	must(t, err)
	if _, err := os.Stat(filepath.Join(outer, Folder)); err != nil {
		t.Errorf("the lock is not at the top of the checkout: %v", err)
	}
	for _, dir := range []string{".", "deep", "deep/c", "a"} {
		w, err := Settle(t.Context(), filepath.Join(outer, dir), Options{Patience: 1})
		if err != nil || w.Running == nil {
			t.Errorf("in %s nobody seems to update: %v", dir, err)
		}
	}
	must(t, u.Close())
	// Who cannot write at the top locks what is below.
	h, busy, err := take(filepath.Join(outer, "deep"), "deep", true, Options{})
	if err != nil || busy != nil {
		t.Fatal(busy, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := Begin(ctx, filepath.Join(outer, "deep"), Options{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("there are two locks: %v", err)
	}
	h.drop()
	settleNow(t, filepath.Join(outer, "deep"))
}

// TestOtherMachine: of another machine's lock on a shared file system only its silence can be seen.
func TestOtherMachine(t *testing.T) {
	dir := newTree(t)
	folder := filepath.Join(dir, Folder)
	must(t, os.Mkdir(folder, 0o755))
	data, err := json.Marshal(Owner{PID: 1, Boot: "another"})
	must(t, err)
	must(t, os.WriteFile(filepath.Join(folder, ownerFile), data, 0o644))
	w, err := Settle(t.Context(), dir, Options{Patience: 1})
	if err != nil || w.Running == nil || w.Running.PID != 1 {
		t.Errorf("%+v, %v", w, err)
	}
	must(t, os.Chtimes(folder, time.Time{}, time.Now().Add(-2*silent)))
	settleNow(t, dir)
	if _, err := os.Lstat(folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a silent lock stays: %v", err)
	}
}

// TestRefused: a journal can come with a fleet from elsewhere. It leads to nothing outside.
func TestRefused(t *testing.T) {
	for name, text := range map[string]string{
		"nonsense":        "nonsense",
		"another version": `{"version":2}`,
		"out of the root": `{"version":1,"changes":[{"file":"../changelog","kept":"old-0","new":"` + sumOf([]byte("outside")) + `"}]}`,
		"through a link":  `{"version":1,"changes":[{"file":"link/changelog","kept":"old-0","new":"` + sumOf([]byte("outside")) + `"}]}`,
		"another file":    `{"version":1,"changes":[{"file":"a/changelog","kept":"../secret","new":"` + sumOf([]byte("first\n")) + `"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			outer := t.TempDir()
			root := filepath.Join(outer, "fleet")
			must(t, os.MkdirAll(filepath.Join(root, Folder), 0o755))
			must(t, os.Mkdir(filepath.Join(root, "a"), 0o755))
			must(t, os.Symlink("..", filepath.Join(root, "link")))
			for file, data := range map[string]string{
				"fleet/" + Folder + "/journal": text, "fleet/" + Folder + "/old-0": "old", "fleet/secret": "s", "fleet/a/changelog": "first\n", "changelog": "outside",
			} {
				must(t, os.WriteFile(filepath.Join(outer, file), []byte(data), 0o644))
			}
			before := tree(t, outer)
			_, err := Settle(t.Context(), root, Options{})
			if err == nil || !strings.HasPrefix(err.Error(), filepath.Join(root, Folder)+": cannot undo an interrupted update: ") ||
				!strings.HasSuffix(err.Error(), "\nhint: restore the changelogs from version control, then remove the folder") {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff(before, tree(t, outer)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
