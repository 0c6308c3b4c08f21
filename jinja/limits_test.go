package jinja_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/slipway-build/slipway/jinja"
	"github.com/slipway-build/slipway/jinja/python"
)

// render renders a template with small limits.
func render(source string, files jinja.MapLoader, vars map[string]any) (string, error) {
	loader := jinja.MapLoader{"case": source}
	for name, text := range files {
		loader[name] = text
	}
	env := jinja.NewEnv(loader, jinja.Options{Limits: python.Limits{
		Output: 1 << 20, Steps: 20_000, Memory: 16 << 20, Recursion: 100, Source: 1 << 20,
	}})
	tmpl, err := env.Get("case")
	if err != nil {
		return "", err
	}
	out, err := tmpl.Render(jinja.NewVars(vars))
	return string(out), err
}

var endlessFiles = jinja.MapLoader{
	"self":    "{% include 'self' %}",
	"twice":   "{% include 'half' %}{% include 'half' %}",
	"half":    "{% include 'twice' %}",
	"extends": "{% extends 'extends' %}",
}

// endless are templates that would not end or would fill the memory.
var endless = []struct {
	name, source string
	kind         python.Kind
}{
	{"loop", "{% for i in range(10**9) %}{% endfor %}", python.LimitError},
	{"nested loop", "{% for i in range(1000) %}{% for j in range(1000) %}{% endfor %}{% endfor %}", python.LimitError},
	{"range", "{{ range(10**15) | sum }}", python.LimitError},
	{"huge range", "{{ range(10**18) }}", python.LimitError},
	{"list of range", "{{ range(10**9) | list }}", python.LimitError},
	{"growing list", "{% set l = [1] %}{% for i in l %}{% do l.append(i) %}{% endfor %}", python.LimitError},
	{"text", "{{ 'x' * 10**9 }}", python.LimitError},
	{"text of big int", "{{ 'x' * 10**30 }}", python.LimitError},
	{"list", "{{ [1] * 10**9 }}", python.LimitError},
	{"doubling text", "{% set ns = namespace(s='x') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}", python.LimitError},
	{"doubling list", "{% set ns = namespace(s=[1]) %}{% for i in range(99) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}", "RecursionError"},
	{"doubling shared list", "{% set ns = namespace(s=[1]) %}{% for i in range(40) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}", python.LimitError},
	{"doubling json", "{% set ns = namespace(s=[1]) %}{% for i in range(40) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s|tojson }}", python.LimitError},
	{"equal shared lists", "{% set a = namespace(s=[1]) %}{% set b = namespace(s=[1]) %}{% for i in range(40) %}{% set a.s = [a.s, a.s] %}{% set b.s = [b.s, b.s] %}{% endfor %}{{ a.s == b.s }}", python.LimitError},
	{"pretty shared list", "{% set ns = namespace(s=[1]) %}{% for i in range(40) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s|pprint }}", python.LimitError},
	{"output", "{% for i in range(2000) %}{{ 'x' * 1000 }}{% endfor %}", python.LimitError},
	{"replace", "{{ ('x' * 10000)|replace('x', 'y' * 10000) }}", python.LimitError},
	{"replace method", "{{ ('x' * 10000).replace('', 'y' * 10000) }}", python.LimitError},
	{"join", "{{ range(10000) | join('y' * 10000) }}", python.LimitError},
	{"join method", "{{ ('y' * 10000).join('x' * 10000) }}", python.LimitError},
	{"indent", "{{ ('\n' * 10000) | indent('y' * 10000, blank=true) }}", python.LimitError},
	{"center", "{{ 'x' | center(10**12) }}", python.LimitError},
	{"ljust", "{{ 'x'.ljust(10**12) }}", python.LimitError},
	{"zfill", "{{ 'x'.zfill(10**12) }}", python.LimitError},
	{"expandtabs", "{{ '\t'.expandtabs(10**12) }}", python.LimitError},
	{"percent width", "{{ '%1000000000s' % 1 }}", python.LimitError},
	{"percent precision", "{{ '%.1000000000f' % 1 }}", python.LimitError},
	{"percent star", "{{ '%*d' % (10**12, 1) }}", python.LimitError},
	{"format width", "{{ '{:1000000000}'.format(1) }}", python.LimitError},
	{"format precision", "{{ '{:.1000000000f}'.format(1.5) }}", python.LimitError},
	{"format zeros", "{{ '{:01000000,}'.format(1) }}", python.LimitError},
	{"batch", "{{ [1] | batch(10**9, 0) | list }}", python.LimitError},
	{"slice", "{{ [1] | slice(10**9, 0) | list }}", python.LimitError},
	{"translate", "{{ ('a' * 10000).translate({97: 'x' * 10000}) }}", python.LimitError},
	{"power", "{{ 10 ** (10 ** 10) }}", python.LimitError},
	{"power of power", "{{ (2 ** 200000) ** 200000 }}", python.LimitError},
	{"product", "{% set ns = namespace(n=10) %}{% for i in range(99) %}{% set ns.n = ns.n * ns.n %}{% endfor %}", python.LimitError},
	{"macro", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "RecursionError"},
	{"two macros", "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}", python.LimitError},
	{"recursive loop", "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}", "RecursionError"},
	{"include", "{% include 'self' %}", "RecursionError"},
	{"two includes", "{% include 'twice' %}", "RecursionError"},
	{"extends", "{% extends 'extends' %}", "RecursionError"},
	{"block", "{% block a %}{{ self.a() }}{% endblock %}", "RecursionError"},
	{"search", "{% set s = 'x' * 10**6 %}{% for i in range(15000) %}{{ s.find('y') > 0 }}{% endfor %}", python.LimitError},
	{"in", "{% set s = 'x' * 10**6 %}{% for i in range(15000) %}{{ 'y' in s }}{% endfor %}", python.LimitError},
	{"length", "{% set s = 'x' * 10**6 %}{% for i in range(15000) %}{{ s|length }}{% endfor %}", python.LimitError},
	{"item", "{% set s = 'x' * 10**6 %}{% for i in range(15000) %}{{ s[i] }}{% endfor %}", python.LimitError},
	{"equal", "{% set s = 'x' * 10**6 %}{% set t = 'x' * 10**6 %}{% for i in range(15000) %}{{ s == t }}{% endfor %}", python.LimitError},
	{"insert", "{% set l = [1] * 10**5 %}{% for i in range(15000) %}{% do l.insert(0, 1) %}{% endfor %}", python.LimitError},
	{"arguments", "{{ f(" + strings.Repeat("1,", 300) + ") }}", python.SyntaxError},
	{"parameters", "{% macro f(" + strings.Repeat("a,", 300) + "b) %}{% endmacro %}", python.SyntaxError},
	{"big source", strings.Repeat("x", 1<<20+1), python.LimitError},
	{"parentheses", "{{ " + strings.Repeat("(", 100_000), python.SyntaxError},
	{"brackets", "{{ " + strings.Repeat("[", 100_000), python.SyntaxError},
	{"minus", "{{ " + strings.Repeat("-", 100_000) + "1 }}", python.SyntaxError},
	{"not", "{{ " + strings.Repeat("not ", 100_000) + "1 }}", python.SyntaxError},
	{"sum", "{{ 1" + strings.Repeat("+1", 100_000) + " }}", python.SyntaxError},
	{"filters", "{{ 1" + strings.Repeat("|abs", 100_000) + " }}", python.SyntaxError},
	{"attributes", "{{ x" + strings.Repeat(".x", 100_000) + " }}", python.SyntaxError},
	{"calls", "{{ x" + strings.Repeat("()", 100_000) + " }}", python.SyntaxError},
	{"inline ifs", "{{ 1" + strings.Repeat(" if 1 else 2", 30_000) + " }}", python.SyntaxError},
	{"ifs", strings.Repeat("{% if 1 %}", 50_000), python.SyntaxError},
}

func TestLimits(t *testing.T) {
	for _, c := range endless {
		t.Run(c.name, func(t *testing.T) {
			out, err := render(c.source, endlessFiles, nil)
			var e *python.Error
			if !errors.As(err, &e) || e.Kind != c.kind {
				if len(out) > 100 {
					out = out[:100]
				}
				t.Errorf("got %q and error %v, want a %s", out, err, c.kind)
			}
		})
	}
}

func TestDeepNestingRenders(t *testing.T) {
	for _, source := range []string{
		"{{ " + strings.Repeat("(", 60) + "1" + strings.Repeat(")", 60) + " }}",
		"{{ 1" + strings.Repeat("+1", 900) + " }}",
		strings.Repeat("{% if 1 %}", 90) + "x" + strings.Repeat("{% endif %}", 90),
	} {
		if _, err := render(source, nil, nil); err != nil {
			t.Errorf("%.40s...: %v", source, err)
		}
	}
}

func TestSandbox(t *testing.T) {
	for _, source := range []string{
		"{{ ''.__class__ }}",
		"{{ ''['__class__'] }}",
		"{{ []|attr('__class__') }}",
		"{{ '{0.__class__}'.format(1) }}",
		"{{ range.__init__ }}",
	} {
		var e *python.Error
		if out, err := render(source, nil, nil); !errors.As(err, &e) || e.Kind != python.SecurityError {
			t.Errorf("%s: got %q, %v", source, out, err)
		}
	}
}

// TestBigTemplates compiles large templates in time that does not explode.
func TestBigTemplates(t *testing.T) {
	number := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.ReplaceAll(format, "#", strconv.Itoa(i)))
		}
		return b.String()
	}
	start := time.Now()
	for name, source := range map[string]string{
		"names":        number(60_000, "{{ a#|d }}"),
		"ifs":          number(20_000, "{% if a#|d %}{% set b# = 1 %}{% endif %}"),
		"nested ifs":   strings.Repeat("{% if 1 %}", 150) + number(5_000, "{% set b# = 1 %}") + strings.Repeat("{% endif %}", 150),
		"includes":     number(10_000, "{% set b# = 1 %}{% include 'x' ignore missing %}"),
		"macros":       number(10_000, "{% macro m#(a) %}{{ a#|d }}{% endmacro %}"),
		"nested loops": strings.Repeat("{% for i in [] %}", 150) + number(5_000, "{{ b# }}") + strings.Repeat("{% endfor %}", 150),
		"blocks":       number(10_000, "{% block b# scoped %}{% endblock %}"),
		"elifs":        "{% if 0 %}" + number(20_000, "{% elif a#|d %}{% set b# = 1 %}") + "{% endif %}",
	} {
		_, err := render(source, nil, nil)
		var e *python.Error
		if errors.As(err, &e) && e.Kind != python.LimitError {
			t.Errorf("%s: %v", name, err)
		}
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("took %v", d)
	}
}
