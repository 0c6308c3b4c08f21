package gitindex

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// readFile and writeFile are for what lies in .git.
func (r repo) readFile(name string) []byte {
	r.t.Helper()
	data, err := os.ReadFile(r.path(name))
	if err != nil {
		r.t.Fatal(err)
	}
	return data
}

func (r repo) writeFile(name string, data []byte) {
	r.t.Helper()
	if err := os.WriteFile(r.path(name), data, 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// signed is an index with the right checksum.
func signed(body []byte, h hash) []byte { return append(body[:len(body):len(body)], h.sum(body)...) }

func TestDamagedIndex(t *testing.T) {
	r := newRepo(t).sample()
	index := r.readFile(".git/index")
	sha1 := hashes["sha1"]
	body := index[:len(index)-sha1.size]
	changed := func(at int, to byte) []byte {
		c := append([]byte{}, body...)
		c[at] = to
		return signed(c, sha1)
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":             {nil, "it is cut short"},
		"cut":               {index[:len(index)-7], "its checksum is wrong"},
		"cut, signed":       {signed(body[:200], sha1), "it claims to have 8 entries in 220 bytes"},
		"a byte off":        {append(changed(20, 1)[:len(body)], index[len(body):]...), "its checksum is wrong"},
		"no index":          {[]byte(strings.Repeat("hello", 100)), "it does not begin as git's index does"},
		"version":           {changed(7, 5), "this Slipway does not know its version 5\nhint: use a newer Slipway, or run: git -C " + r.dir + " update-index --index-version 4"},
		"too many entries":  {changed(8, 255), "it claims to have 4278190088 entries in"},
		"mode":              {changed(headerSize+modeOffset+2, 0x11), "entry 1 of 8: git has no mode "},
		"length":            {changed(headerSize+statSize+sha1.size+1, 9), "entry 1 of 8: its path is not as long as it claims"},
		"flags":             {changed(headerSize+statSize+sha1.size, 0x40), "entry 1 of 8: it has flags that version 2 does not have"},
		"unknown extension": {signed(append(body[:len(body):len(body)], "what\x00\x00\x00\x00"...), sha1), "this Slipway does not know its extension \"what\"\nhint: use a newer Slipway"},
		"extension cut":     {signed(append(body[:len(body):len(body)], "TREE\x00\x00\x00\x01"...), sha1), "it is cut short"},
		"shared index":      {signed(append(append(body[:len(body):len(body)], "link\x00\x00\x00\x14"...), strings.Repeat("\x12", 20)...), sha1), "cannot read the index that it shares, sharedindex.1212121212121212121212121212121212121212: no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			r.writeFile(".git/index", c.data)
			_, err := Open(r.dir)
			wantError(t, err, r.path(".git/index")+": cannot read which files git tracks: ", c.want)
		})
	}
	t.Run("hint", func(t *testing.T) {
		r.writeFile(".git/index", index[:100])
		_, err := Open(r.dir)
		wantError(t, err, "write a new one with: git -C "+r.dir+" reset")
		if err := os.Rename(r.path(".git/index"), r.path(".git/index.away")); err != nil {
			t.Fatal(err)
		}
		r.git("-C", r.dir, "reset")
		r.same(r.open())
	})
	t.Run("pipe", func(t *testing.T) {
		if err := os.Remove(r.path(".git/index")); err != nil {
			t.Fatal(err)
		}
		mkfifo(t, r.path(".git/index"))
		_, err := Open(r.dir)
		wantError(t, err, "it is no regular file")
	})
}

func TestDamagedSplitIndex(t *testing.T) {
	r := newRepo(t).sample()
	r.git("config", "splitIndex.maxPercentChange", "100")
	r.git("update-index", "--split-index")
	shared, err := filepath.Glob(r.path(".git/sharedindex.*"))
	if err != nil || len(shared) != 1 {
		t.Fatalf("shared indexes: %v, %v", shared, err)
	}
	name := ".git/" + filepath.Base(shared[0])
	whole, own := r.readFile(name), r.readFile(".git/index")
	other := newRepo(t)
	other.write("b", "", 0o644)
	other.git("add", "b")
	for want, data := range map[string][]byte{
		": its checksum is wrong":                          whole[:len(whole)-1],
		", has another checksum":                           other.readFile(".git/index"),
		", shares another":                                 own,
		": it does not begin":                              []byte(strings.Repeat("x", 100)),
		": it has 629145600 bytes, more than 536870912\n":  nil,
		": this Slipway does not know its version 5522771": signed([]byte("DIRC\x00TEST\x00\x00\x00"), hashes["sha1"]),
	} {
		r.writeFile(name, data)
		if data == nil {
			if err := os.Truncate(r.path(name), 600<<20); err != nil {
				t.Fatal(err)
			}
		}
		_, err := Open(r.dir)
		wantError(t, err, r.path(".git/index")+": cannot read which files git tracks: ", "the index that it shares, "+filepath.Base(name)+want)
	}
	r.writeFile(name, whole)
	r.same(r.open())
}

// TestNoMemoryForNonsense: what an index claims costs nothing before it is known to be possible.
func TestNoMemoryForNonsense(t *testing.T) {
	r := newRepo(t)
	head := append([]byte("DIRC"), 0, 0, 0, 2, 255, 255, 255, 255)
	many := binary.BigEndian.AppendUint32(append([]byte("DIRC"), 0, 0, 0, 2), maxNodes+1)
	for _, c := range []struct {
		head []byte
		size int64
		want string
	}{
		{head, 1 << 40, "it has 1099511627776 bytes, more than 536870912"},
		{head, 500 << 20, "it claims to have 4294967295 entries in 524288000 bytes"},
		{make([]byte, 12), 500 << 20, "it does not begin as git's index does"},
		{many, 500 << 20, "it has 5000001 entries, more than 5000000"},
	} {
		r.writeFile(".git/index", c.head)
		if err := os.Truncate(r.path(".git/index"), c.size); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Open(r.dir)
		runtime.ReadMemStats(&after)
		wantError(t, err, c.want)
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("%s: %d bytes were allocated", c.want, n)
		}
	}
}

// TestSkippedChecksum: with index.skipHash (git 2.40) the checksum is all zero.
func TestSkippedChecksum(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		r := newRepo(t, "--object-format="+format).sample()
		index := r.readFile(".git/index")
		clear(index[len(index)-hashes[format].size:])
		r.writeFile(".git/index", index)
		r.same(r.open())
	}
}

func TestManyFolders(t *testing.T) {
	tr := newTree(0)
	name := strings.Repeat("a/", 2000) + "a"
	for i := range 10_000 {
		own := binary.BigEndian.AppendUint32([]byte("x"), uint32(i)|0x80808080) // no slash, dot or zero in it
		if err := tr.add(string(own)+"/"+name, Regular, 0); err != nil {
			if !strings.Contains(err.Error(), "the paths of all folders together are longer than 536870912 bytes") {
				t.Error(err)
			}
			return
		}
	}
	t.Errorf("%d files and folders are not too many", len(tr.folders))
}

func TestReadsTwice(t *testing.T) {
	for _, failures := range []int{0, 1, 2} {
		calls := 0
		got, err := twice(func() (*tree, error) {
			if calls++; calls <= failures {
				return nil, errors.New("torn")
			}
			return newTree(0), nil
		})
		if (err != nil) != (failures == 2) || (got == nil) != (failures == 2) || calls != min(failures+1, 2) {
			t.Errorf("%d failures: %v, %v after %d calls", failures, got, err, calls)
		}
	}
}

// TestConcurrentGit reads while git writes, splits the index anew each time, and changes modes.
func TestConcurrentGit(t *testing.T) {
	r := newRepo(t).sample()
	r.git("config", "splitIndex.maxPercentChange", "0")
	done := make(chan struct{})
	defer func() { <-done }()
	go func() {
		defer close(done)
		for i := range 40 {
			args := []string{"update-index", "--split-index"}
			if i%2 == 0 {
				args = []string{"update-index", "--chmod=" + []string{"+x", "-x"}[i/2%2], "a"}
			}
			if out, err := r.try(args...); err != nil {
				t.Errorf("git %q: %v\n%s", args, err, out)
			}
		}
	}()
	for reads := 0; ; reads++ {
		select {
		case <-done:
			if reads < 40 {
				t.Errorf("only %d reads", reads)
			}
			return
		default:
		}
		x, err := Open(r.dir)
		if err != nil {
			t.Fatal(err)
		}
		if mode, ok := x.Tracked("dir/run"); mode != Executable || !ok || len(x.tree.files) != 8 {
			t.Fatalf("after %d reads: %v, %v, %d files", reads, mode, ok, len(x.tree.files))
		}
	}
}

func TestUnreadable(t *testing.T) {
	dir := os.Getenv("GITINDEX_TEST_DIR")
	switch {
	case dir != "":
		unreadable(t, dir)
	case os.Getuid() == 0: // whom nothing is forbidden
		asNobody(t, hidden(t))
	default:
		unreadable(t, hidden(t))
	}
}

// hidden makes checkouts of which something may not be read.
func hidden(t *testing.T) (dir string) {
	dir = t.TempDir()
	for _, name := range []string{"index/.git/index", "config/.git/config", "whole/.git"} {
		top, _, _ := strings.Cut(name, "/")
		r := repo{t, filepath.Join(dir, top)}
		r.write("a", "", 0o644)
		r.git("init", "--quiet")
		r.git("add", "a")
		if err := os.Chmod(filepath.Join(dir, name), 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, name), 0o755) }) // or it cannot be removed
	}
	return dir
}

// unreadable looks at a checkout whose parts may not be read.
func unreadable(t *testing.T, dir string) {
	for name, want := range map[string]string{
		"index":  "/index/.git/index: cannot read which files git tracks: permission denied",
		"config": "/config/.git/config: cannot read git's configuration: permission denied",
		"whole":  "/whole/.git: cannot read this git repository: permission denied",
	} {
		_, err := Open(filepath.Join(dir, name))
		wantError(t, err, want)
	}
}

func TestStamp(t *testing.T) {
	r := newRepo(t)
	seen := map[Stamp]string{}
	look := func(what string, isNew bool) {
		t.Helper()
		c, err := find(r.dir)
		if err != nil {
			t.Fatal(err)
		}
		s, err := c.Stamp()
		if err != nil {
			t.Fatal(err)
		}
		if before, known := seen[s]; known == isNew {
			t.Errorf("%s: known: %v (%s)", what, known, before)
		}
		seen[s] = what
	}
	look("no index yet", true)
	look("no index yet", false)
	r.sample()
	look("files", true)
	r.open()
	look("the same files", false)
	r.write("dir/b", "changed, but not added", 0o600)
	look("a file that is not added", false)
	r.git("update-index", "--chmod=+x", "a")
	look("another mode", true)
	r.git("config", "core.fileMode", "false")
	look("another setting", true)
	index := r.readFile(".git/index")
	info, err := os.Stat(r.path(".git/index"))
	if err != nil {
		t.Fatal(err)
	}
	r.writeFile(".git/index", index)
	if err := os.Chtimes(r.path(".git/index"), info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	look("written again, with its old time", true)
	clear(index[len(index)-20:]) // where there is no checksum, the times must do
	r.writeFile(".git/index", index)
	look("no checksum", true)
	time.Sleep(50 * time.Millisecond)
	index[headerSize+modeOffset+2] ^= 0x01
	r.writeFile(".git/index", index)
	look("changed, without a checksum", true)
	r.writeFile(".git/index", nil)
	look("empty", true)
}

func TestStampIsOfAll(t *testing.T) {
	seen := map[Stamp]int{}
	for i, c := range []Checkout{{}, {top: "x"}, {gitDir: "x"}, {config: config{digest: []byte("x")}}} {
		seen[c.stampOf(traces{})] = i
	}
	for i, tr := range []traces{{size: 1}, {mtime: 1}, {ctime: 1}, {inode: 1}, {checksum: []byte{1}}, {size: -1}} {
		seen[(&Checkout{}).stampOf(tr)] = i
	}
	if len(seen) != 10 {
		t.Errorf("%d stamps of 10 things", len(seen))
	}
}
