package fleet

import (
	"fmt"
	"os"

	"github.com/slipway-build/slipway/fleet/buildcontext"
)

// Context lists the files that a build of the image may see, but for its Dockerfile. The caller closes it.
func (f *Fleet) Context(img *Image) (*buildcontext.Tree, error) {
	name := f.Root
	if img.Listed != nil {
		name = img.Listed.Root
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot open the build context: %w", f.Path(img, ""), err)
	}
	var t *buildcontext.Tree
	modes := f.Modes(img)
	if l := img.Listed; l != nil {
		t, err = buildcontext.OpenWithLinks(root, img.Dir, f.Path(img, ""), l.Dockerfile, buildcontext.Options{Modes: modes})
	} else {
		t, err = buildcontext.Open(root, img.Dir, f.Path(img, ""), buildcontext.Options{LinkRoots: f.linkRoots, Modes: modes})
	}
	if err != nil {
		root.Close()
		return nil, err
	}
	return t, nil
}
