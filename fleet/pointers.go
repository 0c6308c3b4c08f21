package fleet

import (
	"bytes"
	"os"
	"path/filepath"
)

// PointerHint is what to do about a pointer of git-lfs in a folder.
const PointerHint = "`git lfs pull` in the checkout fetches it; what no image needs can be listed in .dockerignore"

// Pointers lists the files of an image's context that are pointers of git-lfs, as messages have them. An
// image from a repository has none that counts. Contexts are only read where git-lfs is used: where a
// .gitattributes of the checkout, in the image's folder or above it, names its filter.
func (f *Fleet) Pointers(img *Image) ([]string, error) {
	if img.Listed != nil && img.Listed.Commit != "" || !usesLFS(f.Folder(img)) {
		return nil, nil
	}
	t, err := f.Context(img)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	found := t.Pointers()
	for i, name := range found {
		found[i] = f.Path(img, name)
	}
	return found, nil
}

// usesLFS looks from a folder upwards, to where the checkout ends.
func usesLFS(dir string) bool {
	for {
		if namesLFS(filepath.Join(dir, ".gitattributes")) {
			return true
		}
		parent := filepath.Dir(dir)
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil || parent == dir {
			return false
		}
		dir = parent
	}
}

const maxAttributes = 1 << 20

func namesLFS(name string) bool {
	info, err := os.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxAttributes {
		return false
	}
	data, err := os.ReadFile(name)
	return err == nil && bytes.Contains(data, []byte("filter=lfs"))
}
