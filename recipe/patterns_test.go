package recipe_test

import (
	"strings"
	"testing"

	"github.com/slipway-build/slipway/recipe"
)

func TestCheckPatterns(t *testing.T) {
	for _, tt := range []struct {
		name     string
		patterns []string
		want     string
	}{
		{"nothing", nil, ""},
		{"what people write", []string{"**/*.md", "!README.md", "a/**/b", "[a-z]?"}, ""},
		{"long", []string{strings.Repeat("a", 4096)}, ""},
		{"too long", []string{"x", strings.Repeat("a", 4097)}, `the pattern "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"… has 4097 bytes, more than 4096`},
		{"wildcards", []string{strings.Repeat("?", 101)}, `the pattern "????????????????????????????????????????"… has 101 wildcards, more than 100`},
		{"brackets", []string{strings.Repeat("[", 101)}, `the pattern "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["… has 101 wildcards, more than 100`},
		{"many", strings.Split(strings.Repeat("a ", 10_000), " "), "there are 10001 patterns, more than 10000"},
		{"many wildcards", strings.Fields(strings.Repeat("**/*?a ", 5001)), "the patterns have more than 20000 wildcards together"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if err := recipe.CheckPatterns(tt.patterns); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
