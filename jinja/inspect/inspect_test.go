package inspect_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/jinja"
	"github.com/slipway-build/slipway/jinja/inspect"
	"github.com/slipway-build/slipway/jinja/python"
)

type record struct {
	jinja.Trace
	doubts []*python.Error
}

func report(t *testing.T, files jinja.MapLoader, source string) *record {
	t.Helper()
	all := jinja.MapLoader{"t": source}
	for name, text := range files {
		all[name] = text
	}
	env := jinja.NewEnv(all, jinja.Options{})
	env.AddFilter("image_tag", "name", func(args []any) (any, error) {
		if args[0] != "known" {
			return nil, fmt.Errorf("nobody is called %s", args[0])
		}
		return "known:1", nil
	})
	tmpl, err := env.Get("t")
	if err != nil {
		t.Fatal(err)
	}
	tr := &record{}
	tr.doubts = inspect.Render(tmpl, jinja.NewVars(map[string]any{"given": "g", "registry": "r"}), &tr.Trace)
	return tr
}

// TestDoubts: what is wrong in branches that were not taken.
func TestDoubts(t *testing.T) {
	files := jinja.MapLoader{
		"part":     "{% if false %}{{ here }}{{ given }}{{ local }}{% endif %}",
		"macros":   "{% macro m(x) %}{{ x }}{{ registry }}{{ caller() }}{{ later }}{% endmacro %}{% set later = 1 %}",
		"base":     "{% block a %}{{ replaced }}{% endblock %}{% if false %}{{ above }}{{ below }}{% endif %}",
		"endless":  "{% if false %}{% include 'endless' %}{% endif %}",
		"included": "{{ foo }}",
	}
	off := func(source string) string { return "{% if false %}\n" + source + "{% endif %}" }
	for _, test := range []struct {
		name, source string
		want         []string
	}{
		{"name", off("{{ registy }}\n{{ registry }}{{ range(3) }}"), []string{"t:2: 'registy' is undefined"}},
		{"only once", off("{{ one }}\n{{ one }}"), []string{"t:2: 'one' is undefined"}},
		{"taken", "{{ one if false else given }}{% set x = given %}{{ x }}", []string{"t:1: 'one' is undefined"}},
		{"reached and wrong", "{{ one }}", nil},
		{"behind a fault", "{{ one ~ two }}", []string{"t:1: 'two' is undefined"}},
		{"guards", off(`{% if a is defined %}{{ a }}{% endif %}{{ a if a is defined else 1 }}{{ a | default(1) }}
{% if a is not defined %}{% else %}{{ a }}{% endif %}{% if not (a is undefined or b is undefined) %}{{ a }}{{ b }}{% endif %}
{{ a is defined and a.b }}{{ a is undefined or a.b }}{% if a is defined and b is defined and c %}{{ a }}{{ b }}{% endif %}`),
			[]string{"t:4: 'c' is undefined"}},
		{"guard of another", off("{% if a is defined or b is defined %}{{ a }}{% endif %}"), []string{"t:2: 'a' is undefined"}},
		{"elif", off("{% if a is not defined %}{% elif a %}{% else %}{{ a }}{% endif %}"), nil},
		{"assigned", off("{% set a = 1 %}{{ a }}{% set b %}x{% endset %}{{ b }}{% for c, d in [] %}{{ c }}{{ d }}{{ loop.index }}{% endfor %}"+
			"{% with e = 1 %}{{ e }}{% endwith %}{% macro f(g, h=g) %}{{ g }}{{ h }}{{ varargs }}{{ kwargs }}{{ i }}{% endmacro %}{{ f() }}") + "{% set i = 1 %}", nil},
		{"assigned in a branch", off("{% if given %}{% set a = 1 %}{% endif %}{{ a }}"), nil},
		{"assigned elsewhere", off("{% for c in [] %}{% endfor %}{{ c }}"), []string{"t:2: 'c' is undefined"}},
		{"assigned later", off("{{ late }}{% set late = 1 %}"), []string{"t:2: 'late' is undefined"}},
		{"macro that nobody calls", "{% macro m(x) %}\n{{ x }}{{ y }}{% endmacro %}", []string{"t:2: 'y' is undefined"}},
		{"constants", off("{{ 'known' | image_tag }}\n{{ 'known' ~ 'x' | image_tag }}{{ given | image_tag }}\n{{ 'gone' | image_tag | upper }}{{ ['a'] | join | image_tag }}{{ 5 | round(1, 'no') }}"),
			[]string{"t:3: nobody is called x", "t:4: nobody is called gone", "t:4: nobody is called a", "t:4: method must be common, ceil or floor"}},
		{"unknown filter", off("{{ 'known' | imagetag }}{{ 1 is od }}"), []string{"t:2: No filter named 'imagetag' found.", "t:2: No test named 'od' found."}},
		{"include", "{% set local = 1 %}{% include 'part' %}\n{% if false %}{% include 'gone' %}{% include 'gone' ignore missing %}\n{% include 'included' %}{% endif %}",
			[]string{"part:1: 'here' is undefined", "t:2: template 'gone' not found", "included:1: 'foo' is undefined"}},
		{"import", off("{% import 'macros' as m %}{{ m.m() }}"), []string{"macros:1: 'registry' is undefined"}},
		{"extends", "{% extends 'base' %}{{ not_printed }}{% set below = 1 %}{% block a %}{% if false %}{{ own }}{{ below }}{% endif %}{% endblock %}",
			[]string{"base:1: 'above' is undefined", "t:1: 'own' is undefined"}},
		{"endless", "{% include 'endless' %}", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			tr := report(t, files, test.source)
			var got []string
			for _, e := range tr.doubts {
				got = append(got, e.Error())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Each filter on constants has memory of its own, whatever the render and the
// others used.
func TestDoubtsHaveMemoryOfTheirOwn(t *testing.T) {
	one := "{{ ('x' | center(20000)) | image_tag }}\n"
	tr := report(t, nil, "{% set x = 'a' * 10000000 %}{% if false %}"+strings.Repeat(one, 50)+"{% endif %}")
	if len(tr.doubts) != 50 || len(tr.Faults) > 0 {
		t.Errorf("%d doubts, faults %v", len(tr.doubts), tr.Faults)
	}
	for _, e := range tr.doubts {
		if len(e.Msg) > 2100 {
			t.Fatalf("a doubt of %d bytes", len(e.Msg))
		}
	}
	tr = report(t, nil, "{% if false %}{{ 'x' | center(900000) | image_tag }}{% endif %}")
	if len(tr.doubts)+len(tr.Faults) > 0 {
		t.Errorf("what takes too much is taken for good, not %v, %v", tr.doubts, tr.Faults)
	}
}

func TestWords(t *testing.T) {
	for source, want := range map[string]string{
		"": "",
		"namespace {# a #} {% raw %}{{ b }}{% endraw %}": "",
		"{{ a.b['c'] }}{%- if d -%} e {% endif %}":       "a b d endif if",
		"{% set x = y|default(\"z {{ n }}\") %}":         "default set x y",
		"{{ a }} {{ 'open":                               "a",
		"{{ a }}\n{% if b $ c %}":                        "a b if",
	} {
		if got := strings.Join(slices.Sorted(maps.Keys(inspect.Words(source))), " "); got != want {
			t.Errorf("%q: %s, want %s", source, got, want)
		}
	}
}
