//go:build linux

package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/moby/buildkit/identity"
	bolt "go.etcd.io/bbolt"

	"github.com/slipway-build/slipway/engine/embedded/boltfile"
	"github.com/slipway-build/slipway/engine/embedded/tree"
)

// The databases in the engine's folder. Those that know of each other's content are of no use without each
// other; one that stands alone holds build cache or history.
var (
	together = []string{"containerdmeta.db", "metadata_v2.db", snapshotDatabase}
	alone    = []string{"cache.db", "history.db"}
)

const (
	snapshotDatabase = "snapshots/metadata.db"
	cacheDatabase    = "cache.db" // is of no use without those that are together
)

func databases() []string { return append(append([]string(nil), together...), alone...) }

// damage is what is wrong with the databases of a folder, by their names.
type damage map[string]string

// ill tells whether one of the databases that know of each other is damaged or lost.
func (d damage) ill() bool {
	for _, name := range together {
		if d[name] != "" {
			return true
		}
	}
	return false
}

// inspect looks whether the databases in the engine's folder can be opened. What another process left with
// its sums is compared with them, so that every changed byte is found; else the form of the file counts.
func inspect(ctx context.Context, root string, known *sums) (damage, error) {
	found := damage{}
	for _, name := range databases() {
		path := filepath.Join(Folder(root), name)
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			found[name] = "is lost"
			continue
		case err != nil:
			return nil, fmt.Errorf("cannot look at the engine's databases: %w", err)
		case !info.Mode().IsRegular():
			found[name] = "is no file"
			continue
		}
		same, compared, err := known.compare(name, path)
		if err == nil && !compared {
			err = boltfile.Check(path)
			same = err == nil
		}
		if err != nil && !errors.Is(err, boltfile.ErrDamaged) {
			return nil, fmt.Errorf("cannot look at the engine's databases: %w", err)
		}
		if !same {
			found[name] = "is damaged"
		}
	}
	if name := snapshotDatabase; found[name] == "" {
		lost, err := lostSnapshots(ctx, root)
		if err != nil && !isDamage(err) {
			return nil, err
		}
		if err != nil {
			found[name] = "is damaged"
		} else if lost > 0 {
			found[name] = fmt.Sprintf("has unpacked layers whose folders are gone: %d", lost)
		}
	}
	return found, nil
}

// found makes the engine's folder with its databases, if there is none: under another name, so that
// a process that ends meanwhile leaves none that is not whole.
func found(root string) error {
	folder := Folder(root)
	if _, err := os.Lstat(folder); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	part := partFolder(root)
	err := os.Mkdir(part, 0o700)
	if err == nil {
		err = makeDatabases(part)
	}
	if err == nil {
		err = os.Rename(part, folder)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("cannot make the engine's folder: %w", err), tree.Remove(part))
	}
	return nil
}

// mendWorkerID removes the name that BuildKit knows this engine by, if it was not written whole; there will
// be another.
func mendWorkerID(root string) error {
	path := filepath.Join(Folder(root), "workerid")
	info, err := os.Lstat(path)
	if err != nil || info.Mode().IsRegular() && info.Size() == int64(len(identity.NewID())) {
		return ignoreMissing(err)
	}
	return tree.Remove(path)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// partFolder is where the engine's folder is made.
func partFolder(root string) string { return Folder(root) + ".new" }

// makeDatabases makes those that are not there, empty.
func makeDatabases(folder string) error {
	if err := os.MkdirAll(filepath.Join(folder, "snapshots"), 0o700); err != nil {
		return err
	}
	for _, name := range databases() {
		path := filepath.Join(folder, name)
		if _, err := os.Lstat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
			if err != nil {
				return err
			}
			continue
		}
		if err := makeDatabase(path); err != nil {
			return err
		}
	}
	return nil
}

func makeDatabase(path string) error {
	part := path + ".new"
	err := tree.Remove(part) // of a process that was killed
	var db *bolt.DB
	if err == nil {
		db, err = bolt.Open(part, 0o600, &bolt.Options{FreelistType: bolt.FreelistMapType})
	}
	if err == nil {
		err = db.Close()
	}
	if err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		return errors.Join(err, tree.Remove(part))
	}
	return nil
}
