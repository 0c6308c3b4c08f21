package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mostExports is how many functions, types, variables and constants a package may offer: more is no package,
// but a heap. The root package is the whole API.
const mostExports = 45

// libraries are usable alone: what they offer need not be used here.
var libraries = []string{"changelog", "deb822"}

// serialized are types that others meet as bytes in a file.
var serialized = []string{"store/journal.Change"}

// TestExports: a package offers few names, and each is there for somebody.
func TestExports(t *testing.T) {
	list := packages(t)
	surfaces := map[string]*surface{}
	for _, p := range list {
		s := newSurface()
		for _, name := range p.GoFiles {
			s.add(parse(t, filepath.Join(p.Dir, name)))
		}
		surfaces[p.ImportPath] = s
	}
	for _, p := range list {
		for _, name := range slices.Concat(p.GoFiles, p.TestGoFiles, p.XTestGoFiles) {
			for _, use := range foreign(parse(t, filepath.Join(p.Dir, name))) {
				// A kind of error is there for callers, also those that are still to be written: a test speaks for them.
				if s := surfaces[use.path]; s != nil && (use.path != p.ImportPath || strings.HasPrefix(use.name, "Err")) {
					s.use(use.name)
				}
			}
		}
	}
	for _, p := range list {
		s, rel := surfaces[p.ImportPath], strings.TrimPrefix(p.ImportPath, module+"/")
		if n := len(s.names); n > mostExports && p.ImportPath != module {
			t.Errorf("%s exports %d names, more than %d", rel, n, mostExports)
		}
		if slices.Contains(libraries, room(p.ImportPath)) {
			continue
		}
		for _, name := range s.unused() {
			if !slices.Contains(serialized, rel+"."+name) {
				t.Errorf("%s.%s is exported, and only its own package uses it", rel, name)
			}
		}
	}
}

func parse(t *testing.T, name string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

type reference struct{ path, name string }

// foreign are the names of other packages that a file uses.
func foreign(file *ast.File) (uses []reference) {
	imports := map[string]string{}
	for _, i := range file.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		name := path.Base(p)
		if i.Name != nil {
			name = i.Name.Name
		}
		imports[name] = p
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && imports[x.Name] != "" {
				uses = append(uses, reference{imports[x.Name], s.Sel.Name})
			}
		}
		return true
	})
	return uses
}

// surface is what a package offers.
type surface struct {
	names map[string][]string // with the names that a user of each of them meets
	used  map[string]bool
}

func newSurface() *surface { return &surface{map[string][]string{}, map[string]bool{}} }

// use notes that somebody uses a name, and so all that it leads to.
func (s *surface) use(name string) {
	if _, known := s.names[name]; !known || s.used[name] {
		return
	}
	s.used[name] = true
	for _, other := range s.names[name] {
		s.use(other)
	}
}

func (s *surface) unused() (names []string) {
	for name := range s.names {
		if !s.used[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (s *surface) add(file *ast.File) {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			s.function(d)
		case *ast.GenDecl:
			s.declaration(d)
		}
	}
}

func (s *surface) function(d *ast.FuncDecl) {
	switch {
	case !d.Name.IsExported():
	case d.Recv == nil:
		s.offer(d.Name.Name, d.Type)
	default: // who has the type has its methods
		for _, of := range identifiers(d.Recv.List[0].Type) {
			s.lead(of, d.Type)
		}
	}
}

func (s *surface) declaration(d *ast.GenDecl) {
	kind := "" // of the constants of an enumeration
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() {
				s.offer(spec.Name.Name, spec.Type)
			} else { // it may be embedded
				s.lead(spec.Name.Name, spec.Type)
			}
		case *ast.ValueSpec:
			if id, ok := spec.Type.(*ast.Ident); ok {
				kind = id.Name
			}
			for _, name := range spec.Names {
				if !name.IsExported() {
					continue
				}
				s.offer(name.Name, spec.Type)
				if d.Tok == token.CONST && kind != "" { // the values of a type belong to it
					s.names[kind] = append(s.names[kind], name.Name)
				}
			}
		}
	}
}

func (s *surface) offer(name string, types ast.Node) {
	if s.names[name] == nil {
		s.names[name] = []string{}
	}
	s.lead(name, types)
}

// lead notes that who has the name meets those of some types.
func (s *surface) lead(name string, types ast.Node) {
	if !ast.IsExported(name) {
		return
	}
	s.names[name] = append(s.names[name], identifiers(types)...)
}

// identifiers are the names in a type that others see of it.
func identifiers(types ast.Node) (names []string) {
	if types == nil || types == ast.Expr(nil) {
		return nil
	}
	ast.Inspect(types, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr: // of another package
			return false
		case *ast.Field:
			if len(n.Names) > 0 && !slices.ContainsFunc(n.Names, (*ast.Ident).IsExported) {
				if _, isFunc := types.(*ast.FuncType); !isFunc {
					return false
				}
			}
			names = append(names, identifiers(n.Type)...)
			return false
		case *ast.Ident:
			names = append(names, n.Name)
		}
		return true
	})
	return names
}
