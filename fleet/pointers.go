package fleet

import (
	"bytes"
	"os"
	"path/filepath"

	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/recipe"
)

// PointerHint is what to do about a pointer of git-lfs in a folder.
const PointerHint = "`git lfs pull` in the checkout fetches it; what no image needs can be listed in .dockerignore"

// Pointers lists the files of an image's context that are pointers of git-lfs and that a build takes which
// follows so much of it, as messages have them. Of an image from a repository see Lacking. Contexts are only
// read where git-lfs is used: where a .gitattributes of the checkout, in the image's folder or above it,
// names its filter.
func (f *Fleet) Pointers(img *Image, followed recipe.Followed) ([]string, error) {
	if !f.mayHavePointers(img) {
		return nil, nil
	}
	t, err := f.Context(img)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	return f.PointersIn(img, t, followed)
}

// PointersIn is Pointers for a context that was listed already.
func (f *Fleet) PointersIn(img *Image, t *buildcontext.Tree, followed recipe.Followed) ([]string, error) {
	if !f.mayHavePointers(img) {
		return nil, nil
	}
	found, err := t.Takes(followed, t.Pointers(), nil)
	for i, name := range found {
		found[i] = f.Path(img, name)
	}
	return found, err
}

func (f *Fleet) mayHavePointers(img *Image) bool {
	return img.Definition.Source().Commit == "" && usesLFS(f.Folder(img))
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
