//go:build linux

package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	ctdsnapshot "github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/containerd/v2/core/snapshots/storage"
	"github.com/containerd/containerd/v2/pkg/archive/compression"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
	"golang.org/x/sys/unix"

	"github.com/slipway-build/slipway/engine/embedded/boltfile"
	"github.com/slipway-build/slipway/engine/embedded/unpacked"
)

// verifyPatience bounds the wait for a process that holds the databases.
const verifyPatience = 200 * time.Millisecond

// VerifySnapshots looks whether all unpacked layers are there. With read it compares the files of each with
// the blob it was unpacked from, or that was made of it; read is told how many of how many are done. When
// one differs, all are set aside, if no other process uses them: BuildKit would build on them, and has no
// way to forget one that a stored image needs. The next build unpacks the images again.
func VerifySnapshots(ctx context.Context, root string, read func(done, total int)) (SnapshotVerification, error) {
	v := SnapshotVerification{Faults: []SnapshotFault{}}
	root, err := realRoot(root)
	if errors.Is(err, fs.ErrNotExist) {
		return v, nil
	}
	if err != nil {
		return v, err
	}
	list, err := snapshotsOf(ctx, root)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return v, nil
	case errors.Is(err, bolterrors.ErrTimeout):
		v.InUse = true
		return v, nil
	case errors.Is(err, boltfile.ErrDamaged):
		v.Faults = append(v.Faults, SnapshotFault{Folder: filepath.Join(Folder(root), "snapshots"), Problem: err.Error()})
		return v, nil
	case err != nil:
		return v, fmt.Errorf("cannot look at the unpacked layers: %w", err)
	}
	v.Snapshots = len(list)
	for i, s := range list {
		fault, err := s.verify(ctx, root, read != nil)
		if err != nil {
			return v, err
		}
		if fault != nil {
			v.Faults = append(v.Faults, *fault)
		}
		if read != nil {
			read(i+1, len(list))
		}
	}
	if len(v.Faults) > 0 && read != nil {
		v.Aside, err = setSnapshotsAside(ctx, root)
	}
	return v, err
}

// unpackedLayer is a snapshot, and the blob with the same content if there is one.
type unpackedLayer struct {
	folder string
	gone   bool
	lowest bool // of its image
	blob   digest.Digest
}

// snapshotsOf reads which snapshots there are. It holds the databases for no longer than that.
func snapshotsOf(ctx context.Context, root string) (list []unpackedLayer, err error) {
	records, database := filepath.Join(Folder(root), "metadata_v2.db"), snapshotPath(Folder(root))
	for _, path := range []string{records, database} {
		f, err := shareDatabase(path)
		if err != nil {
			return nil, err
		}
		defer f.Close() // and with it ends the lock
		if err := boltfile.Check(path); err != nil {
			return nil, err
		}
	}
	blobs, err := blobsOfSnapshots(records)
	if err != nil {
		return nil, err
	}
	names, err := snapshotNames(ctx, database)
	if err != nil {
		return nil, err
	}
	for id, snapshot := range names {
		// BuildKit's names end with the id of the cache record.
		s := unpackedLayer{folder: filepath.Join(snapshotFolders(root), id), blob: blobs[path.Base(snapshot.Name)], lowest: snapshot.Parent == ""}
		s.gone = isGone(s.folder)
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b unpackedLayer) int { return strings.Compare(a.folder, b.folder) })
	return list, nil
}

// shareDatabase keeps all who would write the database from opening it; bolterrors.ErrTimeout if one has.
func shareDatabase(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(verifyPatience); ; time.Sleep(verifyPatience / 10) {
		err = unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB) // as bbolt does
		if err == nil {
			return f, nil
		}
		if errors.Is(err, unix.EWOULDBLOCK) && time.Now().After(end) {
			err = bolterrors.ErrTimeout
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return nil, errors.Join(err, f.Close())
		}
	}
}

// lostSnapshots counts the snapshots of a sound database whose folders are gone.
func lostSnapshots(ctx context.Context, root string) (int, error) {
	names, err := snapshotNames(ctx, snapshotPath(Folder(root)))
	if err != nil {
		return 0, fmt.Errorf("cannot look at the unpacked layers: %w", err)
	}
	lost := 0
	for id := range names {
		if isGone(filepath.Join(snapshotFolders(root), id)) {
			lost++
		}
	}
	return lost, nil
}

func isGone(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, fs.ErrNotExist)
}

func snapshotFolders(root string) string {
	return filepath.Join(Folder(root), "snapshots", "snapshots")
}

// snapshotNames are what is known of all snapshots, in a sound database, by the names of their folders.
func snapshotNames(ctx context.Context, database string) (names map[string]ctdsnapshot.Info, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil { // what it says is not what its form promises
			err = recovered(r)
		}
	}()
	ms, err := storage.NewMetaStore(database, func(o *bolt.Options) error {
		o.ReadOnly, o.Timeout = true, verifyPatience
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = ms.WithTransaction(ctx, false, func(ctx context.Context) error {
		names = map[string]ctdsnapshot.Info{}
		ids, err := storage.IDMap(ctx)
		for id, name := range ids {
			if _, names[id], _, err = storage.GetInfo(ctx, name); err != nil {
				break
			}
		}
		return err
	})
	if errdefs.IsNotFound(err) { // nothing was ever unpacked
		err = nil
	}
	return names, errors.Join(err, ms.Close())
}

// blobsOfSnapshots reads from BuildKit's records of the cache, a sound database, which blob a snapshot has.
func blobsOfSnapshots(database string) (map[string]digest.Digest, error) {
	db, err := bolt.Open(database, 0o600, &bolt.Options{ReadOnly: true, Timeout: verifyPatience})
	if err != nil {
		return nil, err
	}
	blobs := map[string]digest.Digest{}
	err = db.View(func(tx *bolt.Tx) error {
		records := tx.Bucket([]byte("_main"))
		if records == nil {
			return nil
		}
		return records.ForEachBucket(func(id []byte) error {
			var snapshot, blob struct{ Value string }
			record := records.Bucket(id)
			if json.Unmarshal(record.Get([]byte("cache.snapshot")), &snapshot) == nil &&
				json.Unmarshal(record.Get([]byte("cache.blob")), &blob) == nil {
				blobs[snapshot.Value] = digest.Digest(blob.Value)
			}
			return nil
		})
	})
	return blobs, errors.Join(err, db.Close())
}

func (s unpackedLayer) verify(ctx context.Context, root string, read bool) (*SnapshotFault, error) {
	fault := &SnapshotFault{Folder: s.folder, Layer: s.blob.String(), Problem: "missing"}
	if s.gone {
		return fault, nil
	}
	if !read || s.blob.Validate() != nil {
		return nil, nil
	}
	name := filepath.Join(BlobFolder(root), "blobs", s.blob.Algorithm().String(), s.blob.Encoded())
	if info, err := os.Lstat(name); err != nil || !info.Mode().IsRegular() {
		return nil, nil // it was unpacked, and is fetched or made again when an image needs it
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, nil // as above
	}
	defer f.Close()
	archive, err := compression.DecompressStream(f)
	if err != nil {
		return nil, nil // what is wrong with blobs is known without their snapshots
	}
	defer archive.Close()
	folder, upper := filepath.Join(s.folder, "fs"), !s.lowest // in which there is nothing to remove
	if isGone(folder) {
		folder, upper = s.folder, false // where overlayfs cannot be used, a snapshot has all that is in the layers below, too
	}
	problems, err := unpacked.Compare(ctx, folder, upper, archive)
	switch {
	case isGone(s.folder), errors.Is(err, unpacked.ErrArchive), err == nil && len(problems) == 0:
		return nil, nil // as it should be, removed meanwhile, or nobody can tell
	case err != nil:
		return nil, fmt.Errorf("cannot compare an unpacked layer: %w", err)
	}
	fault.Problem = problems[0]
	if more := len(problems) - 1; more > 0 {
		fault.Problem += fmt.Sprintf(", and %d more", more)
	}
	return fault, nil
}

// setSnapshotsAside makes the next process begin without unpacked layers. It tells whether it could: not
// while another process has the root.
func setSnapshotsAside(ctx context.Context, root string) (bool, error) {
	lock, err := acquire(ctx, root, nil)
	if busy := (*BusyError)(nil); errors.As(err, &busy) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	err = setAside(root, snapshotDatabase, true)
	return err == nil, errors.Join(err, lock.release(lock.unclean, func(int64) {}))
}
