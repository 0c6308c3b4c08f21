package fleet

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCommitFailureIsRolledBack fails in the middle of the renames, which no arrangement of files
// does reliably for root: the second new file is taken away after it was prepared.
func TestCommitFailureIsRolledBack(t *testing.T) {
	dir := t.TempDir()
	var writes []*write
	for _, name := range []string{"a", "b", "c"} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte("old "+name), 0o600); err != nil {
			t.Fatal(err)
		}
		w := &write{edit: Edit{Path: name, file: file, Old: []byte("old " + name), New: []byte("new " + name)}}
		if err := w.prepare(); err != nil {
			t.Fatal(err)
		}
		writes = append(writes, w)
	}
	if err := os.Remove(writes[1].fresh); err != nil {
		t.Fatal(err)
	}
	err := commitAll(writes)
	if !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "b: cannot write the changelog: ") ||
		!strings.HasSuffix(err.Error(), "\nhint: no changelog was changed") {
		t.Errorf("got %v", err)
	}
	for _, w := range writes {
		w.clean()
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Fatalf("%v is left, %v", entries, err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil || string(data) != "old "+e.Name() {
			t.Errorf("%s holds %q, %v", e.Name(), data, err)
		}
	}
}

// TestFailedRollbackNamesTheFile takes the backup away too.
func TestFailedRollbackNamesTheFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	w := &write{edit: Edit{Path: "a", file: file, Old: []byte("old"), New: []byte("new")}}
	if err := errors.Join(w.prepare(), w.commit(), os.Remove(w.backup)); err != nil {
		t.Fatal(err)
	}
	err := rollback([]*write{w}, errors.New("cannot go on"))
	for _, want := range []string{"cannot go on", "a: cannot put the changelog back: ", "\nhint: put these back by hand"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
}
