package journal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/google/go-cmp/cmp"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/store"
	"github.com/slipway-build/slipway/store/journal"
	"github.com/slipway-build/slipway/store/storetest"
)

func open(t *testing.T, folder string) *storetest.Root {
	t.Helper()
	r, err := storetest.Open(storetest.Context(t.Context()), folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func write(t *testing.T, r *storetest.Root, name string, layers ...string) ocispecs.Descriptor {
	t.Helper()
	d, err := r.Write(storetest.Context(t.Context()), name, nil, layers...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// names are the images that the store lists, each with its marks; and that the journal lists, which
// must be the same.
func names(t *testing.T, r *storetest.Root) map[string]string {
	t.Helper()
	list, err := r.Names.List(storetest.Context(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	read, known, err := journal.Read(r.Folder)
	if err != nil || !known {
		t.Fatalf("journal: known %v, %v", known, err)
	}
	if diff := cmp.Diff(shown(list), shown(read)); diff != "" {
		t.Errorf("the journal has other names than the store (-store +journal):\n%s", diff)
	}
	return shown(list)
}

func shown(list []images.Image) map[string]string {
	out := map[string]string{}
	for _, img := range list {
		var marks []string
		for _, k := range slices.Sorted(maps.Keys(img.Labels)) {
			marks = append(marks, strings.TrimPrefix(k, "slipway.io/")+"="+img.Labels[k])
		}
		out[img.Name] = strings.TrimSpace(img.Target.Digest.Encoded()[:8] + " " + strings.Join(marks, " "))
	}
	return out
}

func short(d ocispecs.Descriptor) string { return d.Digest.Encoded()[:8] }

func want(t *testing.T, r *storetest.Root, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, names(t, r)); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const a1, a2, b1 = "docker.io/library/a:1", "docker.io/library/a:2", "docker.io/library/b:1"

// TestMarksBelongToDigests: all names of an image have its marks, and they go with the last of them.
func TestMarksBelongToDigests(t *testing.T) {
	ctx, folder := storetest.Context(t.Context()), t.TempDir()
	r := open(t, folder)
	d := write(t, r, "a:1", "one")
	must(t, r.Store.MarkTested(ctx, "a:1", store.TestPassed, ""))
	must(t, r.Store.Tag(ctx, "a:1", "b:1"))
	tested := short(d) + " tested=passed"
	want(t, r, map[string]string{a1: tested, b1: tested})
	must(t, r.Store.MarkInputs(ctx, "b:1", store.Marks{ID: "id", Inputs: "in"}))
	marked := short(d) + " id=id inputs=in tested=passed"
	want(t, r, map[string]string{a1: marked, b1: marked})

	other := write(t, r, "a:1", "two") // the name moves
	want(t, r, map[string]string{a1: short(other), b1: marked})
	must(t, r.Close())
	r = open(t, folder)
	want(t, r, map[string]string{a1: short(other), b1: marked})

	must(t, r.Store.Remove(ctx, "b:1"))
	want(t, r, map[string]string{a1: short(other)})
	write(t, r, "b:1", "one") // the same image, fetched again: nobody knows it
	want(t, r, map[string]string{a1: short(other), b1: short(d)})
}

// TestPinKeepsContent: what is pinned survives the collection of garbage, and a restart.
func TestPinKeepsContent(t *testing.T) {
	ctx, folder := storetest.Context(t.Context()), t.TempDir()
	r := open(t, folder)
	good := write(t, r, "a:1", "good")
	must(t, r.Store.Accept(ctx, "a:1", store.TestPassed, "t"))
	must(t, r.Store.Pin(ctx, "a:1"))
	bad := write(t, r, "a:1", "bad")
	must(t, r.Collect(ctx))
	want(t, r, map[string]string{a1: short(bad)})
	must(t, r.Close())
	r = open(t, folder)
	must(t, r.Collect(ctx))
	must(t, r.Store.Pin(ctx, "a:1")) // of what is not good nothing is kept
	must(t, r.Store.GiveBack(ctx, "a:1"))
	must(t, r.Collect(ctx))
	want(t, r, map[string]string{a1: short(good) + " test=t tested=passed"})
	must(t, r.Store.Check(ctx, "a:1"))
	if missing, err := journal.Missing(ctx, r.Content, bad); err != nil || len(missing) == 0 {
		t.Errorf("the image that failed is still there: %v, %v", missing, err)
	}

	must(t, r.Store.Pin(ctx, "a:1"))
	write(t, r, "a:1", "better")
	must(t, r.Store.Accept(ctx, "a:1", store.TestPassed, ""))
	must(t, r.Collect(ctx))
	if missing, err := journal.Missing(ctx, r.Content, good); err != nil || len(missing) == 0 {
		t.Errorf("the image that was replaced is still there: %v, %v", missing, err)
	}
	if err := r.Store.GiveBack(ctx, "a:1"); err != nil {
		t.Error(err)
	}
	want(t, r, map[string]string{})
}

// TestOlderSlipways: what they wrote into the database is taken over, before there is a journal and
// after.
func TestOlderSlipways(t *testing.T) {
	ctx, folder := storetest.Context(t.Context()), t.TempDir()
	r := open(t, folder)
	d, e := write(t, r, "", "one"), write(t, r, "", "two")
	labels := map[string]string{"slipway.io/tested": "passed", "slipway.io/inputs": "in"}
	_, err := r.Database.Create(ctx, images.Image{Name: a1, Target: d, Labels: labels})
	must(t, err)
	must(t, r.Close())
	must(t, os.Remove(journal.Path(folder)))
	r = open(t, folder)
	want(t, r, map[string]string{a1: short(d) + " inputs=in tested=passed"})

	_, err = r.Database.Update(ctx, images.Image{Name: a1, Target: e}) // as an export does
	must(t, err)
	_, err = r.Database.Create(ctx, images.Image{Name: b1, Target: d, Labels: labels})
	must(t, err)
	must(t, r.Close())
	r = open(t, folder)
	want(t, r, map[string]string{a1: short(e), b1: short(d) + " inputs=in tested=passed"})

	old, err := r.Database.Get(ctx, a1)
	must(t, err)
	old.Labels["slipway.io/tested"] = "none" // a mark is added to the labels that are there
	_, err = r.Database.Update(ctx, old)
	must(t, err)
	must(t, r.Close())
	r = open(t, folder)
	want(t, r, map[string]string{a1: short(e) + " tested=none", b1: short(d) + " inputs=in tested=passed"})
}

// TestOlderSlipwaysTag: they copy the labels of one name to another that there is already, and collect what
// that one was.
func TestOlderSlipwaysTag(t *testing.T) {
	ctx, folder := storetest.Context(t.Context()), t.TempDir()
	r := open(t, folder)
	write(t, r, "b:1", "one")
	d := write(t, r, "a:1", "two")
	from, err := r.Database.Get(ctx, a1)
	must(t, err)
	from.Name = b1
	_, err = r.Database.Update(ctx, from)
	must(t, err)
	must(t, r.Close())
	r = open(t, folder)
	want(t, r, map[string]string{a1: short(d), b1: short(d)})
}

// TestCollectedByOlderSlipways: a run was killed between database and journal, and then an older Slipway
// collected what only the journal has. What the database has is the next best.
func TestCollectedByOlderSlipways(t *testing.T) {
	ctx, folder := storetest.Context(t.Context()), t.TempDir()
	r := open(t, folder)
	gone := write(t, r, "a:1", "one")
	must(t, r.Store.MarkTested(ctx, "a:1", store.TestPassed, ""))
	before, err := os.ReadFile(journal.Path(folder))
	must(t, err)
	d := write(t, r, "a:1", "two")
	must(t, r.Collect(ctx))
	must(t, r.Close())
	must(t, os.WriteFile(journal.Path(folder), before, 0o600))
	if _, err := os.Stat(filepath.Join(folder, "content", "blobs", "sha256", gone.Digest.Encoded())); !os.IsNotExist(err) {
		t.Fatalf("nothing was collected: %v", err)
	}
	r = open(t, folder)
	want(t, r, map[string]string{a1: short(d)})
	must(t, r.Store.Check(ctx, "a:1"))
}

// TestGoodOneComesBack: the database is lost, and content of the image that was not good yet: the good one that
// it was to replace has its name again. Names are gone through in no order, so it is tried often.
func TestGoodOneComesBack(t *testing.T) {
	ctx := storetest.Context(t.Context())
	for range 10 {
		folder := t.TempDir()
		r := open(t, folder)
		good := write(t, r, "a:1", "one")
		must(t, r.Store.Accept(ctx, "a:1", store.TestPassed, "t"))
		must(t, r.Store.Pin(ctx, "a:1"))
		next := write(t, r, "a:1", "two")
		must(t, r.Close())
		must(t, os.Remove(filepath.Join(folder, "containerdmeta.db")))
		must(t, os.Remove(filepath.Join(folder, "content", "blobs", "sha256", next.Digest.Encoded())))
		for range 2 { // the second time nothing is left to do
			r = open(t, folder)
			must(t, r.Collect(ctx))
			want(t, r, map[string]string{a1: short(good) + " test=t tested=passed"})
			must(t, r.Store.Check(ctx, "a:1"))
			must(t, r.Close())
		}
	}
}

// TestCutShort: a crash leaves any part of the last line.
func TestCutShort(t *testing.T) {
	ctx, folder := storetest.Context(t.Context()), t.TempDir()
	r := open(t, folder)
	d := write(t, r, "a:1", "one")
	before, err := os.ReadFile(journal.Path(folder))
	must(t, err)
	must(t, r.Store.MarkTested(ctx, "a:1", store.TestPassed, ""))
	must(t, r.Close())
	whole, err := os.ReadFile(journal.Path(folder))
	must(t, err)
	for n := len(before); n < len(whole); n++ {
		must(t, os.WriteFile(journal.Path(folder), whole[:n], 0o600))
		r := open(t, folder)
		want(t, r, map[string]string{a1: short(d)})
		must(t, r.Store.MarkTested(ctx, "a:1", store.TestNone, ""))
		want(t, r, map[string]string{a1: short(d) + " tested=none"})
		must(t, r.Close())
		if _, err := os.Stat(journal.Path(folder) + ".damaged"); err == nil {
			t.Fatal("a line that was cut short is no damage")
		}
	}
	// The same without a header: nothing was ever acknowledged, so the database counts.
	must(t, os.WriteFile(journal.Path(folder), []byte("slip"), 0o600))
	r = open(t, folder)
	want(t, r, map[string]string{a1: short(d)})
}

// TestDamage: the lines that can be read count, and the database for the rest.
func TestDamage(t *testing.T) {
	ctx, folder := storetest.Context(t.Context()), t.TempDir()
	r := open(t, folder)
	write(t, r, "a:1", "one")
	d := write(t, r, "a:1", "two")
	e := write(t, r, "b:1", "three")
	must(t, r.Store.MarkTested(ctx, "b:1", store.TestPassed, ""))
	must(t, r.Collect(ctx))
	must(t, r.Close())
	data, err := os.ReadFile(journal.Path(folder))
	must(t, err)
	lines := bytes.SplitAfter(data, []byte("\n"))
	lines[2] = bytes.Replace(lines[2], []byte("a:1"), []byte("x:9"), 1)
	damaged := bytes.Join(lines, nil)
	must(t, os.WriteFile(journal.Path(folder), damaged, 0o600))
	r = open(t, folder)
	want(t, r, map[string]string{a1: short(d), b1: short(e) + " tested=passed"})
	if aside, err := os.ReadFile(journal.Path(folder) + ".damaged"); err != nil || !bytes.Equal(aside, damaged) {
		t.Errorf("the damaged file was not kept: %v", err)
	}
}

// TestDamagedHeader: a first line that no Slipway writes is damage like any other; the lines below it count.
func TestDamagedHeader(t *testing.T) {
	ctx, folder := storetest.Context(t.Context()), t.TempDir()
	r := open(t, folder)
	d := write(t, r, "a:1", "one")
	must(t, r.Store.MarkTested(ctx, "a:1", store.TestPassed, ""))
	must(t, r.Close())
	data, err := os.ReadFile(journal.Path(folder))
	must(t, err)
	for _, damaged := range [][]byte{append([]byte("\x01"), data[1:]...), []byte("not a journal\n")} {
		must(t, os.WriteFile(journal.Path(folder), damaged, 0o600))
		marks := " tested=passed"
		if len(damaged) < len(data) { // only the database is left
			marks = ""
		}
		r := open(t, folder)
		want(t, r, map[string]string{a1: short(d) + marks})
		must(t, r.Close())
		if aside, err := os.ReadFile(journal.Path(folder) + ".damaged"); err != nil || !bytes.Equal(aside, damaged) {
			t.Errorf("the damaged file was not kept: %v", err)
		}
	}
}

func TestNewerForm(t *testing.T) {
	folder := t.TempDir()
	r := open(t, folder)
	must(t, r.Close())
	must(t, os.WriteFile(journal.Path(folder), []byte("slipway images 2\n"), 0o600))
	if _, _, err := journal.Read(folder); !errors.Is(err, journal.ErrVersion) {
		t.Errorf("Read: %v", err)
	}
	if r, err := storetest.Open(storetest.Context(t.Context()), folder, nil); !errors.Is(err, journal.ErrVersion) {
		t.Errorf("Open: %v, %v", r, err)
	}
}

// TestCompaction: the file does not grow for ever, and nothing is lost when it is written anew.
func TestCompaction(t *testing.T) {
	ctx, folder := storetest.Context(t.Context()), t.TempDir()
	r := open(t, folder)
	d := write(t, r, "a:1", "one")
	for i := range 1500 {
		must(t, r.Store.MarkTested(ctx, "a:1", store.TestPassed, fmt.Sprint(i)))
	}
	must(t, r.Close())
	before, err := os.Stat(journal.Path(folder))
	must(t, err)
	r = open(t, folder)
	after, err := os.Stat(journal.Path(folder))
	must(t, err)
	if after.Size() > 1000 || before.Size() < 100_000 {
		t.Errorf("%d bytes became %d", before.Size(), after.Size())
	}
	want(t, r, map[string]string{a1: short(d) + " test=1499 tested=passed"})
}

// full is a database that is told to fail.
type full struct {
	images.Store
	err error
}

func (f *full) Update(ctx context.Context, img images.Image, fields ...string) (images.Image, error) {
	if f.err != nil {
		return images.Image{}, f.err
	}
	return f.Store.Update(ctx, img, fields...)
}

// TestRefusedWrites: a change that one of the two cannot take is in neither.
func TestRefusedWrites(t *testing.T) {
	ctx, folder := storetest.Context(t.Context()), t.TempDir()
	var db full
	r, err := storetest.Open(ctx, folder, func(s images.Store) images.Store { db.Store = s; return &db })
	must(t, err)
	d := write(t, r, "a:1", "one")
	e := write(t, r, "", "two")
	db.err = errors.New("no")
	if err := r.Store.Put(ctx, "a:1", e); !errors.Is(err, db.err) {
		t.Errorf("Put: %v", err)
	}
	db.err = nil
	want(t, r, map[string]string{a1: short(d)})

	journal.Break(r.Names)
	for what, err := range map[string]error{
		"Put": r.Store.Put(ctx, "a:1", e), "Put new": r.Store.Put(ctx, "b:1", e),
		"Remove": r.Store.Remove(ctx, "a:1"), "MarkTested": r.Store.MarkTested(ctx, "a:1", store.TestPassed, ""),
	} {
		if err == nil || !strings.Contains(err.Error(), "cannot write the images' names") {
			t.Errorf("%s: %v", what, err)
		}
	}
	want(t, r, map[string]string{a1: short(d)})
	r.Close()
	want(t, open(t, folder), map[string]string{a1: short(d)})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("slipway images 1\n"))
	f.Add(journal.Lines(journal.Change{Name: "a", Target: &ocispecs.Descriptor{Digest: "sha256:x"}}, journal.Change{Name: "a"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "images.journal")
		must(t, os.WriteFile(path, data, 0o600))
		_, _, _ = journal.Read(filepath.Dir(path))
	})
}
