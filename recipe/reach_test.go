package recipe_test

import (
	"testing"

	"github.com/slipway-build/slipway/recipe"
)

// TestReaches: what may take something of a folder that is empty, and what cannot.
func TestReaches(t *testing.T) {
	plain := []recipe.Entry{{Path: "a"}, {Path: "lib"}, {Path: "lib/x"}, {Path: "other"}}
	linked := append([]recipe.Entry{{Path: "alias", Link: "lib"}}, plain...)
	for _, tt := range []struct {
		name    string
		use     recipe.Use
		entries []recipe.Entry
		want    bool
	}{
		{"all", recipe.NewUse("/"), plain, true},
		{"itself", recipe.NewUse("lib/x"), plain, true},
		{"in it", recipe.NewUse("lib/x/some/file"), plain, true},
		{"above it", recipe.NewUse("lib"), plain, true},
		{"beside it", recipe.NewUse("lib/xy"), plain, false},
		{"elsewhere", recipe.NewUse("other"), plain, false},
		{"nothing by a wildcard that is none", recipe.Use{Path: "*"}, plain, false},
		{"wildcard", recipe.Use{Path: "l*", Wildcard: true}, plain, true},
		{"wildcard for it", recipe.Use{Path: "lib/?", Wildcard: true}, plain, true},
		{"wildcard in it", recipe.Use{Path: "*/x/*.c", Wildcard: true}, plain, true},
		{"wildcard elsewhere", recipe.Use{Path: "lib/*.c", Wildcard: true}, plain, false},
		{"included", recipe.Use{Path: ".", Include: []string{"lib/x/*.c"}}, plain, true},
		{"included anywhere", recipe.Use{Path: ".", Include: []string{"**/*.c"}}, plain, true},
		{"included from its parent", recipe.Use{Path: "lib", Include: []string{"/x"}}, plain, true},
		{"not included", recipe.Use{Path: ".", Include: []string{"other/*.c"}}, plain, false},
		{"excluded", recipe.Use{Path: ".", Exclude: []string{"lib/x"}}, plain, false},
		{"excluded above", recipe.Use{Path: ".", Exclude: []string{"lib"}}, plain, false},
		{"partly excluded", recipe.Use{Path: ".", Exclude: []string{"lib/x/*.c"}}, plain, true},
		{"brought back", recipe.Use{Path: ".", Exclude: []string{"lib", "!lib/x/y"}}, plain, true},
		{"by a link", recipe.NewUse("alias/x"), linked, true},
		{"by a link above", recipe.NewUse("alias"), linked, true},
		{"links that lead elsewhere", recipe.NewUse("other"), linked, false},
		{"in it beside a link", recipe.NewUse("lib/x/file"), linked, true},
	} {
		got, err := recipe.Reaches([]recipe.Use{tt.use}, "lib/x", tt.entries)
		if err != nil || got != tt.want {
			t.Errorf("%s: %v, %v", tt.name, got, err)
		}
	}
	if _, err := recipe.Reaches([]recipe.Use{{Path: "[", Wildcard: true}}, "lib", plain); err == nil {
		t.Error("a pattern that nobody can read is taken")
	}
}
