package house

import (
	"fmt"
	"go/ast"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// shared is all that Sessions in one process share, and why that harms none of them. docs/go-api.md tells of it.
var shared = map[string]string{
	"jinja.builtinFilters":                        "filled before main, and not changed",
	"jinja.builtinTests":                          "as above",
	"engine/embedded: logrus.SetOutput":           "BuildKit and containerd log to logrus' standard logger; one engine runs at a time",
	"engine/embedded: logrus.SetLevel":            "as above",
	"engine/embedded: os.Setenv":                  "BuildKit mounts below TMPDIR, and its git takes proxies from variables; one engine runs at a time",
	"engine/embedded: mount.SetTempMountLocation": "containerd mounts there for a moment; one engine runs at a time",
	"engine/embedded: os.Unsetenv":                "as above",
	"imagetest/dockercmd: signal.Notify":          "the docker command has a process of its own, or passes a terminal's signals on to its container",
	"network: http.DefaultTransport":              "it is copied, and not changed",
}

// processWide are calls that change something of the process for all.
var processWide = []string{
	"os.Setenv", "os.Unsetenv", "os.Chdir", "os.Clearenv", "syscall.Umask", "unix.Umask", "syscall.Setenv", "signal.Notify", "signal.Ignore",
	"debug.SetGCPercent", "debug.SetMemoryLimit", "logrus.SetOutput", "logrus.SetLevel", "log.SetOutput",
	"mount.SetTempMountLocation",
	"http.DefaultTransport", "http.DefaultClient", "http.DefaultServeMux",
}

// TestSessionsShareNothing: two Sessions in a process have no variable in common, but for a short list.
func TestSessionsShareNothing(t *testing.T) {
	used := map[string]bool{}
	report := func(what string) {
		if shared[what] == "" && !used[what] {
			t.Errorf("%s is shared by all sessions of a process", what)
		}
		used[what] = true
	}
	for _, p := range packages(t) {
		if r := room(p.ImportPath); r == "cmd" || r == "internal" || strings.HasSuffix(p.ImportPath, "test") {
			continue
		}
		rel := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		var files []*ast.File
		vars := map[string]*ast.ValueSpec{}
		for _, name := range p.GoFiles {
			file := parse(t, filepath.Join(p.Dir, name))
			files = append(files, file)
			for _, d := range file.Decls {
				if g, ok := d.(*ast.GenDecl); ok && g.Tok.String() == "var" {
					for _, spec := range g.Specs {
						v := spec.(*ast.ValueSpec)
						for _, n := range v.Names {
							vars[n.Name] = v
						}
					}
				}
			}
		}
		for name, v := range vars {
			if strings.Contains(typeText(v.Type), "sync.") || strings.Contains(typeText(v.Type), "atomic.") {
				report(rel + "." + name)
			}
		}
		for _, file := range files {
			for _, name := range changed(file, vars) {
				report(rel + "." + name)
			}
			for _, use := range foreign(file) {
				call := filepath.Base(use.path) + "." + use.name
				if slices.Contains(processWide, call) {
					report(rel + ": " + call)
				}
			}
		}
	}
	for what := range shared {
		if !used[what] {
			t.Errorf("%s is shared no more: take it out of the list and of docs/go-api.md", what)
		}
	}
}

func typeText(x ast.Expr) string {
	if x == nil {
		return ""
	}
	var text strings.Builder
	ast.Inspect(x, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			fmt.Fprintf(&text, "%s.%s ", s.X, s.Sel)
		}
		return true
	})
	return text.String()
}

// changed are the variables of the package that code of a file writes to, or takes the address of.
func changed(file *ast.File, vars map[string]*ast.ValueSpec) (names []string) {
	note := func(x ast.Expr) {
		for {
			switch y := x.(type) {
			case *ast.IndexExpr:
				x = y.X
			case *ast.SelectorExpr:
				x = y.X
			case *ast.StarExpr:
				x = y.X
			case *ast.ParenExpr:
				x = y.X
			case *ast.Ident:
				v := vars[y.Name]
				if v != nil && y.Name != "_" && (y.Obj == nil || y.Obj.Decl == v) && !slices.Contains(names, y.Name) {
					names = append(names, y.Name)
				}
				return
			default:
				return
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			return n.Recv != nil || n.Name.Name != "init" // what is set once, before anybody runs
		case *ast.AssignStmt:
			if n.Tok.String() != ":=" {
				for _, x := range n.Lhs {
					note(x)
				}
			}
		case *ast.IncDecStmt:
			note(n.X)
		case *ast.UnaryExpr:
			if n.Op.String() == "&" {
				note(n.X)
			}
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "delete" || f.Name == "clear") {
				note(n.Args[0])
			}
		}
		return true
	})
	return names
}
