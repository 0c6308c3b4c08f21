package jinja_test

import (
	"strings"
	"testing"

	"github.com/slipway-build/slipway/jinja"
	"github.com/slipway-build/slipway/jinja/inspect"
	"github.com/slipway-build/slipway/jinja/python"
)

// TestTraceIsRender: a trace gives the text of a render, and its error first.
func TestTraceIsRender(t *testing.T) {
	for _, c := range readCorpus(t) {
		want := c.render(t)
		tmpl, err := c.env().Get("case")
		if err != nil {
			continue
		}
		if strings.Contains(c.Template, "random") || strings.Contains(c.Template, "lipsum") {
			continue
		}
		var tr jinja.Trace
		doubts := inspect.Render(tmpl, c.vars(t), &tr)
		switch {
		case want.Error == "" && (len(tr.Faults) > 0 || string(tr.Text) != want.Want):
			t.Errorf("%s: %s\nmade %q and %v\nnot  %q", c.Name, c.Template, tr.Text, tr.Faults, want.Want)
		case want.Error != "" && (len(tr.Faults) == 0 || tr.Faults[0].Error() != want.Want):
			t.Errorf("%s: %s\nmade %q and %v\nnot  %q", c.Name, c.Template, tr.Text, tr.Faults, want.Want)
		}
		if n := strings.Count(string(tr.Text), "\n") + 1; len(tr.Lines) != n {
			t.Errorf("%s: %d lines have %d origins", c.Name, n, len(tr.Lines))
		}
		for _, e := range append(tr.Faults, doubts...) {
			if e.Kind == python.InternalError {
				t.Errorf("%s: %v", c.Name, e)
			}
		}
	}
}

func BenchmarkTrace(b *testing.B) {
	source, vars, env := typical(b)
	tmpl, err := env.Parse("Dockerfile.template", source)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		inspect.Render(tmpl, vars, &jinja.Trace{})
	}
}

// TestTraceOfCapturedTexts: a text that carries where it came from is a text for everything that looks
// into it.
func TestTraceOfCapturedTexts(t *testing.T) {
	const begin = "{% set x %}ab{% endset %}{% macro m() %}{% endmacro %}{% macro e(a, b='cd') %}{{ varargs }}{{ kwargs }}{{ a }}{% endmacro %}"
	for _, use := range []string{
		"{{ [x, (x, 1), {x: x}] }}", "{{ {'ab': 1}[x] }}{{ {x: 1}.ab }}", "{{ x ~ x }}{{ x + 'c' }}{{ x * 2 }}{{ 'c%s' % x }}{{ x % () }}",
		"{{ x == 'ab' }}{{ 'ab' == x }}{{ x < 'b' }}{{ 'a' in x }}{{ x in ['ab'] }}{{ x is eq('ab') }}{{ x is string }}{{ x is sameas(x) }}",
		"{{ x[0] }}{{ x[:1] }}{{ 'abc'[x | length:] }}{{ x.upper() }}{{ x.zzz is undefined }}{{ x | length }}{{ [x] | join('-') }}",
		"{% for c in x %}{{ c }}{{ loop.changed(x) }}{% endfor %}{% for a, b in [x] %}{{ a }}{% endfor %}{% set p, q = x %}{{ q }}",
		"{{ e(x, x, x, c=x) }}{{ e(*[x]) }}{{ e(b=x) }}", "{% if x and not m() and (m() or x) %}{{ x if x else 1 }}{% endif %}",
		"{% set ns = namespace() %}{% set ns.x = x %}{{ ns }}{{ ns.x + 'c' }}", "{% set d = {} %}{% do d.update(k=x) %}{{ d }}{{ d.k + 'c' }}",
		"{{ dict(a=x) }}{{ cycler(x, 1).next() + 'c' }}{{ joiner(x)() }}{{ [2, 1] | map('string') | join(x) }}{{ x | replace('a', x) }}",
		"{% autoescape true %}{{ x }}{% set y %}<{% endset %}{{ y }}{{ y ~ '<' }}{% endautoescape %}{% autoescape x %}{{ '<' ~ x }}{% endautoescape %}",
		"{% filter replace(x, '<ab>') %}{{ x }}{% endfilter %}{% with y = x %}{{ y | indent }}{% endwith %}{{ x | attr('upper') is callable }}",
		"{% include [x] ignore missing %}{{ -1 if x is number else x | int(5) }}{{ x() }}", "{{ x | nosuch if false }}{{ x.upper.lower }}", "{{ x - 1 }}", "{{ range(x) }}",
	} {
		env := jinja.NewEnv(nil, jinja.Options{})
		tmpl, err := env.Parse("t", begin+use)
		if err != nil {
			t.Fatalf("%s: %v", use, err)
		}
		want, err := tmpl.Render(jinja.NewVars(nil))
		tr := &jinja.Trace{}
		tmpl.Trace(jinja.NewVars(nil), tr)
		if err == nil && (string(tr.Text) != string(want) || len(tr.Faults) > 0) || err != nil && (len(tr.Faults) == 0 || tr.Faults[0].Error() != err.Error()) {
			t.Errorf("%s: a render gives %q and %v, a trace %q and %v", use, want, err, tr.Text, tr.Faults)
		}
	}
}
