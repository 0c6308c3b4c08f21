package syntax_test

import (
	"fmt"

	"github.com/slipway-build/slipway/jinja/syntax"
)

// The names that a template reads, with their lines.
func ExampleParts() {
	tree, err := (&syntax.Grammar{}).Parse("page", "{{ title }}\n{% if user %}{{ user.name }}{% endif %}")
	if err != nil {
		fmt.Println(err)
		return
	}
	var show func(n syntax.Node)
	show = func(n syntax.Node) {
		if name, ok := n.(*syntax.Name); ok {
			fmt.Println(name.Line, name.Name)
		}
		syntax.Parts(n, show)
	}
	for _, statement := range tree.Body {
		show(statement)
	}
	// Output:
	// 1 title
	// 2 user
	// 2 user
}
