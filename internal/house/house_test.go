package house

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/slipway-build/slipway"

// values are leaf rooms, which every room but jinja may import, and which import one another alone.
var values = []string{"digests", "pattern", "platform", "problem", "ref", "version"}

// may lists, per room, the other rooms it may import, beside values. A room is a top folder,
// and the root package is one; packages inside one room may import each other.
var may = map[string][]string{
	"changelog": {},
	"deb822":    {},
	"jinja":     {},
	"config":    {"secret", "jinja"}, // jinja/python
	"template":  {"config", "jinja"},
	"fleet":     {"changelog", "deb822", "jinja", "template", "config", "recipe"},
	"plan":      {"fleet", "recipe"},
	"engine":    {"fleet", "recipe", "secret"}, // engine/dockerfile parses for fleet
	"recipe":    {},
	"secret":    {},
	"store":     {},
	"network":   {},
	"registry":  {"network"},
	"state":     {},
	"imagetest": {"engine", "store", "fleet"}, // an image says which test it has
	"facts":     {"recipe", "fleet", "plan", "store", "registry", "state", "imagetest"},
	"event":     {"fleet"},
	"runner":    {"event", "secret", "recipe", "fleet", "plan", "engine", "store", "imagetest", "registry", "state"},
	"slipway":   {"event", "secret", "recipe", "config", "fleet", "plan", "engine", "store", "network", "registry", "state", "imagetest", "facts", "runner"},
	"internal":  {"slipway", "event", "secret", "recipe", "changelog", "deb822", "config", "template", "fleet", "plan", "engine", "store", "network", "registry", "state", "imagetest", "jinja", "facts", "runner"},
	"examples":  {"slipway", "config"},
	"cmd":       {"internal"},
}

type pkg struct {
	ImportPath, Dir, Doc string
	GoFiles, Imports     []string
	TestGoFiles          []string
	XTestGoFiles         []string

	TestImports, XTestImports []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json", "./...")
	cmd.Dir = "../.."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("cannot list packages: %v\n%s", err, &stderr)
	}
	var list []pkg
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	if len(list) < 10 {
		t.Fatalf("only %d packages found", len(list))
	}
	return list
}

func room(importPath string) string {
	if importPath == module {
		return "slipway"
	}
	rel, ok := strings.CutPrefix(importPath, module+"/")
	if !ok {
		return ""
	}
	top, _, _ := strings.Cut(rel, "/")
	return top
}

// TestNoUnsafe: what must know where a thing came from carries it, and asks no address.
func TestNoUnsafe(t *testing.T) {
	for _, p := range packages(t) {
		if slices.Contains(slices.Concat(p.Imports, p.TestImports, p.XTestImports), "unsafe") {
			t.Errorf("%s imports unsafe", p.ImportPath)
		}
	}
}

func TestImportDirection(t *testing.T) {
	for _, p := range packages(t) {
		from := room(p.ImportPath)
		allowed, known := may[from]
		switch {
		case slices.Contains(values, from):
			known, allowed = true, values
		case from != "jinja":
			allowed = slices.Concat(allowed, values)
		}
		if !known {
			t.Errorf("%s is in no known room", p.ImportPath)
			continue
		}
		for _, imp := range p.Imports {
			if to := room(imp); to != "" && to != from && !slices.Contains(allowed, to) {
				t.Errorf("%s must not import %s", p.ImportPath, imp)
			}
			if from == "jinja" && room(imp) == "" && strings.Contains(imp, ".") {
				t.Errorf("%s imports %s: jinja needs the standard library alone", p.ImportPath, imp)
			}
			if imp == "github.com/distribution/reference" && from != "ref" && from != "imagetest" { // which plays Docker
				t.Errorf("%s imports %s: package ref parses references", p.ImportPath, imp)
			}
			if strings.HasPrefix(imp, "github.com/moby/buildkit") && from != "engine" {
				t.Errorf("%s imports %s: only engine may import BuildKit", p.ImportPath, imp)
			}
		}
	}
}

// TestImportDepth: from any package to the last that it imports it is not far.
func TestImportDepth(t *testing.T) {
	const most = 10 // of which three are in jinja
	imports := map[string][]string{}
	for _, p := range packages(t) {
		imports[p.ImportPath] = p.Imports
	}
	depths := map[string]int{}
	var depth func(string) int
	depth = func(path string) int {
		if imports[path] == nil || depths[path] > 0 {
			return depths[path]
		}
		deepest := 0
		for _, imp := range imports[path] {
			deepest = max(deepest, depth(imp))
		}
		depths[path] = deepest + 1
		return depths[path]
	}
	for path := range imports {
		if n := depth(path); n > most {
			t.Errorf("%s has %d packages of ours below one another, more than %d", path, n, most)
		}
	}
}

func TestPackagesHaveDocs(t *testing.T) {
	for _, p := range packages(t) {
		if len(p.GoFiles) > 0 && p.Doc == "" {
			t.Errorf("%s has no package doc", p.ImportPath)
		}
	}
}

// forbidden selectors and who may use them nevertheless; examples are programs.
var forbidden = map[string]string{
	"os.Args": "cmd/", "os.Exit": "cmd/", "os.Stdout": "cmd/", "os.Stderr": "cmd/", "os.Stdin": "cmd/",
	"context.Background": "cmd/", "log.Fatal": "", "log.Fatalf": "",
}

func TestOnlyMainTouchesTheProcess(t *testing.T) {
	for _, p := range packages(t) {
		rel := strings.TrimPrefix(p.ImportPath, module+"/") + "/"
		for _, name := range p.GoFiles {
			path := filepath.Join(p.Dir, name)
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				x, ok := sel.X.(*ast.Ident)
				if !ok {
					return true
				}
				allowed, bad := forbidden[x.Name+"."+sel.Sel.Name]
				if bad && !strings.HasPrefix(rel, "examples/") && (allowed == "" || !strings.HasPrefix(rel, allowed)) {
					t.Errorf("%s: %s.%s is for main only", fset.Position(n.Pos()), x.Name, sel.Sel.Name)
				}
				return true
			})
		}
	}
}

// TestSizes: a file has at most 400 lines, a function at most 120.
func TestSizes(t *testing.T) {
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			if n := fset.File(file.Pos()).LineCount(); n > 400 {
				t.Errorf("%s/%s has %d lines, more than 400", p.ImportPath, name, n)
			}
			for _, d := range file.Decls {
				f, ok := d.(*ast.FuncDecl)
				if !ok {
					continue
				}
				if n := fset.Position(f.End()).Line - fset.Position(f.Pos()).Line + 1; n > 120 {
					t.Errorf("%s: %s has %d lines, more than 120", fset.Position(f.Pos()), f.Name.Name, n)
				}
			}
		}
	}
}

// TestDependenciesHaveReasons: each direct dependency has a line in
// docs/dependencies.md, and each line there a dependency.
func TestDependenciesHaveReasons(t *testing.T) {
	cmd := exec.Command("go", "list", "-m", "-f", "{{if not (or .Indirect .Main)}}{{.Path}}{{end}}", "all")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("../../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for line := range strings.Lines(string(doc)) {
		cells := strings.Split(line, "|")
		if len(cells) == 4 && strings.Contains(cells[1], ".") {
			documented = append(documented, strings.TrimSpace(cells[1]))
			if len(strings.TrimSpace(cells[2])) < 10 {
				t.Errorf("%s has no reason", cells[1])
			}
		}
	}
	used := strings.Fields(string(out))
	for _, m := range used {
		if !slices.Contains(documented, m) {
			t.Errorf("docs/dependencies.md lacks %s", m)
		}
	}
	for _, m := range documented {
		if !slices.Contains(used, m) {
			t.Errorf("docs/dependencies.md has %s, which go.mod does not require directly", m)
		}
	}
}

// TestNothingOfTheWorkshop: no file names the mirrors of this machine, its registries of packages or
// the place of the checkout. It takes them from the machine, so that it need not name them itself.
func TestNothingOfTheWorkshop(t *testing.T) {
	cmd := exec.Command("git", "ls-files")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("not a git checkout, and in CI it must be: %v", err)
		}
		t.Skipf("not a git checkout: %v", err)
	}
	private := workshop(t)
	for _, name := range strings.Fields(string(out)) {
		data, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			continue // removed, but not yet committed
		}
		for _, p := range private {
			if bytes.Contains(data, []byte(p)) {
				t.Errorf("%s names %s", name, p)
			}
		}
	}
}

var address = regexp.MustCompile(`https?://([^/\s:@,|]+\.[^/\s:@,|]+)`)

// workshop are the hosts of this machine's Go proxy and apt sources, and the checkout's path.
func workshop(t *testing.T) []string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	sources, err := exec.Command("go", "env", "GOPROXY", "GOSUMDB").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range []string{"/etc/apt/sources.list", "/etc/apt/sources.list.d/*"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for line := range bytes.Lines(data) {
				if bytes.HasPrefix(line, []byte("deb")) || bytes.HasPrefix(line, []byte("URIs:")) { // no comment
					sources = append(sources, line...)
				}
			}
		}
	}
	private := []string{root}
	for _, m := range address.FindAllSubmatch(sources, -1) {
		private = append(private, string(m[1]))
	}
	return private
}
