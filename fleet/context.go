package fleet

import (
	"fmt"
	"os"

	"github.com/slipway-build/slipway/fleet/buildcontext"
)

// Context lists the files that a build of the image may see, but for its Dockerfile. The caller closes it.
func (f *Fleet) Context(img *Image) (*buildcontext.Tree, error) {
	s := img.Definition.Source()
	root, err := os.OpenRoot(s.Root)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot open the build context: %w", s.Path(""), err)
	}
	var t *buildcontext.Tree
	o := buildcontext.Options{LinkRoots: s.LinkRoots, Modes: f.Modes(img)}
	if s.Beside != "" {
		t, err = buildcontext.OpenWithLinks(root, s.Dir, s.Path(""), s.Beside, o)
	} else {
		t, err = buildcontext.Open(root, s.Dir, s.Path(""), o)
	}
	if err != nil {
		root.Close()
		return nil, err
	}
	return t, nil
}
