package buildcontext

import (
	"bytes"
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
	entries []entry
	sums    [][]byte // of the entries' contents; nil for folders
}

// Stamp is a hash that changes whenever a file may have: of all paths, modes, sizes, times and
// inodes. Nothing is read for it.
func (t *Tree) Stamp() []byte {
	h := sha256.New()
	var buf []byte
	for _, e := range t.sorted() {
		buf = appendKey(append(append(buf[:0], e.path...), 0), e.node)
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

type entry struct {
	path string
	node *node
}

// sorted lists the tree without its root.
func (t *Tree) sorted() []entry {
	out := make([]entry, 0, len(t.nodes))
	var visit func(n *node, dir string)
	visit = func(n *node, dir string) {
		for _, c := range n.children {
			p := below(dir, c.name)
			out = append(out, entry{p, c})
			visit(c, p)
		}
	}
	visit(t.nodes["."], "")
	return out
}

// Read hashes all files, in parallel, but for those that memory, from an earlier Read of the same
// folder, knows and whose size, times and inode are still the same.
func (t *Tree) Read(ctx context.Context, memory []byte) (Contents, error) {
	known := parseMemory(memory)
	now := time.Now()
	entries := t.sorted()
	sums := make([][]byte, len(entries))
	var todo []int
	for i, e := range entries {
		if e.node.IsDir() {
			continue
		}
		if r, ok := known[e.path]; ok && bytes.Equal(r.key, appendKey(nil, e.node)) {
			sums[i] = r.sum
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
		case e.node.IsDir():
		case tooNew(e.node.meta, now):
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

func (t *Tree) hash(ctx context.Context, entries []entry, todo []int, sums [][]byte) error {
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
				sum, err := t.hashFile(ctx, e.node, buf)
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

func (t *Tree) hashFile(ctx context.Context, n *node, buf []byte) ([]byte, error) {
	if n.meta.mode&fs.ModeSymlink != 0 {
		sum := sha256.Sum256([]byte(n.link))
		return sum[:], nil
	}
	f, err := t.openFile(n)
	if err != nil {
		return nil, pathCause(err)
	}
	defer f.Close()
	h := sha256.New()
	for {
		k, err := f.Read(buf)
		h.Write(buf[:k])
		switch {
		case errors.Is(err, io.EOF):
			return h.Sum(nil), nil
		case err != nil:
			return nil, pathCause(err)
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
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
			if !yield(File{e.path, e.node.meta.mode, e.node.tracked, c.sums[i]}) {
				return
			}
		}
	}
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

func followedKeys(uses []recipe.Use, entries []entry) ([]byte, error) {
	list := make([]recipe.Entry, len(entries))
	for i, e := range entries {
		list[i] = recipe.Entry{Path: e.path, Link: e.node.link}
	}
	selected, err := recipe.Select(uses, list)
	var keys []byte
	for i, e := range entries {
		if err == nil && selected[i] {
			keys = appendKey(append(append(keys, e.path...), 0), e.node)
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
	key, sum []byte
}

// A record of the memory is the path's length, the path, the key's length, the key and the digest.
func appendRecord(buf []byte, e entry, sum []byte) []byte {
	key := appendKey(nil, e.node)
	buf = append(binary.AppendUvarint(buf, uint64(len(e.path))), e.path...)
	buf = append(binary.AppendUvarint(buf, uint64(len(key))), key...)
	return append(buf, sum...)
}

// parseMemory reads records; of a damaged memory what comes before the damage.
func parseMemory(data []byte) map[string]record {
	known := make(map[string]record, len(data)/100)
	take := func(n uint64) []byte {
		if n > uint64(len(data)) {
			data = nil
			return nil
		}
		out := data[:n:n]
		data = data[n:]
		return out
	}
	field := func() []byte {
		n, width := binary.Uvarint(data)
		if width <= 0 {
			data = nil
			return nil
		}
		data = data[width:]
		return take(n)
	}
	for len(data) > 0 {
		p, key := field(), field()
		if sum := take(sha256.Size); sum != nil {
			known[string(p)] = record{key, sum}
		}
	}
	return known
}
