package template

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxSource bounds the size of one template file in bytes.
const maxSource = 4 << 20

// folder loads templates from one folder. Symbolic links that lead out of it
// are refused by os.Root.
type folder struct{ root *os.Root }

func openFolder(dir string) (*folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &folder{root}, nil
}

func (f *folder) close() { _ = f.root.Close() } // opened for reading only

// Load reads one template.
func (f *folder) Load(name string) (string, error) {
	file := filepath.FromSlash(name)
	if !filepath.IsLocal(file) {
		return "", fmt.Errorf("the name leads out of the image's folder: %w", fs.ErrPermission)
	}
	info, err := f.root.Stat(file)
	if err != nil {
		return "", cause(err)
	}
	if !info.Mode().IsRegular() {
		return "", errors.New("not a regular file")
	}
	if info.Size() > maxSource {
		return "", fmt.Errorf("file is larger than %d bytes", maxSource)
	}
	r, err := f.root.Open(file)
	if err != nil {
		return "", cause(err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, maxSource+1))
	if err != nil {
		return "", cause(err)
	}
	return string(data), nil
}

// cause drops the operation and path from a file error; the caller names both.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func reason(err error) string { return cause(err).Error() }
