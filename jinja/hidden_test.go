package jinja_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/jinja"
	"github.com/slipway-build/slipway/jinja/python"
)

// A hint's statements do, pasted into the same template, what the refused one should have done.
func TestNamespaceHints(t *testing.T) {
	for _, c := range []struct {
		vars         map[string]any
		source, hint string
	}{
		{nil, "{% set d = {} %}{% set d.x = 1 %}", "make one with {% set d = namespace() %}"},
		{map[string]any{"namespace": "web"}, "{% set d = {} %}{% set d.x = 1 %}",
			"namespace is a variable here, and no function: {% do d.update(x=1) %} sets x of the dictionary"},
		{map[string]any{"namespace": ""}, "{% set d = 'text' %}{% set d.x = 1 %}",
			"namespace is a variable here, and no function: {% set d = {} %} makes a dictionary, and {% do d.update(x=1) %} sets x of it"},
		{map[string]any{"namespace": "web"}, "{% set d.x = 1 %}",
			"namespace is a variable here, and no function: {% set d = {} %} makes a dictionary, and {% do d.update(x=1) %} sets x of it"},
		{map[string]any{"namespace": "web"}, "{% set d = namespace(x=1) %}",
			"namespace is a variable here, and no function: use a dictionary, as {% set d = {} %} and {% do d.update(x=1) %}"},
	} {
		_, err := render(c.source, nil, c.vars)
		var e *python.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: error %v", c.source, err)
			continue
		}
		if e.Hint != c.hint {
			t.Errorf("%s\n got hint %q\nwant hint %q", c.source, e.Hint, c.hint)
			continue
		}
		statements := regexp.MustCompile(`\{%.*?%\}`)
		// What the hint makes takes the place of the statement that was refused.
		given := statements.FindAllString(c.source, -1)
		pasted := strings.Join(given[:len(given)-1], "") + strings.Join(statements.FindAllString(e.Hint, -1), "")
		if c.vars == nil {
			pasted += given[len(given)-1]
		}
		if out, err := render(pasted+"{{ d.x }}", nil, c.vars); err != nil || out != "1" {
			t.Errorf("%s, as the hint says: %q, %v", pasted, out, err)
		}
	}
}

// The hint is about a function that is hidden, and about nothing else that cannot be called.
func TestHiddenFunctions(t *testing.T) {
	vars := map[string]any{"range": 5, "namespace": "web", "mine": "text"}
	files := jinja.MapLoader{"f.j2": "{% macro f() %}{{ range(2)|list }}{% endmacro %}"}
	for source, want := range map[string]string{
		"{{ range(2) }}": "the variable range hides Jinja2's function: a macro of a file that is imported without its context has the function",
		"{{ mine(2) }}":  "",
		"{{ 'a'() }}":    "",
	} {
		_, err := render(source, files, vars)
		var e *python.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: error %v", source, err)
		} else if e.Hint != want || !strings.HasSuffix(e.Msg, "object is not callable") {
			t.Errorf("%s: error %v, hint %q", source, err, e.Hint)
		}
	}
	out, err := render("{% from 'f.j2' import f %}{{ f() }}{% set namespace = dict %}{{ namespace(a=1) }}", files, vars)
	if err != nil || out != "[0, 1]{'a': 1}" {
		t.Errorf("%q, %v", out, err)
	}
}
