// Package contexts reads the folders that images are built from, and finds out what inputs they are: what
// was read before and has not changed since is not read again.
package contexts

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/opencontainers/go-digest"
	"golang.org/x/sync/errgroup"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/fleet/inputs"
	v1 "github.com/slipway-build/slipway/fleet/inputs/v1"
	"github.com/slipway-build/slipway/recipe"
)

// Known is what is known of a folder from an earlier look at it.
type Known struct {
	Folder string // absolute path
	Stamp  []byte // empty when its files were too new to be sure of them
	// Digests of the folder's files, by what was asked for.
	Digests map[string]string
	Entries []byte // as buildcontext.Contents.Memory; nil when they are as they were
}

// Options say what, beside the fleet, images are made from.
type Options struct {
	Level int
	// Known returns what is known of a folder, without Entries; Entries returns those. Both may be
	// called by several goroutines at once; nil means that nothing is known.
	Known   func(folder string) (Known, bool)
	Entries func(folder string) []byte
	// Only, if not nil, tells which images to look at.
	Only func(*fleet.Image) bool
}

// Set are the inputs of a fleet's images, but for the digests of their parents.
type Set struct {
	Images map[*fleet.Image]inputs.Now
	// Errors tell of contexts that cannot be read.
	Errors map[*fleet.Image]error

	options Options
	fleet   *fleet.Fleet
	folders map[*fleet.Image]*folder
}

// folder is what is known of an image's folder.
type folder struct {
	Known
	contents *buildcontext.Contents // if it was read
	learned  bool                   // something that was not known before
}

// tree is the key of the digest of a folder's listing.
const tree = "tree"

// Read looks at the contexts of all images that have no error, several at a time.
func Read(ctx context.Context, f *fleet.Fleet, o Options) (*Set, error) {
	s := &Set{options: o, Images: map[*fleet.Image]inputs.Now{}, Errors: map[*fleet.Image]error{}, fleet: f, folders: map[*fleet.Image]*folder{}}
	r := &reader{set: s}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0) + 2) // some wait for the disk
	for i := 0; i < len(f.Images); {
		var targets []*fleet.Image // of one image: they stand together, and have one folder
		for name := f.Images[i].Name; i < len(f.Images) && f.Images[i].Name == name; i++ {
			if img := f.Images[i]; img.Err == nil && (o.Only == nil || o.Only(img)) {
				targets = append(targets, img)
			}
		}
		if len(targets) > 0 {
			group.Go(func() error { return r.targets(ctx, targets) })
		}
	}
	return s, group.Wait()
}

type reader struct {
	mu  sync.Mutex // guards set
	set *Set
}

func (r *reader) targets(ctx context.Context, targets []*fleet.Image) error {
	found, err := r.set.look(ctx, targets[0])
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for i, img := range targets {
		if i > 0 && found != nil {
			own := *found
			own.Digests = maps.Clone(found.Digests) // each adds to what it knows
			found = &own
		}
		r.add(img, found, err)
	}
	return nil
}

// add notes what was found of an image.
func (r *reader) add(img *fleet.Image, found *folder, err error) {
	n := r.set.texts(img)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.set.Errors[img] = err
		return
	}
	if found != nil {
		n.Tree = found.Digests[tree]
		r.set.folders[img] = found
	}
	r.set.Images[img] = n
}

// texts is what is known of an image without looking at its folder.
func (s *Set) texts(img *fleet.Image) inputs.Now {
	r := s.fleet.Recipe(img)
	n := inputs.Now{Parts: inputs.Parts{
		Scheme: inputs.Scheme, Level: s.options.Level, Platform: string(img.Platform), Args: map[string]string{}, Target: r.Target,
		Dockerfile: digest.FromBytes([]byte(untagged(cmp.Or(r.Dockerfile.Instructions, r.Dockerfile.Written()), img))).String(),
	}}
	for k, v := range img.Args(r) {
		n.Args[k] = digest.FromBytes([]byte(v)).String()
	}
	if r.Artifacts.File != "" {
		n.BuildDockerfile = digest.FromBytes([]byte(untagged(cmp.Or(r.Artifacts.Instructions, r.Artifacts.Written()), img))).String()
	}
	commit(&n.Parts, img.Definition.Source())
	return n
}

// fixed tells whether the image's context is a commit's: that and the folder in it say it all.
func fixed(img *fleet.Image) bool { return img.Definition.Source().Commit != "" }

// look finds out what is known of the image's folder, and reads what is not. It is nil for a commit.
func (s *Set) look(ctx context.Context, img *fleet.Image) (*folder, error) {
	if fixed(img) {
		return nil, nil
	}
	t, err := s.fleet.Context(img)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	f := &folder{Known: Known{Folder: s.fleet.Folder(img)}}
	stamp := t.Stamp()
	var memory []byte
	if s.options.Known != nil {
		if known, ok := s.options.Known(f.Folder); ok {
			if len(stamp) > 0 && bytes.Equal(known.Stamp, stamp) && known.Digests[tree] != "" {
				f.Known = known
				return f, nil
			}
			memory = s.options.Entries(f.Folder)
		}
	}
	return f, f.read(ctx, t, stamp, memory)
}

func (f *folder) read(ctx context.Context, t *buildcontext.Tree, stamp, memory []byte) error {
	contents, err := t.Read(ctx, memory)
	if err != nil {
		return err
	}
	f.contents, f.learned = &contents, true
	f.Entries, f.Stamp = append([]byte{}, contents.Memory...), nil
	if contents.Complete {
		f.Stamp = stamp
	}
	f.Digests = map[string]string{tree: digest.FromBytes(contents.Listing()).String()}
	return nil
}

// Need finds out what images would be made from by the rules of each of their marks.
func (s *Set) Need(ctx context.Context, marks map[*fleet.Image][]inputs.Mark) error {
	var mu sync.Mutex // guards Images and Errors
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0) + 2)
	for img, list := range marks {
		mu.Lock()
		n, ok := s.Images[img]
		mu.Unlock()
		if !ok {
			continue
		}
		group.Go(func() error {
			n, err := s.need(ctx, img, n, list)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				s.Errors[img] = err
				return nil
			}
			s.Images[img] = n
			return nil
		})
	}
	return group.Wait()
}

func (s *Set) need(ctx context.Context, img *fleet.Image, n inputs.Now, marks []inputs.Mark) (inputs.Now, error) {
	f := s.folders[img] // nil for a commit
	if slices.ContainsFunc(marks, inputs.Mark.Old) && n.Old == nil {
		s.readOld(&n, img)
		for _, mask := range v1.Masks {
			if f == nil {
				break
			}
			tree, err := f.digest(ctx, s, img, fmt.Sprintf("v1 %o", int(mask)), func(c buildcontext.Contents) (string, error) {
				return tree1(c, c.KeepsModes(), mask), nil
			})
			if err != nil {
				return n, err
			}
			n.Trees = append(n.Trees, tree)
		}
	}
	if f == nil {
		return n, nil
	}
	if n.Files = maps.Clone(n.Files); n.Files == nil {
		n.Files = map[string]string{}
	}
	own := own(img, s.fleet.Recipe(img))
	for _, m := range marks {
		if _, known := n.Files[m.Followed]; known || m.Old() {
			continue
		}
		files, err := f.digest(ctx, s, img, filesKey(m.Followed, own), func(c buildcontext.Contents) (string, error) {
			followed, err := recipe.Parse(m.Followed)
			if err != nil { // somebody wrote nonsense: nothing is known
				followed = recipe.Followed{}
			}
			return c.Digest(followed, own)
		})
		if err != nil {
			return n, err
		}
		n.Files[m.Followed] = files
	}
	return n, nil
}

// filesKey is the key of a digest of the files that a record chooses.
func filesKey(record string, own buildcontext.Own) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d %d %d %d\n", inputs.Scheme, len(record), len(own.Context), len(own.Artifacts))
	io.WriteString(h, record)
	h.Write(own.Context)
	h.Write(own.Artifacts)
	return string(hex.AppendEncode(nil, h.Sum(nil)[:16]))
}

// digest returns what is known by the key, or makes it of the folder's contents.
func (f *folder) digest(ctx context.Context, s *Set, img *fleet.Image, key string, of func(buildcontext.Contents) (string, error)) (string, error) {
	if known := f.Digests[key]; known != "" {
		return known, nil
	}
	if f.contents == nil {
		t, err := s.fleet.Context(img)
		if err != nil {
			return "", err
		}
		defer t.Close()
		learned := f.Digests
		if err := f.read(ctx, t, t.Stamp(), s.options.Entries(f.Folder)); err != nil {
			return "", err
		}
		if f.Digests[tree] == learned[tree] {
			f.Digests = maps.Clone(learned)
		}
	}
	d, err := of(*f.contents)
	if err == nil {
		f.learned, f.Digests[key] = true, d
	}
	return d, err
}

// explain adds what no digest is of: the digests of the templates that the image's Dockerfiles were made
// of, its own by their names in its folder. What cannot be read any more is left out.
func (s *Set) explain(img *fleet.Image, n inputs.Now) inputs.Now {
	own := s.fleet.Path(img, "") + "/"
	n.Templates = map[string]string{}
	for _, name := range img.Templates {
		if data, err := os.ReadFile(name); err == nil {
			n.Templates[strings.TrimPrefix(name, own)] = digest.FromBytes(data).String()
		}
	}
	if r := s.fleet.Recipe(img); r.Plain && !fixed(img) {
		n.Templates[path.Clean(r.Dockerfile.File)] = digest.FromBytes([]byte(r.Dockerfile.Text)).String()
	}
	return n
}

// Explain makes it possible to say in what an image differs from what it was made from before. It is not
// safe for concurrent use.
func (s *Set) Explain(img *fleet.Image) {
	if n, ok := s.Images[img]; ok && n.Templates == nil {
		s.Images[img] = s.explain(img, n)
	}
}

// Followed lists the files of an image's context that a record chooses.
func (s *Set) Followed(ctx context.Context, img *fleet.Image, f recipe.Followed) ([]string, error) {
	t, err := s.fleet.Context(img)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	r, err := s.At(ctx, t, img)
	if err != nil {
		return nil, err
	}
	paths, err := r.contents.Paths(f.Context, r.own.Context)
	if err != nil {
		return nil, err
	}
	more, err := r.contents.Paths(f.Artifacts, r.own.Artifacts)
	paths = append(paths, more...)
	slices.Sort(paths)
	return slices.Compact(paths), err
}

// At reads the image's context as it is at this moment. A build calls it just before it sends the files.
func (s *Set) At(ctx context.Context, t *buildcontext.Tree, img *fleet.Image) (Reading, error) {
	r := Reading{now: s.explain(img, s.Images[img]), own: own(img, s.fleet.Recipe(img)), fixed: fixed(img)}
	s.readOld(&r.now, img)
	if r.fixed {
		return r, nil
	}
	var memory []byte
	if s.options.Entries != nil {
		memory = s.options.Entries(s.fleet.Folder(img))
	}
	contents, err := t.Read(ctx, memory)
	if err != nil {
		return r, err
	}
	contents.Memory = nil // nobody keeps it, and a build takes long
	r.contents, r.kept = contents, contents.KeepsModes()
	r.now.Tree = digest.FromBytes(contents.Listing()).String()
	return r, nil
}

// Listing lists the context of an image, see buildcontext.Files.
func (s *Set) Listing(ctx context.Context, img *fleet.Image) ([]byte, error) {
	t, err := s.fleet.Context(img)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	r, err := s.At(ctx, t, img)
	return r.Listing(), err
}
