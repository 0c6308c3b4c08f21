package jinja

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestWords(t *testing.T) {
	for source, want := range map[string]string{
		"": "",
		"namespace {# a #} {% raw %}{{ b }}{% endraw %}": "",
		"{{ a.b['c'] }}{%- if d -%} e {% endif %}":       "a b d endif if",
		"{% set x = y|default(\"z {{ n }}\") %}":         "default set x y",
		"{{ a }} {{ 'open":                               "a",
		"{{ a }}\n{% if b $ c %}":                        "a b if",
	} {
		if got := strings.Join(slices.Sorted(maps.Keys(Words(source))), " "); got != want {
			t.Errorf("%q: %s, want %s", source, got, want)
		}
	}
}
