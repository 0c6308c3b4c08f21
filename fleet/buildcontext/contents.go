package buildcontext

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
)

// Contents are what a tree's files hold. Nothing in Digest and Listing depends on times, owners,
// inodes or the place of the tree.
type Contents struct {
	Digest  string // "sha256:…" of Listing
	Listing []byte // see Files
	// Memory is for the next call of Read; Complete tells whether it holds every file, so that the
	// same Stamp means the same Digest.
	Memory   []byte
	Complete bool
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
	c := Contents{Complete: true}
	for i, e := range entries {
		c.Listing = append(append(c.Listing, e.path...), 0)
		c.Listing = append(strconv.AppendUint(c.Listing, uint64(unixMode(e.node.meta.mode)), 8), 0)
		c.Listing = append(hex.AppendEncode(c.Listing, sums[i]), 0)
		switch {
		case e.node.IsDir():
		case tooNew(e.node.meta, now):
			c.Complete = false
		default:
			c.Memory = appendRecord(c.Memory, e, sums[i])
		}
	}
	sum := sha256.Sum256(c.Listing)
	c.Digest = "sha256:" + hex.EncodeToString(sum[:])
	return c, nil
}

// unixMode is the mode as stat(2) has it: the type and the permissions, which COPY keeps.
func unixMode(m fs.FileMode) uint32 {
	mode := uint32(m.Perm())
	for bit, unix := range map[fs.FileMode]uint32{fs.ModeDir: 0o40000, fs.ModeSymlink: 0o120000, fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000} {
		if m&bit != 0 {
			mode |= unix
		}
	}
	return mode
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
		target, err := t.root.Readlink(n.source)
		sum := sha256.Sum256([]byte(target))
		return sum[:], pathCause(err)
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

// Files reads a Listing: each path with its mode and digest as one text, to compare.
func Files(listing []byte) map[string]string {
	files := map[string]string{}
	for fields := bytes.Split(listing, []byte{0}); len(fields) > 3; fields = fields[3:] {
		files[string(fields[0])] = string(fields[1]) + " " + string(fields[2])
	}
	return files
}

// Changed compares two results of Files: the paths that differ, are new and are gone, each sorted.
func Changed(before, after map[string]string) (changed, added, removed []string) {
	for p, was := range before {
		switch is, still := after[p]; {
		case !still:
			removed = append(removed, p)
		case is != was:
			changed = append(changed, p)
		}
	}
	for p := range after {
		if _, old := before[p]; !old {
			added = append(added, p)
		}
	}
	slices.Sort(changed)
	slices.Sort(added)
	slices.Sort(removed)
	return changed, added, removed
}
