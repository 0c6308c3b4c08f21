package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// bareCommand finds a command in a hint that stands in other quotes than backticks, or in none.
var bareCommand = regexp.MustCompile(`["'](?:slipway|git|docker|chmod|apt-get) |^(?:slipway (?:-|[a-z]+ --)|git (?:-|[a-z]+ -)|chmod |apt-get |docker [a-z]+ -|%s --)`)

// TestCommandsOfHints: who prints a hint gives the commands in backticks the flags and the DIRECTORY of the
// command line, and people know what to paste.
func TestCommandsOfHints(t *testing.T) {
	found := 0
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for at, hint := range hintsIn(file) {
				found++
				if m := bareCommand.FindString(hint); m != "" {
					t.Errorf("%s: write the command in backticks: %s", fset.Position(at), hint)
				}
			}
		}
	}
	if found < 100 {
		t.Errorf("only %d hints found", found)
	}
	for _, hint := range []string{`"slipway du" shows`, "slipway --help shows", "%s --help shows", "chmod +x a", "see 'git lfs'"} {
		if !bareCommand.MatchString(hint) {
			t.Errorf("%s counts as good", hint)
		}
	}
}

// TestHintsStandApart: an error carries its hint, and nobody writes it into the sentence. jinja, which is
// usable alone, takes one from there.
func TestHintsStandApart(t *testing.T) {
	for _, p := range packages(t) {
		if r := room(p.ImportPath); r == "problem" || r == "jinja" {
			continue
		}
		for _, name := range p.GoFiles {
			ast.Inspect(parse(t, filepath.Join(p.Dir, name)), func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING && strings.Contains(lit.Value, `\nhint: `) {
					t.Errorf("%s/%s: give the hint to problem.With: %s", p.ImportPath, name, lit.Value)
				}
				return true
			})
		}
	}
}

// hintsIn are the texts of a file behind "hint: ", those of a field Hint, and those that the functions
// which make problems take as hints.
func hintsIn(file *ast.File) map[token.Pos]string {
	hints := map[token.Pos]string{}
	add := func(e ast.Expr, marked bool) {
		ast.Inspect(e, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			if _, hint, ok := strings.Cut(text, "hint: "); err == nil && ok {
				hints[lit.Pos()] = hint
			} else if err == nil && !marked {
				hints[lit.Pos()] = text
			}
			return true
		})
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			add(n, true)
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Hint" {
				add(n.Value, false)
			}
		case *ast.CallExpr:
			if at, ok := hintArgument(n.Fun); ok && at < len(n.Args) {
				add(n.Args[at], false)
			}
		}
		return true
	})
	return hints
}

// hintArgument is which argument of a function that makes problems is the hint.
func hintArgument(fun ast.Expr) (at int, ok bool) {
	switch f := fun.(type) {
	case *ast.Ident:
		at, ok = map[string]int{"newProblem": 3}[f.Name]
	case *ast.SelectorExpr:
		if x, is := f.X.(*ast.Ident); is && x.Name == "problem" {
			at, ok = map[string]int{"New": 1, "With": 1, "Withf": 1, "Text": 1}[f.Sel.Name]
			return at, ok
		}
		at, ok = map[string]int{"fail": 2, "add": 3}[f.Sel.Name]
	}
	return at, ok
}
