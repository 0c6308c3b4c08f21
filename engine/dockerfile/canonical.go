package dockerfile

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// canonical is what of a Dockerfile's text can change what is built: its instructions as BuildKit's parser
// leaves them, without the comments and continued lines that it drops, and the directives that count.
// A "# syntax" is none of them: no other frontend is used.
func canonical(data []byte, tree *parser.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "escape=%c\n", tree.EscapeToken)
	if check, _, _, ok := parser.ParseDirective("check", data); ok {
		fmt.Fprintf(&b, "check=%s\n", strconv.Quote(check))
	}
	for _, n := range tree.AST.Children {
		b.WriteString(n.Original)
		b.WriteByte('\n')
		for _, h := range n.Heredocs {
			fmt.Fprintf(&b, "<<%d %t %t %s %s\n", h.FileDescriptor, h.Expand, h.Chomp, strconv.Quote(h.Name), h.Content)
		}
	}
	return b.String()
}
