package cli

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDrafts writes with and without a name for what is not whole yet: what a killed process left goes,
// what a living one writes and what is somebody's own stays.
func TestDrafts(t *testing.T) {
	named := func(string) *os.File { return nil }
	for kind, unnamed := range map[string]func(string) *os.File{"named": named, "by the system": openUnnamed} {
		t.Run(kind, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "[odd*]")
			own := []string{".o.tar.123", ".o.tar" + draftMark, ".o.tar" + draftMark + "x", "o.tar" + draftMark + "1"}
			dead := []string{".o.tar" + draftMark + "1", ".other" + draftMark + "22"}
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			for _, name := range append(own, dead...) {
				if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Symlink(own[0], filepath.Join(dir, ".link"+draftMark+"3")); err != nil {
				t.Fatal(err)
			}
			target := filepath.Join(dir, "o.tar")
			living, err := newDraft(target, named)
			if err != nil {
				t.Fatal(err)
			}
			second, err := newDraft(target, unnamed)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := second.file.WriteString("whole"); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(target); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("it is there before it is whole: %v", err)
			}
			if err := errors.Join(second.place(target), second.close()); err != nil {
				t.Fatal(err)
			}
			want := append([]string{filepath.Base(living.name), "o.tar", ".link" + draftMark + "3"}, own...)
			expectNames(t, dir, want)
			if err := errors.Join(living.place(target), living.close()); err != nil {
				t.Fatal(err)
			}
			expectNames(t, dir, want[1:])
		})
	}
}

// TestLongNames: the name of a draft is never too long for a folder.
func TestLongNames(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("n", 255))
	d, err := newDraft(long, func(string) *os.File { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.place(long), d.close()); err != nil {
		t.Error(err)
	}
}

func expectNames(t *testing.T, dir string, want []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range list {
		got = append(got, e.Name())
	}
	if want = slices.Sorted(slices.Values(want)); !slices.Equal(got, want) {
		t.Errorf("there are\n%v, not\n%v", got, want)
	}
}
