package updating

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// broken makes an update of the three changelogs during which something happens after the journal was
// placed: no arrangement of files before it makes a rename fail for root.
func broken(t *testing.T, dir string, happens func(folder string)) (err error) {
	t.Helper()
	placed := false
	return update(t.Context(), dir, "second", Options{step: func(step string) {
		if step == "journal placed" && !placed {
			placed = true
			happens(filepath.Join(dir, Folder))
		}
	}})
}

// TestFailureIsRolledBack takes the second new file away, after the first took its place.
func TestFailureIsRolledBack(t *testing.T) {
	dir := newTree(t)
	before := tree(t, dir)
	err := broken(t, dir, func(folder string) { must(t, os.Remove(filepath.Join(folder, "new-1"))) })
	if !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "b/changelog: cannot write the changelog: ") ||
		!strings.HasSuffix(err.Error(), "\nhint: no changelog was changed") {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Error(diff)
	}
}

// TestEditedMeanwhile: what somebody writes at the last moment is not overwritten.
func TestEditedMeanwhile(t *testing.T) {
	dir := newTree(t)
	edited := filepath.Join(dir, "b", "changelog")
	var before map[string]string
	err := broken(t, dir, func(string) {
		must(t, os.WriteFile(edited, []byte("edited\n"), 0o640))
		before = tree(t, dir)
	})
	if err == nil || !strings.HasPrefix(err.Error(), "b/changelog: cannot write the changelog: it changed while the update was made") {
		t.Errorf("got %v", err)
	}
	for name, was := range before {
		if now := tree(t, dir)[name]; filepath.Base(name) == "changelog" && now != was {
			t.Errorf("%s holds %q, not %q", name, now, was)
		}
	}
}

// TestFailedRollbackNamesTheFile takes the old file away too. The journal stays, so that nobody takes the
// tree for whole.
func TestFailedRollbackNamesTheFile(t *testing.T) {
	dir := newTree(t)
	err := broken(t, dir, func(folder string) {
		must(t, errors.Join(os.Remove(filepath.Join(folder, "new-1")), os.Remove(filepath.Join(folder, "old-0"))))
	})
	for _, want := range []string{"b/changelog: cannot write", "a/changelog: cannot put the changelog back: ", "\nhint: put these back by hand"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
	_, err = Settle(t.Context(), dir, Options{})
	if err == nil || !strings.Contains(err.Error(), "a/changelog: cannot put the changelog back: ") {
		t.Errorf("the next command: %v", err)
	}
	must(t, os.RemoveAll(filepath.Join(dir, Folder))) // as the hint says
	settleNow(t, dir)
}
