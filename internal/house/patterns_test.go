package house

import (
	"go/ast"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// TestPatterns compiles what is only compiled when it is used.
func TestPatterns(t *testing.T) {
	found := 0
	for _, p := range packages(t) {
		var files []*ast.File
		texts := map[string]ast.Expr{} // by the names of constants
		for _, name := range p.GoFiles {
			file := parse(t, filepath.Join(p.Dir, name))
			files = append(files, file)
			for _, d := range file.Decls {
				if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.CONST {
					for _, spec := range d.Specs {
						spec := spec.(*ast.ValueSpec)
						for i := range spec.Values {
							texts[spec.Names[i].Name] = spec.Values[i]
						}
					}
				}
			}
		}
		for _, file := range files {
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) != 1 || selected(call.Fun) != "pattern.New" {
					return true
				}
				found++
				text, ok := constantText(call.Args[0], texts)
				if !ok {
					t.Errorf("%s: the text of a pattern is no constant", p.ImportPath)
				} else if _, err := regexp.Compile(text); err != nil {
					t.Errorf("%s: %v", p.ImportPath, err)
				}
				return true
			})
		}
	}
	if found < 50 {
		t.Errorf("only %d patterns found", found)
	}
}

func selected(e ast.Expr) string {
	if s, ok := e.(*ast.SelectorExpr); ok {
		if x, ok := s.X.(*ast.Ident); ok {
			return x.Name + "." + s.Sel.Name
		}
	}
	return ""
}

func constantText(e ast.Expr, texts map[string]ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.Ident:
		if texts[e.Name] != nil {
			return constantText(texts[e.Name], texts)
		}
	case *ast.BinaryExpr:
		left, ok := constantText(e.X, texts)
		right, also := constantText(e.Y, texts)
		return left + right, ok && also && e.Op == token.ADD
	}
	return "", false
}
