package syntax

import (
	"reflect"
	"strings"
	"testing"
)

// all has every kind of node, each with all its parts.
const all = `{% extends a %}text{{ (a, [b, 1]) }}{{ {a: b} }}{{ a.b[c][d:e:f] }}{{ a(b, c=d, *e, **f) | g(h) is i(j) }}
{{ a if b else c }}{{ -a + b ~ c and not d or e < f in g }}{% do a %}{% if a %}b{% elif c %}{{ d }}{% else %}{{ e }}{% endif %}
{% for a, b in c if d recursive %}{{ loop }}{% else %}{{ e }}{% endfor %}{% set a, b.c = d %}{% set a | b %}{{ c }}{% endset %}
{% filter a(b) %}{{ c }}{% endfilter %}{% macro a(b, c=d) %}{{ e }}{% endmacro %}{% call(a, b=c) d(e) %}{{ f }}{% endcall %}
{% with a = b, c = d %}{{ e }}{% endwith %}{% autoescape a %}{{ b }}{% endautoescape %}{% block a %}{{ b }}{% endblock %}
{% include a %}{% import a as b %}{% from a import b as c %}`

// kinds is the number of the types of nodes.
const kinds = 31

// TestPartsListsAllParts: what a field of a node holds is one of its parts, whatever the kind.
func TestPartsListsAllParts(t *testing.T) {
	g := &Grammar{}
	p := &parser{Grammar: g, name: "t", toks: g.lex("t", all)}
	seen := map[string]bool{}
	for _, n := range p.parseTemplate() {
		walkParts(t, n, seen)
	}
	if len(seen) != kinds {
		t.Errorf("%d kinds were walked, not %d", len(seen), kinds)
	}
}

// walkParts compares the parts of each node with its fields.
func walkParts(t *testing.T, n Node, seen map[string]bool) {
	t.Helper()
	parts := map[Node]int{}
	Parts(n, func(part Node) { parts[part]++ })
	fields := map[Node]int{}
	fieldsOf(reflect.ValueOf(n).Elem(), fields)
	name := strings.TrimPrefix(reflect.TypeOf(n).String(), "*syntax.")
	seen[name] = true
	if !reflect.DeepEqual(parts, fields) {
		t.Errorf("%s has %d parts and %d fields that are nodes", name, len(parts), len(fields))
	}
	for part := range fields {
		walkParts(t, part, seen)
	}
}

// fieldsOf collects the nodes in a value. Names of macros and imports are none.
func fieldsOf(v reflect.Value, found map[Node]int) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; name != "Store" && name != "As" {
				fieldsOf(v.Field(i), found)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			item := v.Index(i)
			if item.Type() == reflect.TypeFor[Target]() {
				item = item.Addr()
			}
			fieldsOf(item, found)
		}
	case reflect.Interface, reflect.Pointer:
		if n, ok := v.Interface().(Node); ok && !v.IsNil() {
			found[n]++
		}
	}
}
