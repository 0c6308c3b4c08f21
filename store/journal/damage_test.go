package journal_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/store"
	"github.com/slipway-build/slipway/store/journal"
	"github.com/slipway-build/slipway/store/storetest"
)

// TestDatabaseIsLost: names come back from the journal with their content; what has none is dropped.
func TestDatabaseIsLost(t *testing.T) {
	ctx, folder := storetest.Context(t.Context()), t.TempDir()
	r := open(t, folder)
	d := write(t, r, "a:1", "one", "shared")
	gone := write(t, r, "b:1", "two", "shared")
	must(t, r.Store.MarkTested(ctx, "a:1", store.TestPassed, "t"))
	must(t, r.Store.Pin(ctx, "a:1"))
	next := write(t, r, "a:1", "three")
	must(t, r.Close())
	must(t, os.Remove(filepath.Join(folder, "containerdmeta.db")))
	must(t, os.Remove(filepath.Join(folder, "content", "blobs", "sha256", gone.Digest.Encoded())))
	r = open(t, folder)
	must(t, r.Collect(ctx))
	want(t, r, map[string]string{a1: short(next)})
	must(t, r.Store.GiveBack(ctx, "a:1"))
	must(t, r.Collect(ctx))
	want(t, r, map[string]string{a1: short(d) + " test=t tested=passed"})
	must(t, r.Store.Check(ctx, "a:1"))
	var tar bytes.Buffer
	must(t, r.Store.Save(ctx, &tar, "a:1"))
}

// TestDamageIsSaid: what was lost with a journal is said once. A first line that is no header of any form is
// damage; one of another form is a newer Slipway's.
func TestDamageIsSaid(t *testing.T) {
	ctx := storetest.Context(t.Context())
	for name, tt := range map[string]struct {
		change func(path string, data []byte) error
		said   string // empty: nothing
		tested bool   // what is known of the image stays
	}{
		"whole":   {func(string, []byte) error { return nil }, "", true},
		"deleted": {func(path string, _ []byte) error { return os.Remove(path) }, "was lost", false},
		"emptied": {func(path string, _ []byte) error { return os.Truncate(path, 0) }, "was lost", false},
		"header": {func(path string, data []byte) error {
			data[2] ^= 0x40
			return os.WriteFile(path, data, 0o600)
		}, "was damaged and is in images.journal.damaged now", true},
		"line": {func(path string, data []byte) error {
			data[bytes.Index(data, []byte("passed"))] ^= 0x40
			return os.WriteFile(path, data, 0o600)
		}, "was damaged", false},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			r := open(t, folder)
			d := write(t, r, "a:1", "one")
			must(t, r.Store.MarkTested(ctx, "a:1", store.TestPassed, ""))
			write(t, r, "b:1", "two")
			must(t, r.Close())
			data, err := os.ReadFile(journal.Path(folder))
			must(t, err)
			must(t, tt.change(journal.Path(folder), data))
			r = open(t, folder)
			if said := r.Names.Mended(); (said != "") != (tt.said != "") || !strings.Contains(said, tt.said) {
				t.Errorf("said: %q, want %q", said, tt.said)
			}
			got := names(t, r)
			if _, there := got[b1]; !there || strings.Contains(got[a1], "tested=passed") != tt.tested || !strings.HasPrefix(got[a1], short(d)) {
				t.Errorf("names: %v", got)
			}
			must(t, r.Close())
			if said := open(t, folder).Names.Mended(); said != "" {
				t.Errorf("said again: %s", said)
			}
		})
	}
}

// TestHealsTheSameAgain: what comes out the same again replaces the damaged file, of any kind of blob.
func TestHealsTheSameAgain(t *testing.T) {
	ctx, folder := storetest.Context(t.Context()), t.TempDir()
	r := open(t, folder)
	target := write(t, r, "a:1", "one", "two")
	var all []string
	must(t, filepath.WalkDir(filepath.Join(folder, "content", "blobs"), func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			all = append(all, path)
		}
		return err
	}))
	for _, file := range all {
		damages := map[string]func() error{
			"cut short": func() error { return os.Truncate(file, 1) },
			"gone":      func() error { return os.Remove(file) },
			"a loop":    func() error { return errors.Join(os.Remove(file), os.Symlink(file, file)) },
			"a folder":  func() error { return errors.Join(os.Remove(file), os.Mkdir(file, 0o755)) },
		}
		if filepath.Base(file) == target.Digest.Encoded() {
			damages["other content"] = func() error { return os.WriteFile(file, make([]byte, target.Size), 0o644) }
		}
		for what, damage := range damages {
			must(t, os.Chmod(file, 0o644))
			must(t, damage())
			list, _, err := r.Local().Index()
			if err = errors.Join(err, r.Local().Check(ctx, []*store.Image{&list[0]})); err != nil || list[0].Damaged == "" {
				t.Errorf("%s is %s: a plan says %q, %v", filepath.Base(file), what, list[0].Damaged, err)
			}
			must(t, r.Store.Heal(ctx, "a:1"))
			if again := write(t, r, "a:1", "one", "two"); again.Digest != target.Digest {
				t.Fatalf("%s is not %s: the test shows nothing", again.Digest, target.Digest)
			}
			if err := r.Store.CheckRead(ctx, "a:1"); err != nil {
				t.Errorf("%s is %s: %v", filepath.Base(file), what, err)
			}
		}
	}
	if len(all) != 4 {
		t.Errorf("%d blobs", len(all))
	}
}
