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
	t, err := f.ContextIn(root, img)
	if err != nil {
		root.Close()
		return nil, err
	}
	return t, nil
}

// ContextIn is Context for who has opened Source.Root, and keeps it open.
func (f *Fleet) ContextIn(root *os.Root, img *Image) (*buildcontext.Tree, error) {
	s := img.Definition.Source()
	o := buildcontext.Options{LinkRoots: s.LinkRoots, Modes: f.Modes(img)}
	if s.Beside != "" {
		return buildcontext.OpenWithLinks(root, s.Dir, s.Path(""), s.Beside, o)
	}
	return buildcontext.Open(root, s.Dir, s.Path(""), o)
}
