//go:build !race

// These tests count memory. The race detector needs some of its own, and makes sync.Pool forgetful.

package jinja_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/jinja"
	"github.com/slipway-build/slipway/jinja/python"
)

// bombs are templates that make as much as they can in one go, one for each
// function that makes text or lists. S is a text, L a list of many items.
var bombs = []string{
	// Text to lists.
	"{% set x = ('a\n' * S).splitlines() %}",
	"{% set x = ('a\n' * S).splitlines(true) %}",
	"{% set x = ('\n' * S).splitlines() %}",
	"{% set x = ('a ' * S).split() %}",
	"{% set x = ('a ' * S).rsplit() %}",
	"{% set x = ('a,' * S).split(',') %}",
	"{% set x = ('a,' * S).rsplit(',') %}",
	"{% set x = (',' * S).split(',') %}",
	"{% set x = (('a,' * S)|safe).split(',') %}",
	"{% set x = ('a' * S)|list %}",
	"{% set x = ('é' * S)|list %}",
	"{% set x = (('a' * S)|safe)|list %}",
	"{% set x = ('é' * S)|reverse|list %}",
	"{% set x = dict.fromkeys('a' * S) %}",
	"{% set x = ('a,' * S).partition(',') %}",
	"{% set x = ('a' * S)|batch(1)|list %}",
	"{% set x = ('a' * S)|slice(100000)|list %}",
	"{% set x = ('a' * S)|sort %}",
	"{% set x = ('ab' * S)|unique|list %}",
	"{% set x = ('a' * S)|map('upper')|list %}",
	"{% set x = ('a' * S)|select|list %}",
	"{% set x = ('a' * S)|groupby('0') %}",
	"{% set x = ('a' * S)|map('list')|list %}",
	"{% set x = ('a b ' * S)|wordcount %}",
	"{% set x = [].extend('a' * S) %}",
	"{% set x, y = 'a' * S %}",
	"{% macro m() %}{{ varargs|length }}{% endmacro %}{{ m(*('a' * S)) }}",
	"{% set x = ('{}' * S).format(*('a' * S)) %}",
	// Lists to lists.
	"{% set x = range(L)|list %}",
	"{% set x = range(L)|sort %}",
	"{% set x = range(L)|sort(reverse=true) %}",
	"{% set x = range(L)|map('string')|list %}",
	"{% set x = range(L)|map('float')|list %}",
	"{% set x = range(L)|batch(1)|list %}",
	"{% set x = range(L)|batch(3, 0)|list %}",
	"{% set x = range(L)|batch(L + 1)|list %}",
	"{% set x = range(L)|slice(3, 0)|list %}",
	"{% set x = range(L)|slice(L)|list %}",
	"{% set x = range(L)|reverse|list %}",
	"{% set x = range(L)|unique|list %}",
	"{% set x = range(L)|groupby('real') %}",
	"{% set x = range(L)|join %}",
	"{% set x = range(L)|join(',') %}",
	"{% set x = range(L)|tojson %}",
	"{% set x = range(L)|list|tojson %}",
	"{% set x = range(L)|list|tojson(indent=1) %}",
	"{% set x = range(L)|list|pprint %}",
	"{% set x = range(L)|list|string %}",
	"{% set x = range(L)|list|urlencode %}",
	"{% set x = [range(L)|list] * 100 %}{{ x }}",
	"{% set x = [1] * L %}",
	"{% set x = (1,) * L %}",
	"{% set x = ([1] * L) + ([1] * L) %}",
	"{% set x = ([1] * L)[::-1] %}",
	"{% set x = ([1] * L)[1:] %}",
	"{% set x = ([1] * L).copy() %}",
	"{% set x = ([[1]] * L)|sum(start=[]) %}",
	"{% set x = ([[1]] * L)|map('list')|list %}",
	"{% set x = ([[1,1]] * L)|map('join')|list %}",
	"{% set x = ([{}] * L)|map('items')|list %}",
	"{% set x = ([{1:2}] * L)|map('items')|map('list')|list %}",
	"{% set x = (['a'] * L)|map('split')|list %}",
	"{% set x = (['a'] * L)|map('center', 8)|list %}",
	"{% set x = (['a'] * L)|map('upper')|list %}",
	"{% set x = (['é'] * L)|map('reverse')|list %}",
	"{% set x = ([1.5] * L)|map('round')|list %}",
	"{% set x = ([1] * L)|map(attribute='real')|list %}",
	"{% set x = ([1] * L)|map('d')|list %}",
	"{% set x = ([1] * L)|map('batch', 2)|list %}",
	"{% set x = ([1] * L)|map('attr', 'bit_length')|list %}",
	"{% set x = ([1] * L)|map('attr', 'x')|list %}",
	"{% set x = range(L)|map('format', 1)|list %}",
	"{% set x = dict.fromkeys(range(L)) %}",
	"{% set x = dict(range(L)|batch(2)) %}",
	"{% set x = dict.fromkeys(range(L)).copy() %}",
	"{% set x = dict.fromkeys(range(L)).items()|list %}",
	"{% set x = dict.fromkeys(range(L))|dictsort %}",
	"{% set x = dict.fromkeys(range(L))|tojson %}",
	"{% set x = dict.fromkeys(range(L))|pprint %}",
	"{% set x = dict.fromkeys(range(L))|string %}",
	"{% set x = dict.fromkeys(range(L))|xmlattr %}",
	"{% set x = dict.fromkeys(('ab,' * S).split(','), 'x')|xmlattr %}",
	"{% set x = cycler(*range(L)) %}",
	"{% set x = namespace(range(L)|batch(2)) %}",
	"{% set x = range(L)|list == range(L)|list %}",
	"{% for a in range(L)|list %}{% endfor %}",
	"{% for a in range(L) %}{{ loop.length if loop.first }}{% endfor %}",
	"{% for a in range(L) if a % 2 %}{{ loop.length if loop.first }}{% endfor %}",
	"{% for a in ('a ' * S).split() %}{% endfor %}",
	// Text to text.
	"{% set x = 'a' * S * 100 %}",
	"{% set x = ('a' * S) ~ ('b' * S) %}",
	"{% set x = ('a' * S) + ('b' * S) %}",
	"{% set x = ('<' * S)|escape %}",
	"{% set x = ('<' * S)|e + ('<' * S) %}",
	"{% set x = ('<' * S)|forceescape %}",
	"{% set x = ('<' * S)|safe|striptags %}",
	"{% set x = ('a ' * S)|striptags %}",
	"{% set x = ('&amp; ' * S)|striptags %}",
	"{% set x = ('a' * S).upper() %}",
	"{% set x = ('ŉ' * S)|upper %}",
	"{% set x = ('İΣ' * S)|lower %}",
	"{% set x = ('ŉ' * S).casefold() %}",
	"{% set x = ('ŉ' * S).swapcase() %}",
	"{% set x = ('ŉ ' * S).title() %}",
	"{% set x = ('ŉ ' * S)|title %}",
	"{% set x = ('ŉ' * S)|capitalize %}",
	"{% set x = ('a' * S)|replace('a', 'bb') %}",
	"{% set x = ('a' * S).replace('', 'bb') %}",
	"{% set x = ('a\n' * S)|indent(4) %}",
	"{% set x = ('\n' * S)|indent(4, blank=true) %}",
	"{% set x = ('a\n' * S)|safe|indent(4) %}",
	"{% set x = ('a ' * S)|wordwrap(1) %}",
	"{% set x = ('a' * S)|wordwrap(1) %}",
	"{% set x = ('a-' * S)|wordwrap(7) %}",
	"{% set x = ('a b' * S)|wordwrap(79) %}",
	"{% set x = ('a\n' * S)|wordwrap(1, wrapstring='bb') %}",
	"{% set x = 'a'|center(S * 10) %}",
	"{% set x = 'a'.ljust(S * 10, 'é') %}",
	"{% set x = 'a'.rjust(S * 10) %}",
	"{% set x = 'a'.zfill(S * 10) %}",
	"{% set x = ('\t' * S).expandtabs() %}",
	"{% set x = ('\t' * S).expandtabs(1) %}",
	"{% set x = ('é' * S)[::-1] %}",
	"{% set x = ('é' * S)[1:] %}",
	"{% set x = ('a' * S)[::-1] %}",
	"{% set x = ('é' * S)|reverse %}",
	"{% set x = ('é ' * S)|truncate(S) %}",
	"{% set x = ('a' * S)|urlencode %}",
	"{% set x = ('é' * S)|urlencode %}",
	"{% set x = ('a.com ' * S)|urlize %}",
	"{% set x = ('a ' * S)|urlize %}",
	"{% set x = ('(' * S ~ ')' * S)|urlize %}",
	"{% set x = ('é' * S)|tojson %}",
	"{% set x = ('<' * S)|tojson %}",
	"{% set x = ('\t' * S)|pprint %}",
	"{% set x = ('a ' * S)|pprint %}",
	"{% set x = ('a\n' * S)|pprint %}",
	"{% set x = ['\t' * S]|string %}",
	"{% set x = '%r' % ('é' * S) %}",
	"{% set x = '%a' % ('é' * S) %}",
	"{% set x = '%*d' % (S, 1) %}",
	"{% set x = '%.*f' % (9999, 1) %}",
	"{% set x = ('%s' * S) % (('a',) * S) %}",
	"{% set x = ('%d' * S) % (('1',) * S) %}",
	"{% set x = ('%9d' * S) % ((1,) * S) %}",
	"{% set x = '{!r}'.format('é' * S) %}",
	"{% set x = '{:{}}'.format('a', S) %}",
	"{% set x = '{:0>{}}'.format('a', S) %}",
	"{% set x = '{:,}'.format(10**4000) %}",
	"{% set x = ('{}' * S).format(*(['a'] * S)) %}",
	"{% set x = ('%s' * S)|format('a') %}",
	"{% set x = ('a' * S).translate({97: 'bb'}) %}",
	"{% set x = ('a' * S).maketrans('a' * S, 'b' * S) %}",
	"{% set x = ','.join('a' * S) %}",
	"{% set x = ('a' * S)|join(',') %}",
	"{% set x = (','|e).join('<' * S) %}",
	"{% set x = ('a' * S)|trim('b') %}",
	"{% set x = ('é' * S).find('b', 1) %}",
	"{% set x = ('é' * S).count('b', 1) %}",
	"{% set x = ('1' * S)|int %}",
	"{% set x = ('1' * S)|float %}",
	"{% set x = ('a' * S) in ['b' * S] %}",
	"{% set x = [('a' * S)]|sort %}",
	"{% set x = {('a' * S, 1): 2} %}",
	"{% set x = 2 ** 200000 %}{% set x = x * x %}",
	// Output.
	"{% set x %}{{ 'a' * S }}{% endset %}",
	"{% set x %}{% for i in range(1000) %}{{ 'a' * 1000 }}{% endfor %}{% endset %}{{ x }}{{ x }}{{ x }}",
	"{% macro m() %}{{ 'a' * S }}{% endmacro %}{% set x = m() %}",
	"{% filter upper %}{{ 'a' * S }}{% endfilter %}",
	"{% block b %}{{ 'a' * S }}{% endblock %}{{ self.b() }}",
	"{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{{ 'a' * S }}{% endcall %}",
	"{% for i in range(100000) %}{{ 'a' * 100 }}{% endfor %}",
	"{% autoescape true %}{{ '<' * S }}{% endautoescape %}",
	"{% autoescape true %}{% set x = ('<' * S) ~ ('<'|e) %}{% endautoescape %}",
	"{{ xs|list }}", "{{ xs|join }}", "{{ xs[0] }}{% set ys = xs[:] %}",
}

// TestMemory is about what the bombs make, freed or not, which is more than
// what is in use at any time.
func TestMemory(t *testing.T) {
	const limit = 16 << 20
	long := make([]any, 100_000)
	for i := range long {
		long[i] = strings.Repeat("é", 3)
	}
	vars := jinja.NewVars(map[string]any{"xs": long})
	options := jinja.Options{Limits: python.Limits{Memory: limit}}
	for _, source := range bombs {
		for _, size := range []string{"150000", "1500000"} {
			text := strings.NewReplacer("S", size, "L", size).Replace(source)
			tmpl, err := jinja.NewEnv(jinja.MapLoader{"case": text}, options).Get("case")
			if err != nil {
				t.Fatal(err)
			}
			made := allocated(func() { _, err = tmpl.Render(vars) })
			if made > 2*limit {
				t.Errorf("%s makes %d bytes, the limit is %d (%v)", text, made, limit, err)
			}
		}
	}
}

// TestSourceMemory is TestMemory for what parsing makes.
func TestSourceMemory(t *testing.T) {
	const limit = 32 << 20
	for _, unit := range []string{
		"{{a}}", "{{[1,1,1,1,1,1,1,1]}}", "{{a+a+a+a+a+a}}", "{{a(a=1)}}", "{{a|e|e|e}}", "{{''}}", "{{{1:1,2:2}}}",
		"{%if a%}{%endif%}", "{%set a=1%}", "{%macro a(a,b,c)%}{%endmacro%}", "{%for a in a%}{%endfor%}",
		"{%from a import a,b,c%}", "{%include a%}", "{%call a()%}{%endcall%}", "{{a[1].a[1:2]}}", "text\n",
	} {
		source := strings.Repeat(unit, 4<<20/len(unit))
		env, end := jinja.NewEnv(nil, jinja.Options{Limits: python.Limits{Memory: limit}}).Begin()
		var err error
		made := allocated(func() { _, err = env.Parse("case", source) })
		end()
		var e *python.Error
		if made > 2*limit || err != nil && (!errors.As(err, &e) || e.Kind != python.LimitError) {
			t.Errorf("%s makes %d bytes, the limit is %d (%v)", unit, made, limit, err)
		}
	}
}

// allocated is the bytes that do makes.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
