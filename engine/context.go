package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing/fstest"
	"time"

	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/identity"
	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
)

// newSolveOpt hands the Dockerfile and the context to BuildKit's frontend.
func newSolveOpt(dockerfile []byte, files fs.FS, epoch time.Time) client.SolveOpt {
	if files == nil {
		files = fstest.MapFS{}
	}
	own := fstest.MapFS{
		"Dockerfile": {Data: dockerfile, Mode: 0o644, ModTime: time.Unix(0, 0)},
		// BuildKit would leave out what the context's .dockerignore lists, but which list counts, and what
		// it leaves, the caller has decided. This one goes before it.
		"Dockerfile.dockerignore": {Data: []byte("# nothing\n"), Mode: 0o644, ModTime: time.Unix(0, 0)},
	}
	return client.SolveOpt{
		// BuildKit's history would keep build arguments, which may hold a proxy's
		// password, and hold on to images that were removed.
		Internal: true,
		// Unique per solve: BuildKit compares the files of a reused context by
		// size and time only, and a stale context would be a wrong image.
		SharedKey: identity.NewID(),
		LocalMounts: map[string]fsutil.FS{
			"dockerfile": newContextFS(own, epoch),
			"context":    newContextFS(files, epoch),
		},
	}
}

// contextFS offers a file system of the standard library to BuildKit's file sync.
// All files have the time of the image: when somebody checked them out is no part
// of it.
type contextFS struct {
	fs.FS
	epoch   time.Time
	pending pending
}

func newContextFS(files fs.FS, epoch time.Time) contextFS {
	return contextFS{files, epoch, make(pending, maxPending)}
}

// maxPending bounds the files that were offered and not asked for yet. BuildKit asks for each file of a
// context, for it never has them already, and keeps a goroutine, a hash and a name for each that it
// waits for. Listing files is faster than writing them: without a bound, all of a large context waits.
const maxPending = 1024

// pending holds one token for each file that was offered and not asked for yet.
type pending chan struct{}

// offer waits until there is room. When no file is asked for in a second, BuildKit will not ask for
// those that it was offered: a transfer was given up.
func (p pending) offer(ctx context.Context) error {
	select {
	case p <- struct{}{}:
		return nil
	default:
	}
	given := time.NewTimer(time.Second)
	defer given.Stop()
	for {
		select {
		case p <- struct{}{}:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-given.C:
			for range maxPending {
				p.asked()
			}
		}
	}
}

// asked takes a token back.
func (p pending) asked() {
	select {
	case <-p:
	default:
	}
}

// offered is a file, which counts as offered when BuildKit has a look at what it is: it has none at
// files that the Dockerfile does not need.
type offered struct {
	fsutil.DirEntryInfo
	offer func() error
}

// Info implements fs.DirEntry.
func (o *offered) Info() (fs.FileInfo, error) {
	if o.offer != nil {
		if err := o.offer(); err != nil {
			return nil, err
		}
		o.offer = nil
	}
	return o.DirEntryInfo.Info()
}

// Walk implements fsutil.FS. Entries come sorted by path component; paths are
// relative to the root, which itself is left out.
func (c contextFS) Walk(ctx context.Context, target string, fn fs.WalkDirFunc) error {
	root := path.Clean(strings.TrimPrefix(target, "/"))
	if root == "" {
		root = "."
	}
	err := fs.WalkDir(c.FS, root, func(p string, d fs.DirEntry, err error) error {
		if ctxErr := ctx.Err(); ctxErr != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return fmt.Errorf("cannot read build context: %w", err)
		}
		if p == "." {
			return nil
		}
		stat, err := c.stat(p, d)
		if err != nil {
			return err
		}
		entry := &offered{DirEntryInfo: fsutil.DirEntryInfo{Stat: stat}}
		if d.Type().IsRegular() {
			entry.offer = func() error { return c.pending.offer(ctx) }
		}
		return fn(p, entry, nil)
	})
	if errors.Is(err, fs.ErrNotExist) && root != "." {
		return nil
	}
	return err
}

func (c contextFS) stat(p string, d fs.DirEntry) (*types.Stat, error) {
	info, err := d.Info()
	if err != nil {
		return nil, fmt.Errorf("cannot read build context: %w", err)
	}
	stat := &types.Stat{Path: p, Mode: uint32(info.Mode()), ModTime: c.epoch.UnixNano()}
	switch {
	case info.Mode().IsRegular():
		stat.Size = info.Size()
	case info.Mode()&fs.ModeSymlink != 0:
		if stat.Linkname, err = fs.ReadLink(c.FS, p); err != nil {
			return nil, fmt.Errorf("cannot read build context: %w", err)
		}
	}
	return stat, nil
}

// Open implements fsutil.FS.
func (c contextFS) Open(p string) (io.ReadCloser, error) {
	c.pending.asked()
	return c.FS.Open(path.Clean(strings.TrimPrefix(p, "/")))
}

// overlayFS shows upper's entries over lower's; folders of the same name merge.
type overlayFS struct{ lower, upper fs.FS }

func overlay(lower, upper fs.FS) fs.FS {
	if lower == nil {
		return upper
	}
	return overlayFS{lower, upper}
}

// Open implements fs.FS.
func (o overlayFS) Open(name string) (fs.File, error) {
	f, err := o.upper.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return o.lower.Open(name)
	}
	return f, err
}

// Lstat implements fs.ReadLinkFS.
func (o overlayFS) Lstat(name string) (fs.FileInfo, error) {
	info, err := fs.Lstat(o.upper, name)
	if errors.Is(err, fs.ErrNotExist) {
		return fs.Lstat(o.lower, name)
	}
	return info, err
}

// ReadLink implements fs.ReadLinkFS.
func (o overlayFS) ReadLink(name string) (string, error) {
	link, err := fs.ReadLink(o.upper, name)
	if errors.Is(err, fs.ErrNotExist) {
		return fs.ReadLink(o.lower, name)
	}
	return link, err
}

// ReadDir implements fs.ReadDirFS; the entries are sorted by name.
func (o overlayFS) ReadDir(name string) ([]fs.DirEntry, error) {
	upper, err := fs.ReadDir(o.upper, name)
	if errors.Is(err, fs.ErrNotExist) {
		return fs.ReadDir(o.lower, name)
	}
	if err != nil {
		return nil, err
	}
	lower, err := fs.ReadDir(o.lower, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	hidden := map[string]bool{}
	for _, e := range upper {
		hidden[e.Name()] = true
	}
	for _, e := range lower {
		if !hidden[e.Name()] {
			upper = append(upper, e)
		}
	}
	slices.SortFunc(upper, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return upper, nil
}
