package buildcontext

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-build/slipway/recipe"
)

// Contents are what a tree's files hold. Nothing that is made of them depends on times, owners, inodes or
// the place of the tree.
type Contents struct {
	// Memory is for the next call of Read; Complete tells whether it holds every file, so that the
	// same Stamp means the same contents.
	Memory   []byte
	Complete bool

	tree    *Tree
	entries []*node
	sums    []sum // of the entries' contents; zero for folders
}

// Stamp is a hash that changes whenever a file may have: of all paths, modes, sizes, times and
// inodes. Nothing is read for it.
func (t *Tree) Stamp() []byte {
	h := sha256.New()
	var buf []byte
	for _, e := range t.sorted() {
		buf = appendKey(append(append(buf[:0], e.path...), 0), e)
		h.Write(buf)
	}
	return h.Sum(nil)
}

// appendKey adds what must be the same for a file's content to be taken as known. A folder's times
// change with its entries, which are keys of their own.
func appendKey(buf []byte, n *node) []byte {
	buf = binary.AppendUvarint(buf, uint64(n.meta.mode))
	if n.kept != n.meta.mode {
		buf = binary.AppendUvarint(append(buf, 'g'), uint64(n.kept))
	}
	if n.IsDir() {
		return buf
	}
	buf = binary.AppendVarint(buf, n.meta.size)
	buf = binary.AppendVarint(buf, n.meta.mtime)
	buf = binary.AppendVarint(buf, n.meta.ctime)
	return binary.AppendUvarint(buf, n.meta.inode)
}

type sum = [sha256.Size]byte

// all goes through the tree without its root: a folder comes before what is in it, and entries of a
// folder come by their names.
func (t *Tree) all() iter.Seq[*node] {
	return func(yield func(*node) bool) { t.top.visit(yield) }
}

func (n *node) visit(yield func(*node) bool) bool {
	for _, c := range n.children {
		if !yield(c) || !c.visit(yield) {
			return false
		}
	}
	return true
}

// sorted lists what all goes through.
func (t *Tree) sorted() []*node {
	return slices.AppendSeq(make([]*node, 0, t.count), t.all())
}

// order compares two paths as all sorts them.
func order(a, b string) int {
	for i := range min(len(a), len(b)) {
		switch {
		case a[i] == b[i]:
		case a[i] == '/':
			return -1
		case b[i] == '/':
			return 1
		default:
			return cmp.Compare(a[i], b[i])
		}
	}
	return cmp.Compare(len(a), len(b))
}

// Read hashes all files, in parallel, but for those that memory, from an earlier Read of the same
// folder, knows and whose size, times and inode are still the same.
func (t *Tree) Read(ctx context.Context, memory []byte) (Contents, error) {
	known := recall(memory)
	now := time.Now()
	entries := t.sorted()
	sums := make([]sum, len(entries))
	var todo []int
	var key []byte
	for i, e := range entries {
		if e.IsDir() {
			continue
		}
		key = appendKey(key[:0], e)
		if r, ok := known.find(e.path); ok && bytes.Equal(r.key, key) {
			sums[i] = sum(r.sum)
		} else {
			todo = append(todo, i)
		}
	}
	if err := t.hash(ctx, entries, todo, sums); err != nil {
		return Contents{}, err
	}
	c := Contents{Complete: true, tree: t, entries: entries, sums: sums}
	for i, e := range entries {
		switch {
		case e.IsDir():
		case tooNew(e.meta, now):
			c.Complete = false
		default:
			c.Memory = appendRecord(c.Memory, e, sums[i])
		}
	}
	return c, nil
}

// tooNew tells whether the file could be changed once more without a change of its times: file
// systems count in ticks of up to 10 ms, some in seconds.
func tooNew(m meta, now time.Time) bool {
	for _, ns := range []int64{m.mtime, m.ctime} {
		tick := 50 * time.Millisecond
		if ns%int64(time.Second) == 0 {
			tick = 2 * time.Second
		}
		if age := now.Sub(time.Unix(0, ns)); age < tick && age > -time.Hour {
			return true
		}
	}
	return false
}

func (t *Tree) hash(ctx context.Context, entries []*node, todo []int, sums []sum) error {
	group, ctx := errgroup.WithContext(ctx)
	errs := make([]error, len(todo))
	const chunk = 32 // files that are mostly small
	group.SetLimit(runtime.GOMAXPROCS(0))
	for begin := 0; begin < len(todo); begin += chunk {
		group.Go(func() error {
			buf := make([]byte, 64<<10)
			for i := begin; i < min(begin+chunk, len(todo)); i++ {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				e := entries[todo[i]]
				sum, err := t.hashFile(ctx, e, buf)
				if err != nil {
					errs[i] = fmt.Errorf("%s: cannot add to the build context: %w", path.Join(t.shown, e.path), err)
				}
				sums[todo[i]] = sum
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return errors.Join(errs...)
}

func (t *Tree) hashFile(ctx context.Context, n *node, buf []byte) (of sum, err error) {
	if n.meta.mode&fs.ModeSymlink != 0 {
		return sha256.Sum256([]byte(n.text)), nil
	}
	f, err := t.openFile(n)
	if err != nil {
		return of, pathCause(err)
	}
	defer f.Close()
	h := sha256.New()
	for {
		k, err := f.Read(buf)
		h.Write(buf[:k])
		switch {
		case errors.Is(err, io.EOF):
			return sum(h.Sum(nil)), nil
		case err != nil:
			return of, pathCause(err)
		case ctx.Err() != nil:
			return of, context.Cause(ctx)
		}
	}
}

// File is a file or folder as the file system has it.
type File struct {
	Path    string
	Mode    fs.FileMode // as it stands
	Tracked bool        // its mode is kept by something else than the file system
	Sum     []byte      // SHA-256 of what it holds; nil for folders
}

// Standing are all files of the folder as they stand, also those that only older Slipways counted.
func (c Contents) Standing() iter.Seq[File] {
	return func(yield func(File) bool) {
		for i, e := range c.entries {
			if !yield(File{e.path, e.meta.mode, e.tracked, c.sum(i)}) {
				return
			}
		}
	}
}

// sum is of an entry's content; nil for a folder.
func (c Contents) sum(i int) []byte {
	if c.entries[i].IsDir() {
		return nil
	}
	return c.sums[i][:]
}

// KeepsModes tells whether something else than the file system keeps modes of files here.
func (c Contents) KeepsModes() bool { return c.tree != nil && c.tree.Modes != nil }

// Same tells whether the files that a build followed are in another tree of the same folder as they are
// here, by what stat(2) says of them.
func (c Contents) Same(f recipe.Followed, now *Tree) (bool, error) {
	uses := append(slices.Clone(f.Context), f.Artifacts...)
	if !f.Known {
		uses = []recipe.Use{recipe.NewUse("/")}
	}
	before, err := followedKeys(uses, c.entries)
	if err != nil {
		return false, err
	}
	after, err := followedKeys(uses, now.sorted())
	return bytes.Equal(before, after), err
}

func recipeEntries(nodes []*node) []recipe.Entry {
	out := make([]recipe.Entry, len(nodes))
	for i, n := range nodes {
		out[i] = recipe.Entry{Path: n.path, Link: n.text}
	}
	return out
}

func followedKeys(uses []recipe.Use, entries []*node) ([]byte, error) {
	selected, err := recipe.Select(uses, recipeEntries(entries))
	var keys []byte
	for i, e := range entries {
		if err == nil && selected[i] {
			keys = appendKey(append(append(keys, e.path...), 0), e)
		}
	}
	return keys, err
}

// pathCause takes the path, which the message has already, off a system error.
func pathCause(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

type record struct {
	path string
	key  []byte
	sum  []byte // of sha256.Size bytes
}

// A record of the memory is the path's length, the path, the key's length, the key and the digest.
func appendRecord(buf []byte, e *node, sum sum) []byte {
	key := appendKey(nil, e)
	buf = append(binary.AppendUvarint(buf, uint64(len(e.path))), e.path...)
	buf = append(binary.AppendUvarint(buf, uint64(len(key))), key...)
	return append(buf, sum[:]...)
}

// remembered reads records, which are in the order that all has. Of a damaged memory it has what comes
// before the damage.
type remembered struct {
	data []byte // after next
	next record
	ok   bool
}

func recall(memory []byte) *remembered {
	r := &remembered{data: memory}
	r.advance()
	return r
}

// find looks for a path that comes after those of the calls before.
func (r *remembered) find(path string) (record, bool) {
	for r.ok && order(r.next.path, path) < 0 {
		r.advance()
	}
	return r.next, r.ok && r.next.path == path
}

func (r *remembered) advance() {
	p, key := r.field(), r.field()
	r.next = record{string(p), key, r.take(sha256.Size)}
	r.ok = r.next.sum != nil
}

func (r *remembered) field() []byte {
	n, width := binary.Uvarint(r.data)
	if width <= 0 {
		r.data = nil
		return nil
	}
	r.data = r.data[width:]
	return r.take(n)
}

func (r *remembered) take(n uint64) []byte {
	if n > uint64(len(r.data)) {
		r.data = nil
		return nil
	}
	out := r.data[:n:n]
	r.data = r.data[n:]
	return out
}
