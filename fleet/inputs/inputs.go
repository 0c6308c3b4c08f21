package inputs

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/buildcontext"
)

// Context is what is known of a folder from an earlier look at it.
type Context struct {
	Folder  string // absolute path
	Stamp   []byte // empty when its files were too new to be sure of them
	Digest  string
	Entries []byte // as buildcontext.Contents.Memory
}

// Options say what, beside the fleet, images are made from.
type Options struct {
	Level int
	// Known returns what is known of a folder, without Entries; Entries returns those. Both may be
	// called by several goroutines at once; nil means that nothing is known.
	Known   func(folder string) (Context, bool)
	Entries func(folder string) []byte
	// Only, if not nil, tells which images to look at.
	Only func(*fleet.Image) bool
}

// Set are the inputs of a fleet's images, but for the digests of their parents.
type Set struct {
	Parts map[*fleet.Image]Parts
	// Errors tell of contexts that cannot be read.
	Errors map[*fleet.Image]error
	// Learned is what was found out about folders, to be known the next time.
	Learned []Context

	fleet   *fleet.Fleet
	entries func(folder string) []byte
}

// Read looks at the contexts of all images that have no error, several at a time.
func Read(ctx context.Context, f *fleet.Fleet, o Options) (*Set, error) {
	s := &Set{Parts: map[*fleet.Image]Parts{}, Errors: map[*fleet.Image]error{}, fleet: f, entries: o.Entries}
	r := &reader{Options: o, fleet: f, set: s, templates: map[string]string{}}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0) + 2) // some wait for the disk
	for _, img := range f.Images {
		if img.Err != nil || o.Only != nil && !o.Only(img) {
			continue
		}
		group.Go(func() error { return r.image(ctx, img) })
	}
	return s, group.Wait()
}

type reader struct {
	Options
	fleet *fleet.Fleet

	mu        sync.Mutex // guards set and templates
	set       *Set
	templates map[string]string // path to digest
}

func (r *reader) image(ctx context.Context, img *fleet.Image) error {
	p := Parts{Level: r.Level, Platform: r.fleet.Platform, Dockerfile: dockerfileDigest(img.Dockerfile, img), Args: r.args(img)}
	if img.HasBuild {
		p.BuildDockerfile = dockerfileDigest(img.BuildDockerfile, img)
	}
	tree, learned, err := r.context(ctx, img)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.set.Errors[img] = err
		return nil
	}
	p.Tree = tree
	p.listed(img)
	p.Templates = r.shared(img)
	r.set.Parts[img] = p
	if learned != nil {
		r.set.Learned = append(r.set.Learned, *learned)
	}
	return nil
}

// Args are the build arguments that go into the image: its own, and the date.
func Args(img *fleet.Image) map[string]string {
	args := map[string]string{}
	if img.Listed != nil {
		maps.Copy(args, img.Listed.Args)
	}
	args["SOURCE_DATE_EPOCH"] = strconv.FormatInt(max(img.Date.Unix(), 0), 10)
	return args
}

func (r *reader) args(img *fleet.Image) map[string]string {
	digests := map[string]string{}
	for k, v := range Args(img) {
		digests[k] = digest([]byte(v))
	}
	return digests
}

// context returns the digest of the image's build context, and what was learned if it was not known.
func (r *reader) context(ctx context.Context, img *fleet.Image) (tree string, learned *Context, err error) {
	if img.Listed != nil && img.Listed.Commit != "" {
		return "", nil, nil // the commit and the folder in it say it all
	}
	t, err := r.fleet.Context(img)
	if err != nil {
		return "", nil, err
	}
	defer t.Close()
	folder := r.fleet.Folder(img)
	stamp := t.Stamp()
	var known Context
	var memory []byte
	if r.Known != nil {
		var ok bool
		if known, ok = r.Known(folder); ok {
			if bytes.Equal(known.Stamp, stamp) {
				return known.Digest, nil, nil
			}
			memory = r.Entries(folder)
		}
	}
	contents, err := t.Read(ctx, memory)
	if err != nil {
		return "", nil, err
	}
	learned = &Context{Folder: folder, Digest: contents.Digest, Entries: contents.Memory}
	if contents.Complete {
		learned.Stamp = stamp
	}
	return contents.Digest, learned, nil
}

// shared are the digests of templates that the image's context may not have. What cannot be read any
// more is left out: they only help to explain.
func (r *reader) shared(img *fleet.Image) map[string]string {
	own := r.fleet.Path(img, "") + "/"
	_, err := os.Lstat(filepath.Join(r.fleet.Folder(img), buildcontext.IgnoreFile))
	hidden := err == nil // .dockerignore may keep the folder's own templates out of the context
	var found map[string]string
	for _, path := range img.Templates {
		if strings.HasPrefix(path, own) && !hidden {
			continue
		}
		sum, known := r.templates[path]
		if !known {
			if data, err := os.ReadFile(path); err == nil {
				sum = digest(data)
			}
			r.templates[path] = sum
		}
		if sum != "" {
			if found == nil {
				found = map[string]string{}
			}
			found[path] = sum
		}
	}
	return found
}

// Now reads the image's context as it is at this moment: the image's parts, without parents, and the
// listing of the files. A build calls it just before it sends them.
func (s *Set) Now(ctx context.Context, t *buildcontext.Tree, img *fleet.Image) (Parts, []byte, error) {
	if p := s.Parts[img]; p.Commit != "" {
		return p, nil, nil
	}
	var memory []byte
	if s.entries != nil {
		memory = s.entries(s.fleet.Folder(img))
	}
	contents, err := t.Read(ctx, memory)
	if err != nil {
		return Parts{}, nil, err
	}
	p := s.Parts[img]
	p.Tree = contents.Digest
	return p, contents.Listing, nil
}

// Files lists the context of an image: paths, with their modes and digests to compare.
func (s *Set) Files(ctx context.Context, img *fleet.Image) (map[string]string, error) {
	t, err := s.fleet.Context(img)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	_, listing, err := s.Now(ctx, t, img)
	return buildcontext.Files(listing), err
}
