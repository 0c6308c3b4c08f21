package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mostExported is how many functions, types, variables and constants a package may export.
const mostExported = 45

// wide are the packages that still export more.
var wide = []string{"fleet", "runner"}

// faces are the packages each of whose exported names is used by another one.
var faces = []string{"plan", "facts"}

// TestFaces: a package's face fits on a screen. jinja is for people who use it as a library.
func TestFaces(t *testing.T) {
	all := packages(t)
	exported, used := map[string][]string{}, map[string]bool{}
	for _, p := range all {
		for _, name := range p.GoFiles {
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			exported[p.ImportPath] = append(exported[p.ImportPath], exportedBy(file)...)
			namesUsed(file, used)
		}
	}
	for _, p := range all {
		rel := strings.TrimPrefix(p.ImportPath, module+"/")
		names := exported[p.ImportPath]
		if len(names) > mostExported && room(p.ImportPath) != "jinja" && !slices.Contains(wide, rel) {
			t.Errorf("%s exports %d names, at most %d are allowed: %s", rel, len(names), mostExported, strings.Join(names, " "))
		}
		for _, name := range names {
			if slices.Contains(faces, rel) && !used[p.ImportPath+"."+name] {
				t.Errorf("%s.%s is exported, and no other package uses it", rel, name)
			}
		}
	}
}

// exportedBy are the names that a file exports on package level.
func exportedBy(file *ast.File) []string {
	var names []string
	add := func(ids ...*ast.Ident) {
		for _, id := range ids {
			if id.IsExported() {
				names = append(names, id.Name)
			}
		}
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				add(d.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					add(s.Name)
				case *ast.ValueSpec:
					add(s.Names...)
				}
			}
		}
	}
	return names
}

// namesUsed notes what a file uses of other packages of ours, as path.Name.
func namesUsed(file *ast.File, used map[string]bool) {
	paths := map[string]string{}
	for _, imp := range file.Imports {
		path, err := strconv.Unquote(imp.Path.Value)
		if err != nil || !strings.HasPrefix(path, module+"/") {
			continue
		}
		name := path[strings.LastIndexByte(path, '/')+1:]
		if imp.Name != nil {
			name = imp.Name.Name
		}
		paths[name] = path
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && paths[x.Name] != "" {
				used[paths[x.Name]+"."+sel.Sel.Name] = true
			}
		}
		return true
	})
}
