package fleet

import (
	"fmt"
	"os"

	"github.com/slipway-build/slipway/fleet/buildcontext"
)

// Context lists the files that a build of the image may see, but for its Dockerfile. The caller closes it.
func (f *Fleet) Context(img *Image) (*buildcontext.Tree, error) {
	name := f.Root
	open := func(root *os.Root) (*buildcontext.Tree, error) {
		return buildcontext.Open(root, img.Dir, f.Path(img, ""), f.modes)
	}
	if l := img.Listed; l != nil {
		name = l.Root
		open = func(root *os.Root) (*buildcontext.Tree, error) {
			return buildcontext.OpenWithLinks(root, img.Dir, f.Path(img, ""), l.Dockerfile, nil)
		}
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot open the build context: %w", f.Path(img, ""), err)
	}
	t, err := open(root)
	if err != nil {
		root.Close()
		return nil, err
	}
	return t, nil
}
