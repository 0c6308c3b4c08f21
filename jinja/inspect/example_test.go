package inspect_test

import (
	"fmt"

	"github.com/slipway-build/slipway/jinja"
	"github.com/slipway-build/slipway/jinja/inspect"
)

// All that is wrong with a template, in what was executed and in what was not.
func ExampleRender() {
	tmpl, err := jinja.NewEnv(nil, jinja.Options{}).Parse("page", "{{ titel }}\n{{ 1 // 0 }}\n{% if admin %}{{ usr }}{% endif %}")
	if err != nil {
		fmt.Println(err)
		return
	}
	var trace jinja.Trace
	doubts := inspect.Render(tmpl, jinja.NewVars(map[string]any{"title": "Home", "user": "ada", "admin": false}), &trace)
	for _, fault := range trace.Faults {
		fmt.Println(fault)
	}
	for _, doubt := range doubts {
		fmt.Println("not reached:", doubt, "-", doubt.Hint)
	}
	// Output:
	// page:1: 'titel' is undefined
	// page:2: integer division or modulo by zero
	// not reached: page:3: 'usr' is undefined - did you mean 'user'?
}
