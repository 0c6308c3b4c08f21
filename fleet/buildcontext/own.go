package buildcontext

import (
	"io/fs"
	"strings"
)

// OwnFile is the name under which a build's Dockerfile is part of its context, as docker-pkg has it.
const OwnFile = "Dockerfile"

const ownMode fs.FileMode = 0o644

// With is the tree with a file OwnFile of this text in its root, in the place of one that is there. A tree
// whose .dockerignore leaves such a file out stays as it is.
func (t *Tree) With(text []byte) *Tree {
	if t.ownIgnored {
		return t
	}
	c := *t
	c.own = &node{path: OwnFile, meta: meta{mode: ownMode, size: int64(len(text))}, kept: ownMode, text: string(text)}
	return &c
}

// openText is an open file whose content is given.
type openText struct {
	node *node
	*strings.Reader
}

func (f openText) Stat() (fs.FileInfo, error) { return f.node, nil }
func (f openText) Close() error               { return nil }

// withOwn is a root folder's list with the own file in its place.
func (t *Tree) withOwn(children []*node) []*node {
	if t.own == nil {
		return children
	}
	out := make([]*node, 0, len(children)+1)
	placed := false
	for _, c := range children {
		if !placed && c.path >= OwnFile {
			out, placed = append(out, t.own), true
		}
		if c.path != OwnFile {
			out = append(out, c)
		}
	}
	if !placed {
		out = append(out, t.own)
	}
	return out
}
