package buildcontext

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/recipe"
)

// contextOf makes files and opens them as a context. Their times are a day old, so that they are not too
// new to be remembered.
func contextOf(t *testing.T, files map[string]string) (dir string, open func() *Tree) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range files {
		write(t, filepath.Join(dir, name), text)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return dir, func() *Tree {
		t.Helper()
		tree, err := Open(root, ".", "shown", Options{})
		if err != nil {
			t.Fatal(err)
		}
		return tree
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, tree *Tree, memory []byte) Contents {
	t.Helper()
	c, err := tree.Read(t.Context(), memory)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// whole is the digest of all that a build sees.
func whole(t *testing.T, c Contents) string {
	t.Helper()
	d, err := c.Digest(recipe.Followed{}, Own{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDigestIsOfContents(t *testing.T) {
	dir, open := contextOf(t, map[string]string{"a": "1", "sub/b": "2", "sub/deep/c": "3"})
	first := read(t, open(), nil)
	_, openCopy := contextOf(t, map[string]string{"sub/deep/c": "3", "a": "1", "sub/b": "2"})
	if other := read(t, openCopy(), nil); whole(t, other) != whole(t, first) {
		t.Errorf("the same files elsewhere have another digest:\n%q\n%q", first.Listing(), other.Listing())
	}
	for _, step := range []struct {
		name string
		do   func() error
		same bool
	}{
		{"times", func() error { return os.Chtimes(filepath.Join(dir, "a"), time.Unix(1, 0), time.Unix(1, 0)) }, true},
		{"owner", func() error { return os.Chown(filepath.Join(dir, "a"), 12345, 12345) }, true},
		{"another inode", func() error {
			write(t, filepath.Join(dir, "new"), "1")
			return os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "a"))
		}, true},
		{"link to the same", func() error {
			write(t, filepath.Join(dir, "sub/target"), "1")
			return os.Remove(filepath.Join(dir, "sub/target"))
		}, true},
		{"mode", func() error { return os.Chmod(filepath.Join(dir, "a"), 0o755) }, false},
		{"content", func() error { return os.WriteFile(filepath.Join(dir, "sub/b"), []byte("4"), 0o644) }, false},
		{"new folder", func() error { return os.Mkdir(filepath.Join(dir, "empty"), 0o755) }, false},
		{"renamed", func() error { return os.Rename(filepath.Join(dir, "empty"), filepath.Join(dir, "void")) }, false},
		{"mode of a folder", func() error { return os.Chmod(filepath.Join(dir, "void"), 0o700) }, false},
		{"gone", func() error { return os.Remove(filepath.Join(dir, "sub/deep/c")) }, false},
	} {
		before := read(t, open(), nil)
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if after := read(t, open(), before.Memory); (whole(t, after) == whole(t, before)) != step.same {
			t.Errorf("%s: same digest: %v", step.name, whole(t, after) == whole(t, before))
		} else if fresh := read(t, open(), nil); whole(t, fresh) != whole(t, after) {
			t.Errorf("%s: what is remembered gives another digest", step.name)
		}
	}
}

// TestKnownFilesAreNotRead: a digest from the memory is believed while the file's key is the same.
func TestKnownFilesAreNotRead(t *testing.T) {
	dir, open := contextOf(t, map[string]string{"a": "1", "b": "2"})
	time.Sleep(60 * time.Millisecond) // older than a tick
	first := read(t, open(), nil)
	if !first.Complete {
		t.Fatal("the files are too new")
	}
	stamp := open().Stamp()
	if !bytes.Equal(stamp, open().Stamp()) {
		t.Error("two looks at the same files have different stamps")
	}
	forged := bytes.Clone(first.Memory)
	forged[len(forged)-1] ^= 1 // the digest of b
	if second := read(t, open(), forged); whole(t, second) == whole(t, first) {
		t.Error("the file was read although it is known")
	}
	for cut := range len(forged) { // a damaged memory is no danger
		if c := read(t, open(), first.Memory[:cut]); whole(t, c) != whole(t, first) {
			t.Fatalf("a memory cut at %d gives another digest", cut)
		}
	}
	write(t, filepath.Join(dir, "b"), "3")
	if err := os.Chtimes(filepath.Join(dir, "b"), time.Unix(1, 0), time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(stamp, open().Stamp()) {
		t.Error("the stamp did not see another content of the same length and an old time")
	}
	if c := read(t, open(), forged); strings.Contains(string(c.Listing()), string(forged)) || whole(t, c) == whole(t, first) {
		t.Error("a changed file was not read")
	}
}

func TestNewFilesAreReadAgain(t *testing.T) {
	dir, open := contextOf(t, map[string]string{"a": "1"})
	write(t, filepath.Join(dir, "new"), "1")
	c := read(t, open(), nil)
	if _, ok := recall(c.Memory).find("new"); c.Complete || ok {
		t.Errorf("a file of this very moment is remembered: %v, %v", c.Complete, ok)
	}
}

// TestRecall: what was remembered of a tree is found for each file that is there still, whatever the names.
func TestRecall(t *testing.T) {
	names := []string{"a", "a!", "a-b", "a.b", "a0", "ab", "A", "é", "\x01", "a b", "~"}
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		files := map[string]string{}
		for range 30 {
			var parts []string
			for range 1 + r.IntN(3) {
				parts = append(parts, names[r.IntN(len(names))])
			}
			files[strings.Join(parts, "/")+"/file"] = ""
		}
		_, open := contextOf(t, files)
		tree := open()
		var memory []byte
		gone := map[string]bool{}
		for _, n := range tree.sorted() {
			if gone[n.path] = r.IntN(4) == 0; !gone[n.path] && !n.IsDir() {
				memory = appendRecord(memory, n, sha256.Sum256([]byte(n.path)))
			}
		}
		known := recall(memory)
		for _, n := range tree.sorted() {
			if n.IsDir() || r.IntN(4) == 0 {
				continue
			}
			if got, ok := known.find(n.path); ok == gone[n.path] || ok && sum(got.sum) != sha256.Sum256([]byte(n.path)) {
				t.Fatalf("%q: found %t, remembered %t", n.path, ok, !gone[n.path])
			}
		}
	}
}

func TestChanged(t *testing.T) {
	before := Files([]byte("a\x00644\x00aa\x00b\x00644\x00bb\x00line\nbreak\x00644\x00cc\x00"))
	after := Files([]byte("a\x00755\x00aa\x00line\nbreak\x00644\x00cc\x00z\x00644\x00dd\x00"))
	changed, added, removed := Changed(before, after)
	if diff := cmp.Diff([][]string{{"a"}, {"z"}, {"b"}}, [][]string{changed, added, removed}); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	for d := range 1000 {
		for f := range 50 {
			p := filepath.Join(dir, fmt.Sprintf("g%d/image%d/sub%d/file%02d", d%30, d, f%5, f))
			if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
				b.Fatal(err)
			}
			if err := os.WriteFile(p, []byte("content"), 0o666); err != nil {
				b.Fatal(err)
			}
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer root.Close()
	for b.Loop() {
		for d := range 1000 {
			t, err := Open(root, fmt.Sprintf("g%d/image%d", d%30, d), "x", Options{})
			if err != nil {
				b.Fatal(err)
			}
			t.Stamp()
		}
	}
}
