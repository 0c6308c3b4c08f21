package updating

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOlder undoes what an older Slipway's update left that was killed after so many renames.
func TestOlder(t *testing.T) {
	for renames := range 4 {
		dir := newTree(t)
		before := tree(t, dir)
		var entries []string
		for i, name := range []string{"a", "b", "deep/c"} {
			file := filepath.Join(dir, name, "changelog")
			info, err := os.Stat(file)
			must(t, err)
			must(t, os.WriteFile(filepath.Join(dir, name, besidePrefix+"12"), []byte("first\n"), info.Mode()))
			fresh := filepath.Join(dir, name, besidePrefix+"34")
			if i < renames {
				fresh = file
			}
			must(t, os.WriteFile(fresh, []byte("second\n"), 0o644))
			entries = append(entries, `{"file":"N/changelog","backup":"N/.changelog.slipway-12","fresh":"N/.changelog.slipway-34"}`)
			entries[i] = strings.ReplaceAll(entries[i], "N", name)
		}
		must(t, os.WriteFile(filepath.Join(dir, Folder), []byte("["+strings.Join(entries, ",")+"]"), 0o600))
		undone := settleNow(t, dir)
		if len(undone) != 1 || undone[0].Changelogs != 3 {
			t.Errorf("after %d renames: %+v", renames, undone)
		}
		if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
			t.Errorf("after %d renames: %s", renames, diff)
		}
	}
}

// TestOlderRefused: an older journal can come with a fleet from elsewhere, too.
func TestOlderRefused(t *testing.T) {
	for name, text := range map[string]string{
		"nonsense":        "nonsense",
		"another file":    `[{"file":"Dockerfile","backup":".changelog.slipway-1","fresh":".changelog.slipway-2"}]`,
		"another backup":  `[{"file":"changelog","backup":"secret","fresh":".changelog.slipway-2"}]`,
		"out of the root": `[{"file":"../changelog","backup":"../.changelog.slipway-1","fresh":"../.changelog.slipway-2"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			outer := t.TempDir()
			root := filepath.Join(outer, "fleet")
			must(t, os.Mkdir(root, 0o755))
			for file, data := range map[string]string{"fleet/" + Folder: text, "fleet/secret": "s", "fleet/Dockerfile": "d", "changelog": "c", ".changelog.slipway-1": "x"} {
				must(t, os.WriteFile(filepath.Join(outer, file), []byte(data), 0o644))
			}
			before := tree(t, outer)
			if _, err := Settle(t.Context(), root, Options{}); err == nil || !strings.Contains(err.Error(), Folder+": cannot undo an interrupted update: ") {
				t.Errorf("error %v", err)
			}
			if diff := cmp.Diff(before, tree(t, outer)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestSweep removes what an older Slipway's updates left before they had a journal, and nothing else.
func TestSweep(t *testing.T) {
	dir := newTree(t)
	want := tree(t, dir)
	for _, name := range []string{"a/.changelog.slipway-keep", "a/.changelog.slipway-", ".slipway-update.d"} {
		must(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
		want[name] = "-rw-r--r-- "
	}
	must(t, os.Mkdir(filepath.Join(dir, "b/.changelog.slipway-5"), 0o755))
	want["b/.changelog.slipway-5"] = "drwxr-xr-x"
	for _, name := range []string{"a/.changelog.slipway-123", "deep/c/.changelog.slipway-4", ".slipway-update.77"} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("left"), 0o600))
	}
	u, err := Begin(t.Context(), dir, Options{})
	must(t, err)
	must(t, u.Sweep([]string{dir, filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "deep/c"), filepath.Join(dir, "gone"), "/"}))
	must(t, u.Close())
	if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
		t.Error(diff)
	}
}
