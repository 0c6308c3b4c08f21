package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/opencontainers/go-digest"
	"golang.org/x/sync/errgroup"

	"github.com/slipway-build/slipway/store/journal"
)

// What can be wrong with a blob.
const (
	blobMissing = "missing"       // or not in its whole length
	blobOther   = "other content" // than its digest says
	blobUnread  = "unreadable"
)

// Fault is a blob that is not as it should be.
type Fault struct {
	// Image is the name of the image that needs the blob, as people write it; empty for a blob that none needs, of
	// the build cache.
	Image  string `json:"image,omitempty"`
	Digest string `json:"digest"`
	// Problem is one of the constants.
	Problem string `json:"problem"`
	// Detail is the system's error about a blob that cannot be read.
	Detail string `json:"detail,omitempty"`
	// Aside is the file in which a blob with other content is kept.
	Aside string `json:"aside,omitempty"`
}

// Verification is what was found out about a store.
type Verification struct {
	Images int     `json:"images"`
	Blobs  int     `json:"blobs"`
	Bytes  int64   `json:"bytes"` // that were read
	Faults []Fault `json:"faults"`
}

// Verify looks at the images and at all their blobs: whether they are there in their whole length. With read it
// reads all blobs of the store, and sets aside those whose content is not what their digests say: they are of no
// use, and what needs one can be made or fetched again. Read is told how many bytes of how many are done, by
// several goroutines; nil reads nothing. A damaged image is no error.
func (l Local) Verify(ctx context.Context, read func(done, total int64)) (Verification, error) {
	list, _, err := l.Index()
	if err != nil {
		return Verification{}, err
	}
	v := Verification{Images: len(list), Faults: []Fault{}}
	blobs := &blobFiles{folder: filepath.Join(l.Blobs, "blobs")}
	var bad map[string]Fault
	if read != nil {
		if bad, err = l.readAll(ctx, &v, read); err != nil {
			return v, err
		}
	}
	used := map[string]bool{}
	for _, img := range list {
		missing, err := blobs.missing(ctx, img.target)
		if err != nil {
			v.Faults = append(v.Faults, Fault{Image: img.Familiar(), Digest: string(img.Digest), Problem: blobUnread, Detail: err.Error()})
			used[string(img.Digest)] = true
			continue
		}
		for _, d := range missing {
			fault := Fault{Digest: d.Digest.String(), Problem: blobMissing}
			if known, ok := bad[fault.Digest]; ok {
				fault = known
			} else if blobs.other(d) {
				fault.Problem = blobOther
			}
			fault.Image = img.Familiar()
			used[fault.Digest] = true
			v.Faults = append(v.Faults, fault)
		}
	}
	for name, fault := range bad {
		if !used[name] {
			v.Faults = append(v.Faults, fault)
		}
	}
	if read == nil {
		v.Blobs = blobs.count()
	}
	slices.SortFunc(v.Faults, func(a, b Fault) int {
		return cmp.Or(strings.Compare(a.Image, b.Image), strings.Compare(a.Digest, b.Digest))
	})
	return v, nil
}

// blob is a file of the store.
type blob struct {
	path   string
	digest digest.Digest
	size   int64
}

// readAll reads all blobs, and returns the bad ones by digest.
func (l Local) readAll(ctx context.Context, v *Verification, read func(done, total int64)) (map[string]Fault, error) {
	all, err := l.all()
	if err != nil {
		return nil, fmt.Errorf("cannot read the store: %w", err)
	}
	var total int64
	for _, b := range all {
		total += b.size
	}
	var done atomic.Int64
	var mu sync.Mutex
	bad := map[string]Fault{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, b := range all {
		group.Go(func() error {
			fault, err := l.readBlob(ctx, b, func(n int) { read(done.Add(int64(n)), total) })
			if err != nil || fault.Problem == "" {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			bad[fault.Digest] = fault
			return nil
		})
	}
	err = group.Wait()
	v.Blobs, v.Bytes = len(all), done.Load()
	return bad, err
}

// all lists the blobs of containerd's local content store.
func (l Local) all() ([]blob, error) {
	var list []blob
	root := filepath.Join(l.Blobs, "blobs")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it was removed meanwhile
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name := digest.NewDigestFromEncoded(digest.Algorithm(filepath.Base(filepath.Dir(path))), d.Name())
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) || name.Validate() != nil {
			return nil
		}
		if err == nil {
			list = append(list, blob{path, name, info.Size()})
		}
		return err
	})
	return list, err
}

// readBlob reads a blob. What seems wrong is read twice: memory fails more often than disks.
func (l Local) readBlob(ctx context.Context, b blob, progress func(int)) (Fault, error) {
	for range 2 {
		f, err := os.Open(b.path)
		if errors.Is(err, fs.ErrNotExist) {
			return Fault{}, nil // it was removed meanwhile
		}
		fault := Fault{Digest: b.digest.String(), Problem: blobUnread}
		if err != nil {
			fault.Detail = err.Error()
			return fault, nil
		}
		verifier := b.digest.Verifier()
		_, err = io.Copy(verifier, &countedReader{ctx, f, progress})
		f.Close()
		switch {
		case ctx.Err() != nil:
			return Fault{}, context.Cause(ctx)
		case err != nil:
			fault.Detail = err.Error()
			return fault, nil
		case verifier.Verified():
			return Fault{}, nil
		}
	}
	aside, err := journal.SetAside(l.Folder, b.path, b.digest)
	return Fault{Digest: b.digest.String(), Problem: blobOther, Aside: aside}, err
}

// ForgetDamaged removes what Verify set aside.
func (l Local) ForgetDamaged() error {
	if err := os.RemoveAll(filepath.Join(l.Folder, "damaged")); err != nil {
		return fmt.Errorf("cannot remove damaged content that was set aside: %w", err)
	}
	return nil
}

// countedReader tells how much was read, and stops with its context.
type countedReader struct {
	ctx      context.Context
	r        io.Reader
	progress func(int)
}

// Read implements io.Reader.
func (c *countedReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	c.progress(n)
	return n, err
}
