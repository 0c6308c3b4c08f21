package inspect_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/jinja"
	"github.com/slipway-build/slipway/jinja/inspect"
	"github.com/slipway-build/slipway/jinja/python"
)

// Each line of the text ends in the place it must come from.
func TestTraceLines(t *testing.T) {
	files := jinja.MapLoader{
		"part":    "part:1\n{%- if true %}\npart:3\n{%- endif %}\n{{ 1 }} part:5",
		"macros":  "{% macro two(x) -%}\nmacros:2\n{{ x }} macros:3\n{%- endmacro %}\n{% macro outer() %}{{ two('y') }}{% endmacro %}",
		"base":    "base:1\n{% block a %}base:2{% endblock %}\n{% block b %}base:3{% endblock %}\n{{ self.a() }}",
		"nothing": "",
	}
	for name, source := range map[string]string{
		"include":         "t:1\n{% include 'part' %}\nt:3\n{% include 'part' without context %}",
		"macro":           "{% import 'macros' as m %}t:1\n{{ m.two('x') }}\nt:3\n{{- '\\n' }}{{ m.outer() }}\n{{ m.two('z') | trim }}\nt:6",
		"extends":         "{% extends 'base' %}\n{% block a %}t:2\n{{ super() }}{% endblock %}\n{% block b -%}\n\nt:6{% endblock %}",
		"comment in loop": "t:1\n{% for i in [1, 2] -%}\n{# a\nb -#}\n\nt:6\n{% endfor %}t:7",
		"call":            "{% macro m() %}t:1\n{{ caller() }}\nt:3{% endmacro %}{% call m() %}t:3\nt:4{% endcall %}",
		"set block":       "{% set x %}t:1\nt:2\n{% endset %}t:3\n{{ x }}t:4",
		"trimmed block":   "{% set x %}\n\nt:3\nt:4\n{% endset %}\n{{ x | trim }}",
		"changed block":   "{% set x %}a\nb\nc{% endset %}\n{{ x | replace('\\n', ' ') }} t:4\n{{ x ~ ' t:5' | replace('x', '') }}",
		"filter block":    "t:1\n{% filter replace('x', 'y') %}t:2\n{% endfilter %}t:3",
		"recursive":       "{% for i in [1, [2]] recursive %}\n{%- if i is iterable %}{{ loop(i) }}{% else %}\nt:3{% endif %}{% endfor %}\nt:4",
		"nested":          "{% filter trim %}\n{% filter trim %}\n\nt:4{% endfilter %}\n{%- endfilter %}",
		"equal texts":     "{% set x %}same t:1{% endset %}\n{% set y %}same t:1{% endset %}{{ x }}\n{{ y }}",
		"expression":      "{{ 'a t:1\nb t:1'\n}}\n{{ 1 }} t:4\n  {{ 't:5' }} x t:5",
		"raw":             "{% raw %}\nt:2 {{\n{% endraw %} t:3",
		"with":            "{% with x = 1 %}\nt:2\n{% endwith %}\nt:4",
		"empty":           "{% include 'nothing' %}\nt:2\n\nt:4",
	} {
		if name == "equal texts" { // the second is equal to the first and is none the less itself
			source = "{% set x %}same{% endset %}\n{% set y %}same{% endset %}\n{{ y }}{{ x }}"
		}
		t.Run(name, func(t *testing.T) {
			tr := report(t, files, source)
			if len(tr.Faults) > 0 {
				t.Fatal(tr.Faults)
			}
			if name == "equal texts" {
				if got := tr.Lines[2]; got.Line != 2 {
					t.Errorf("line %d", got.Line)
				}
				return
			}
			for i, line := range strings.Split(string(tr.Text), "\n") {
				words := strings.Fields(line)
				if len(words) == 0 || !strings.Contains(words[len(words)-1], ":") {
					continue
				}
				if got := fmt.Sprintf("%s:%d", tr.Lines[i].Template, tr.Lines[i].Line); got != words[len(words)-1] {
					t.Errorf("line %d, %q, is said to come from %s", i+1, line, got)
				}
			}
		})
	}
}

func TestTraceVia(t *testing.T) {
	tr := report(t, jinja.MapLoader{"a": "\n{% include 'b' %}", "b": "{% macro m() %}xy{% endmacro %}\n\n{{ m() }}"}, "t\n{% include 'a' %}")
	at := &tr.Lines[len(tr.Lines)-1]
	var got []string
	for ; at != nil; at = at.Via {
		got = append(got, fmt.Sprintf("%s:%d", at.Template, at.Line))
	}
	if diff := cmp.Diff([]string{"b:1", "b:3", "a:2", "t:2"}, got); diff != "" {
		t.Error(diff)
	}
	tr = report(t, jinja.MapLoader{"base": "{% block a %}{% endblock %}x"}, "\n{% extends 'base' %}\n{% set x = 1 %}")
	if via := tr.Lines[1].Via; via == nil || via.Template != "t" || via.Line != 2 {
		t.Errorf("extended via %v", via)
	}
}

func show(errs []*python.Error) []string {
	var all []string
	for _, e := range errs {
		all = append(all, e.Error())
	}
	return all
}

// TestTraceFaults: all faults, and none that only follows from another.
func TestTraceFaults(t *testing.T) {
	files := jinja.MapLoader{
		"part":   "{{ two }}\n{{ registry }}",
		"broken": "a\n{% if %}",
		"macros": "{% macro m(x) %}{{ x }}{{ inside }}{% endmacro %}",
	}
	for _, test := range []struct {
		name, source string
		want         []string
	}{
		{"several", "{{ one }}\n{{ registry }}{{ two }}\n{{ 1 // 0 }}",
			[]string{"t:1: 'one' is undefined", "t:2: 'two' is undefined", "t:3: integer division or modulo by zero"}},
		{"once each", "{% for i in range(3) %}{{ one }}{% endfor %}", []string{"t:1: 'one' is undefined"}},
		{"include", "{{ one }}\n{% include 'part' %}\n{% include 'gone' %}\n{% include 'broken' %}",
			[]string{"t:1: 'one' is undefined", "part:1: 'two' is undefined", "t:3: template 'gone' not found",
				"broken:2: Expected an expression, got 'end of statement block'"}},
		{"what follows", "{% set x = one | upper %}{{ x }}{{ x.y }}{% if x is not defined %}{{ two }}{% endif %}{{ x | default('known') | image_tag }}",
			[]string{"t:1: 'one' is undefined"}},
		{"branches", "{% if one %}{% set x = 1 %}{% else %}{% set x, y = 2, 3 %}{% endif %}{{ x + y }}", []string{"t:1: 'one' is undefined"}},
		{"loops", "{% for i in one %}{{ two }}{% endfor %}\n{{ three }}", []string{"t:1: 'one' is undefined", "t:2: 'three' is undefined"}},
		{"text that is not whole", "{% set x %}kno{{ one }}{% endset %}{{ x | image_tag }}{% macro m() %}{{ two }}{% endmacro %}{{ m() | image_tag }}",
			[]string{"t:1: 'one' is undefined", "t:1: 'two' is undefined"}},
		{"blocks that are not whole", "{% macro m() %}{{ one }}{{ caller() }}{% endmacro %}{% call m() %}x{% endcall %}{% filter first %}{{ two }}{% endfilter %}",
			[]string{"t:1: 'one' is undefined", "t:1: 'two' is undefined"}},
		{"modules", "{% import 'gone' as g %}{{ g.x() }}{% from 'macros' import m, other %}{{ m(one) }}\n{{ other() }}",
			[]string{"t:1: template 'gone' not found", "t:1: 'one' is undefined", "macros:1: 'inside' is undefined",
				"t:2: the template 'macros' (imported on line 1 in 't') does not export the requested name 'other'"}},
		{"namespace", "{% set ns = namespace(a=1) %}{% set ns.a = one | upper %}{{ ns.a + 1 }}", []string{"t:1: 'one' is undefined"}},
		{"endless", "{{ one }}{% for i in range(99999999) %}{% endfor %}{{ two }}",
			[]string{"t:1: 'one' is undefined", "t:1: template takes more than 2000000 steps"}},
		{"none", "{% if one is defined %}{{ one }}{% endif %}{{ one | default('x') }}", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, show(report(t, files, test.source).Faults)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// A trace of a text that nobody reads keeps no lines, and nothing else is missing.
func TestTraceOfMuch(t *testing.T) {
	for _, source := range []string{
		"{{ '\\n' * 200000 }}{{ one }}",
		"{% for i in range(600000) %}x{% endfor %}{{ one }}",
		"{% set x %}{% for i in range(1000) %}{{ i }}{% endfor %}{% endset %}{% for i in range(1000) %}{{ x }}{% endfor %}{{ one }}",
	} {
		tr := report(t, nil, source)
		if tr.Lines != nil || len(tr.Text) < 200000 || len(tr.Faults) != 1 || !tr.Later() {
			t.Errorf("%s: %d lines, %d bytes, %v", source, len(tr.Lines), len(tr.Text), tr.Faults)
		}
	}
}

func TestTraceEndsAfterManyFaults(t *testing.T) {
	tr := report(t, nil, strings.Repeat("{{ nothing }}\n", 1000))
	if n := len(tr.Faults); n != 101 {
		t.Errorf("%d faults", n)
	}
}

func TestTraceHere(t *testing.T) {
	tr := &jinja.Trace{}
	var got []string
	env := jinja.NewEnv(nil, jinja.Options{})
	env.AddFilter("note", "value", func(args []any) (any, error) {
		got = append(got, fmt.Sprintf("%s %s:%d", args[0], tr.Here().Template, tr.Here().Line))
		return "", errors.New("no")
	})
	tmpl, err := env.Parse("t", "a\n{{ 'x' | note }}{% if false %}\n{{ 'y' | note }}{% endif %}")
	if err != nil {
		t.Fatal(err)
	}
	inspect.Render(tmpl, jinja.NewVars(nil), tr)
	if diff := cmp.Diff([]string{"x t:2", "y t:3"}, got); diff != "" {
		t.Error(diff)
	}
	if (&jinja.Trace{}).Here() != (jinja.Origin{}) {
		t.Error("a trace without a render is somewhere")
	}
}

// Errors of a trace are kept as those of renders are.
func TestLongFaults(t *testing.T) {
	tr := report(t, nil, "{{ ('x' * 10**6) | image_tag }}\n{{ {}['y' * 10**6] }}")
	if len(tr.Faults) != 2 {
		t.Fatal(tr.Faults)
	}
	for _, e := range tr.Faults {
		if len(e.Msg)+len(e.Hint) > 5000 || e.Err != nil && len(e.Err.Error()) > 5000 {
			t.Errorf("a fault of %d bytes", len(e.Msg))
		}
	}
}
