package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// file is the journal open for writing. Its owner holds the root's lock.
type file struct {
	path string
	f    *os.File
	size int64
}

// slack is how many lines may be out of date before the file is written anew.
const slack = 1000

// openFile opens the file, which must hold what parsed says, and cuts off what a crash left at its end.
func openFile(path string, p parsed) (*file, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot open the images' names: %w", err)
	}
	if err := f.Truncate(p.whole); err != nil {
		f.Close()
		return nil, fmt.Errorf("cannot mend the images' names: %w", err)
	}
	reserve(f)
	return &file{path: path, f: f, size: p.whole}, nil
}

// rewrite puts a file with these changes in the place of the one at path.
func rewrite(path string, changes []Change) error {
	data := []byte(header)
	var err error
	for _, c := range changes {
		if data, err = appendLine(data, c); err != nil {
			return err
		}
	}
	part := path + ".new"
	err = writeSynced(part, data)
	if err == nil {
		err = os.Rename(part, path)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("cannot write the images' names: %w", err), ignoreMissing(os.Remove(part)))
	}
	return nil
}

func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// append writes a change, and returns when it is on the disk. After an error the file holds what it held
// before.
func (j *file) append(c Change) error {
	data, err := appendLine(nil, c)
	if err != nil {
		return err
	}
	_, err = j.f.WriteAt(data, j.size)
	if err == nil {
		err = dataSync(j.f)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("cannot write the images' names to %s: %w", j.path, err), j.f.Truncate(j.size))
	}
	j.size += int64(len(data))
	return nil
}

func (j *file) close() error { return j.f.Close() }
