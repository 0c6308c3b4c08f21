package fleet

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// filesBelow reads all files below dir, by path.
func filesBelow(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(p)
		rel, _ := filepath.Rel(dir, p)
		out[rel] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRecoverUpdate stops an update where a kill could: after each of its steps.
func TestRecoverUpdate(t *testing.T) {
	for steps := range 4 {
		root := t.TempDir()
		var writes []*write
		for _, name := range []string{"a", "b", "c"} {
			dir := filepath.Join(root, name)
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, changelogFile)
			if err := os.WriteFile(file, []byte("old "+name), 0o644); err != nil {
				t.Fatal(err)
			}
			w := &write{edit: Edit{file: file, Old: []byte("old " + name), New: []byte("new " + name)}}
			writes = append(writes, w)
		}
		before := filesBelow(t, root)
		for _, w := range writes {
			if err := w.prepare(); err != nil {
				t.Fatal(err)
			}
		}
		if err := writeJournal(root, writes); err != nil {
			t.Fatal(err)
		}
		for _, w := range writes[:steps] {
			if err := w.commit(); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := RecoverUpdate(root); n != 3 || err != nil {
			t.Errorf("after %d: %d recovered, %v", steps, n, err)
		}
		if diff := cmp.Diff(before, filesBelow(t, root)); diff != "" {
			t.Errorf("after %d: %s", steps, diff)
		}
		if n, err := RecoverUpdate(root); n != 0 || err != nil {
			t.Errorf("after %d, again: %d recovered, %v", steps, n, err)
		}
	}
}

func TestRecoverUpdateRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nonsense":        "nonsense",
		"another file":    `[{"file":"Dockerfile","backup":".changelog.slipway-1","fresh":".changelog.slipway-2"}]`,
		"another backup":  `[{"file":"changelog","backup":"secret","fresh":".changelog.slipway-2"}]`,
		"out of the root": `[{"file":"../changelog","backup":"../.changelog.slipway-1","fresh":"../.changelog.slipway-2"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			outer := t.TempDir()
			root := filepath.Join(outer, "fleet")
			if err := os.Mkdir(root, 0o755); err != nil {
				t.Fatal(err)
			}
			for file, data := range map[string]string{"fleet/" + journalFile: text, "fleet/secret": "s", "fleet/Dockerfile": "d", "changelog": "c", ".changelog.slipway-1": "x"} {
				if err := os.WriteFile(filepath.Join(outer, file), []byte(data), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			before := filesBelow(t, outer)
			if _, err := RecoverUpdate(root); err == nil || !strings.Contains(err.Error(), journalFile+": cannot") {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff(before, filesBelow(t, outer)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
