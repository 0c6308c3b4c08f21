package jinja_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/slipway-build/slipway/jinja"
)

// A program adds filters, tests, functions and values of its own.
func Example() {
	env := jinja.NewEnv(jinja.MapLoader{"greet": "{% macro hello(who) %}{{ greeting }}, {{ who | shout(times=2) }}{% endmacro %}"}, jinja.Options{})
	env.AddFilter("shout", "value, times=1", func(args []any) (any, error) {
		return strings.ToUpper(args[0].(string)) + strings.Repeat("!", int(args[1].(int64))), nil
	})
	env.AddTest("short", "value", func(args []any) (any, error) { return len(args[0].(string)) < 4, nil })
	env.AddFunction("users", "group, most=10", func(args []any) (any, error) {
		if args[0] != "admins" {
			return nil, errors.New("there is no such group\nhint: the only group is 'admins'")
		}
		return []string{"ada", "grace"}, nil
	})
	env.AddGlobal("greeting", "Hello")

	tmpl, err := env.Parse("page", `{% from "greet" import hello -%}
{% for user in users("admins") %}{{ hello(user) }}{% if user is short %} ({{ loop.index }}){% endif %}
{% endfor %}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := tmpl.Render(jinja.NewVars(nil))
	fmt.Print(string(text), err)
	// Output:
	// Hello, ADA!! (1)
	// Hello, GRACE!!
	// <nil>
}
