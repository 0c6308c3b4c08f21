package inspect_test

import (
	"fmt"

	"github.com/slipway-build/slipway/jinja"
	"github.com/slipway-build/slipway/jinja/inspect"
)

// All that is wrong with a template, in what was executed and in what was not.
func ExampleReport_Template() {
	tmpl, err := jinja.NewEnv(nil, jinja.Options{}).Parse("page", "{{ titel }}\n{{ 1 // 0 }}\n{% if admin %}{{ usr }}{% endif %}")
	if err != nil {
		fmt.Println(err)
		return
	}
	report := &inspect.Report{}
	report.Template(tmpl, jinja.NewVars(map[string]any{"title": "Home", "user": "ada", "admin": false}))
	for _, fault := range report.Faults {
		fmt.Println(fault)
	}
	for _, doubt := range report.Doubts {
		fmt.Println("not reached:", doubt, "-", doubt.Hint)
	}
	// Output:
	// page:1: 'titel' is undefined
	// page:2: integer division or modulo by zero
	// not reached: page:3: 'usr' is undefined - did you mean 'user'?
}
