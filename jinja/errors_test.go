package jinja_test

import (
	"errors"
	"fmt"
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/jinja"
	"github.com/slipway-build/slipway/jinja/python"
)

func TestErrorText(t *testing.T) {
	files := jinja.MapLoader{
		"macros": "{% macro f(package) %}\n{{ package.name }}{% endmacro %}{% set version = 1 %}",
		"broken": "\n\n{{ 1 + }}",
	}
	vars := map[string]any{"registry": "r", "config": map[string]any{"host": "h"}}
	for _, c := range []struct{ source, want, hint string }{
		{"a\n{{ registy }}", "case:2: 'registy' is undefined", "did you mean 'registry'?"},
		{"{% set packages = 1 %}{{ package }}", "case:1: 'package' is undefined", "did you mean 'packages'?"},
		{"{{ zzz }}", "case:1: 'zzz' is undefined", ""},
		{"{{ s }}", "case:1: 's' is undefined", ""},
		{"{% set name = 1 %}{{ nope }}", "case:1: 'nope' is undefined", ""},
		{"{% set name = 1 %}{{ nmae }}", "case:1: 'nmae' is undefined", "did you mean 'name'?"},
		{"{% set user = 1 %}{{ suite }}", "case:1: 'suite' is undefined", ""},
		{"{{ config.hots }}", "case:1: 'dict object' has no attribute 'hots'", "did you mean 'host'?"},
		{"{{ 'a'|uper }}", "case:1: No filter named 'uper'.", "did you mean 'upper'?"},
		{"{{ 1 is ood }}", "case:1: No test named 'ood'.", "did you mean 'odd'?"},
		{"\n{% fi x %}", "case:2: Encountered unknown tag 'fi'.", "did you mean 'if'?"},
		{"{% if 1 %}\n{% enfif %}", "case:2: Encountered unknown tag 'enfif'. Jinja was looking for the following tags: 'elif' or 'else' or 'endif'. The innermost block that needs to be closed is 'if'.", "did you mean 'endif'?"},
		{"{% for x in y %}\n\n", "case:2: Unexpected end of template. Jinja was looking for the following tags: 'endfor' or 'else'. The innermost block that needs to be closed is 'for'.", ""},
		{"{% for x in [1] %}{% if x %}{% endfor %}", "case:1: Encountered unknown tag 'endfor'. You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for 'elif' or 'else' or 'endif'. The innermost block that needs to be closed is 'if'.", ""},
		{"{{ 'a'|center(widht=3) }}", "case:1: center() got an unexpected keyword argument 'widht'", "did you mean 'width'?"},
		{"{% import 'macros' as m %}\n{{ m.f({}) }}", "macros:2: 'dict object' has no attribute 'name'", ""},
		{"{% import 'macros' as m %}\n{{ m.f(pakage=1) }}", "case:2: macro 'f' takes no keyword argument 'pakage'", "did you mean 'package'?"},
		{"\n{% include 'broken' %}", "broken:3: unexpected 'end of print statement'", ""},
		{"\n{% include 'gone' %}", "case:2: template 'gone' not found", ""},
		{"{% set d = {} %}{% set d.x = 1 %}", "case:1: cannot assign attribute on non-namespace object", "make one with {% set d = namespace() %}"},
		{"\n{% macro m(a, b, a) %}{% endmacro %}", "case:2: duplicate argument 'a'", ""},
		{"{% macro m() %}{% endmacro %}\n{% call(a, a) m() %}{% endcall %}", "case:2: duplicate argument 'a'", ""},
		{"\n{% filter length %}a{% endfilter %}", "case:2: sequence item 0: expected str instance, int found", ""},
		{"\n{% call dict() %}{% endcall %}", "case:2: sequence item 0: expected str instance, dict found", ""},
		{"{{ lipsum() }}", "case:1: lipsum() is not supported: its text is random, and an image must not be", "write the text into the template"},
		{"{{ 'a' + 1 }}", "case:1: can only concatenate str (not \"int\") to str", ""},
		{"{{ [1]|map(upper)|list }}", "case:1: 'upper' is undefined", "the name of a filter is written in quotes here"},
		{"{{\n1\n+ nope }}", "case:3: 'nope' is undefined", ""},
	} {
		_, err := render(c.source, files, vars)
		var e *python.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: error %v", c.source, err)
			continue
		}
		if e.Error() != c.want || e.Hint != c.hint {
			t.Errorf("%s\n got %s\n     hint %q\nwant %s\n     hint %q", c.source, e, e.Hint, c.want, c.hint)
		}
	}
}

type color string

func (c color) String() string { return "color " + string(c) }

func TestFromGo(t *testing.T) {
	type named []int
	vars := map[string]any{
		"v": []any{nil, true, 1, int8(2), uint64(1 << 63), float32(0.5), 1.0, "s", []byte("b"), []string{"x"}, named{1},
			map[string]string{"b": "1", "a": "2"}, map[string]any{"k": []any{1}}, big.NewInt(7), color("red"), (*int)(nil)},
	}
	got, err := render("{{ v }}", nil, vars)
	want := "[None, True, 1, 2, 9223372036854775808, 0.5, 1.0, 's', 'b', ['x'], [1], {'a': '2', 'b': '1'}, {'k': [1]}, 7, 'color red', None]"
	if err != nil || got != want {
		t.Errorf("got %s, %v\nwant %s", got, err, want)
	}
}

func TestAddFilter(t *testing.T) {
	env := jinja.NewEnv(nil, jinja.Options{})
	env.AddFilter("show", "value, sep=', ', deep=False", func(args []any) (any, error) {
		if args[0] == nil {
			return nil, errors.New("nothing to show\nhint: give it something")
		}
		return fmt.Sprintf("%T%v%v%v", args[0], args[0], args[1], args[2]), nil
	})
	env.AddTest("big", "value", func(args []any) (any, error) { return args[0].(int64) > 100, nil })
	for source, want := range map[string]string{
		"{{ [1, 'a', {'k': none}]|show(deep=1) }}": "[]interface {}[1 a map[k:<nil>]], 1",
		"{{ 'x'|show('-') }}":                      "stringx-false",
		"{{ 101 is big }}{{ 5 is big }}":           "TrueFalse",
	} {
		tmpl, err := env.Parse("t", source)
		if err != nil {
			t.Fatal(err)
		}
		out, err := tmpl.Render(jinja.Vars{})
		if err != nil || string(out) != want {
			t.Errorf("%s: got %q, %v; want %q", source, out, err, want)
		}
	}
	tmpl, err := env.Parse("t", "\n{{ none|show }}")
	if err != nil {
		t.Fatal(err)
	}
	_, err = tmpl.Render(jinja.Vars{})
	var e *python.Error
	if !errors.As(err, &e) || e.Kind != python.HostError || e.Error() != "t:2: nothing to show" || e.Hint != "give it something" {
		t.Errorf("got %#v", err)
	}
	other, err := jinja.NewEnv(nil, jinja.Options{}).Parse("t", "{{ 1|show }}")
	if err == nil {
		t.Errorf("a filter of one Env is known in another: %v", other)
	}
}

func TestVarsAreNotChanged(t *testing.T) {
	env := jinja.NewEnv(nil, jinja.Options{})
	tmpl, err := env.Parse("t", "{% do l.append(1) %}{% do d.a.append(2) %}{{ l }}{{ d }}")
	if err != nil {
		t.Fatal(err)
	}
	vars := jinja.NewVars(map[string]any{"l": []any{}, "d": map[string]any{"a": []any{}}})
	for range 3 {
		out, err := tmpl.Render(vars)
		if diff := cmp.Diff("[1]{'a': [2]}", string(out)); diff != "" || err != nil {
			t.Error(diff, err)
		}
	}
	if diff := cmp.Diff([]string{"d", "l"}, vars.Names()); diff != "" {
		t.Error(diff)
	}
}
