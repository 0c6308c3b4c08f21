package bounds

import (
	"bytes"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// Read reads a Dockerfile that is within the bounds of checkText with BuildKit's parser. Where comments
// speak to BuildKit's linter it must have one. The error is an *Error or the parser's.
func Read(data []byte, args map[string]string) (Dockerfile, *parser.Result, error) {
	d := Dockerfile{Args: args}
	if err := checkText(data); err != nil {
		return d, nil, err
	}
	tree, err := parser.Parse(bytes.NewReader(data))
	if err != nil {
		return d, nil, err
	}
	d.Escape = tree.EscapeToken
	d.Stages, d.Meta, err = instructions.Parse(tree.AST, linter.New(&linter.Config{}))
	return d, tree, err
}
