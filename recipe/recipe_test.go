package recipe_test

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/recipe"
)

// entries are those of a walk; "link -> target" is a symbolic link.
func entries(lines ...string) []recipe.Entry {
	var out []recipe.Entry
	for _, l := range lines {
		p, link, _ := strings.Cut(l, " -> ")
		out = append(out, recipe.Entry{Path: p, Link: link})
	}
	slices.SortFunc(out, func(a, b recipe.Entry) int {
		return slices.Compare(strings.Split(a.Path, "/"), strings.Split(b.Path, "/"))
	})
	return out
}

func TestSelect(t *testing.T) {
	plain := []string{"a.txt", "b.md", "d", "d/a.txt", "d/b.md", "d/e", "d/e/f.txt", "dd", "dd/g.txt"}
	linked := append([]string{"l -> d/e", "m -> /dd", "up", "up/l -> ../d", "loop -> loop", "far -> ../../d/a.txt", "gone -> nowhere"}, plain...)
	for _, tt := range []struct {
		name string
		in   []string
		uses []recipe.Use
		want string
	}{
		{"nothing", plain, nil, ""},
		{"everything", plain, []recipe.Use{recipe.NewUse("/")}, strings.Join(plain, " ")},
		{"a file", plain, []recipe.Use{recipe.NewUse("/d/a.txt")}, "d/a.txt"},
		{"a folder, and nothing that begins with its name", plain, []recipe.Use{recipe.NewUse("d/")}, "d d/a.txt d/b.md d/e d/e/f.txt"},
		{"what is not there", plain, []recipe.Use{recipe.NewUse("x")}, ""},
		{"a pattern", plain, []recipe.Use{{Path: "*.txt", Wildcard: true}}, "a.txt"},
		{"a pattern of folders", plain, []recipe.Use{{Path: "d*", Wildcard: true}}, "d d/a.txt d/b.md d/e d/e/f.txt dd dd/g.txt"},
		{"a pattern further down", plain, []recipe.Use{{Path: "*/*.txt", Wildcard: true}}, "d/a.txt dd/g.txt"},
		{"a name that looks like one", append([]string{"*.txt"}, plain...), []recipe.Use{recipe.NewUse("*.txt")}, "*.txt"},
		{"exclude", plain, []recipe.Use{{Path: ".", Exclude: []string{"**/*.md"}}}, "a.txt d d/a.txt d/e d/e/f.txt dd dd/g.txt"},
		{"exclude is relative to the path", plain, []recipe.Use{{Path: "d", Exclude: []string{"e", "d/a.txt"}}}, "d d/a.txt d/b.md"},
		{"exclude is relative to each match", plain, []recipe.Use{{Path: "d*", Wildcard: true, Exclude: []string{"*.txt"}}}, "d d/b.md d/e d/e/f.txt dd"},
		{"exclude leaves the path itself", plain, []recipe.Use{{Path: "a.txt", Exclude: []string{"a.txt", "*"}}}, "a.txt"},
		{"an exception", plain, []recipe.Use{{Path: ".", Exclude: []string{"d", "!d/e/f.txt"}}}, "a.txt b.md d d/e d/e/f.txt dd dd/g.txt"},
		{"an exception between two of the same, which does not count for what it names", plain, []recipe.Use{{Path: ".", Exclude: []string{"d", "!d/e", "d"}}}, "a.txt b.md d d/e d/e/f.txt dd dd/g.txt"},
		{"the same below a pattern", plain, []recipe.Use{{Path: "*", Wildcard: true, Exclude: []string{"e", "!e/f.txt", "e"}}}, "a.txt b.md d d/a.txt d/b.md d/e d/e/f.txt dd dd/g.txt"},
		{"include, with the folders that lead there", plain, []recipe.Use{{Path: ".", Include: []string{"d/e/f.txt"}}}, "d d/e d/e/f.txt"},
		{"include a folder", plain, []recipe.Use{{Path: "d", Include: []string{"e"}}}, "d d/e d/e/f.txt"},
		{"two uses", plain, []recipe.Use{recipe.NewUse("b.md"), recipe.NewUse("dd")}, "b.md dd dd/g.txt"},

		{"a link counts, and what it leads to", linked, []recipe.Use{recipe.NewUse("l")}, "d/e d/e/f.txt l"},
		{"an absolute link is below the root", linked, []recipe.Use{recipe.NewUse("m/g.txt")}, "dd/g.txt m"},
		{"a link on the way", linked, []recipe.Use{recipe.NewUse("up/l/e")}, "d/e d/e/f.txt up/l"},
		{"no link leaves the root", linked, []recipe.Use{recipe.NewUse("far")}, "d/a.txt far"},
		{"a loop", linked, []recipe.Use{recipe.NewUse("loop/x")}, "loop"},
		{"a link to nothing", linked, []recipe.Use{recipe.NewUse("gone")}, "gone"},
		{"a pattern and links", linked, []recipe.Use{{Path: "up/*/*.txt", Wildcard: true}}, "d/a.txt up/l"},
		{"links are no reason to leave something out", linked, []recipe.Use{{Path: "d", Exclude: []string{"*.md"}}}, "d d/a.txt d/b.md d/e d/e/f.txt"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list := entries(tt.in...)
			selected, err := recipe.Select(tt.uses, list)
			if err != nil {
				t.Fatal(err)
			}
			got := []string{}
			for i, e := range list {
				if selected[i] {
					got = append(got, e.Path)
				}
			}
			want := strings.Fields(tt.want)
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestLinksThatMultiply: links that lead to links cost no more than there are.
func TestLinksThatMultiply(t *testing.T) {
	var lines []string
	for _, d := range []string{"a", "b", "c", "d"} {
		lines = append(lines, d)
		for i := range 8 {
			lines = append(lines, fmt.Sprintf("%s/l%d -> ../%s", d, i, []string{"a", "b", "c", "d"}[i%4]))
		}
	}
	deep := recipe.Use{Path: path.Join("a", strings.Repeat("*/", 60), "x"), Wildcard: true}
	if _, err := recipe.Select([]recipe.Use{deep}, entries(lines...)); err != nil {
		t.Error(err)
	}
}

// TestManyFiles: a folder of many files takes a moment, and not minutes. Patterns that would take them are
// not looked at: all counts.
func TestManyFiles(t *testing.T) {
	lines := []string{"d"}
	for i := range 100_000 {
		lines = append(lines, fmt.Sprintf("d/%06d.txt", i))
	}
	var bomb []string
	for i := range 600 {
		bomb = append(bomb, fmt.Sprintf("**/%c?*", 'a'+i%26))
	}
	for name, tt := range map[string]struct {
		lines []string
		use   recipe.Use
	}{
		"exclude":           {lines, recipe.Use{Path: ".", Exclude: []string{"*.md"}}},
		"include":           {lines, recipe.Use{Path: ".", Include: []string{"**/*.txt"}}},
		"a pattern, a link": {append([]string{"a -> d"}, lines...), recipe.Use{Path: "d/*", Wildcard: true}},
		"many patterns":     {lines, recipe.Use{Path: ".", Exclude: bomb}},
	} {
		begun := time.Now()
		selected, err := recipe.Select([]recipe.Use{tt.use}, entries(tt.lines...))
		if took := time.Since(begun); err != nil || took > 20*time.Second || !selected[len(selected)-1] {
			t.Errorf("%s: %v, %v, %t", name, took, err, selected[len(selected)-1])
		}
	}
}

func TestRecord(t *testing.T) {
	f := recipe.Followed{Known: true, Context: []recipe.Use{
		recipe.NewUse("/src/"), {Path: "*.conf", Wildcard: true, Exclude: []string{"x"}}, recipe.NewUse("src"), recipe.NewUse("app.conf"),
	}}
	const want = `{"context":[{"path":"*.conf","wildcard":true,"exclude":["x"]},"app.conf","src"]}`
	if got := f.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	back, err := recipe.Parse(want)
	if err != nil || back.String() != want || !back.Known || back.Whole() {
		t.Errorf("%+v, %v", back, err)
	}
	whole := recipe.Followed{Known: true, Context: []recipe.Use{recipe.NewUse("a"), recipe.NewUse("/")}, Artifacts: []recipe.Use{recipe.NewUse("b")}}
	if got := whole.String(); got != `{"context":["."],"artifacts":["b"]}` || !whole.Whole() {
		t.Error(got)
	}
	nothing := recipe.Followed{Known: true}
	if got := nothing.String(); got != `{"context":[]}` || nothing.Whole() {
		t.Error(got)
	}
	if unknown := (recipe.Followed{}); unknown.String() != "" || !unknown.Whole() {
		t.Error("nobody knows, and all counts")
	}
	many := recipe.Followed{Known: true}
	for i := range 300 {
		many.Context = append(many.Context, recipe.NewUse(fmt.Sprint("file", i)))
	}
	if got := many.String(); got != "" {
		t.Errorf("a record that is too long: %d bytes", len(got))
	}
}

// TestForeignRecords: whoever wrote a record, it is bounded and stays inside the context.
func TestForeignRecords(t *testing.T) {
	for _, record := range []string{
		"x", "[]", `{"context":["../x"]}`, `{"context":["/x"]}`, `{"context":["a/../../x"]}`, `{"context":[""]}`, `{"context":[1]}`,
		`{"context":[{"path":"[","wildcard":true}]}`, `{"context":[{"path":"a","exclude":["["]}]}`, `{"context":["` + strings.Repeat("x", 5000) + `"]}`,
		`{"context":[` + strings.Repeat(`"a",`, 250) + `"b"]}`, `{"artifacts":["a//b"]}`,
	} {
		if f, err := recipe.Parse(record); !errors.Is(err, recipe.ErrRecord) || f.Known {
			t.Errorf("%.60s: %+v, %v", record, f, err)
		}
	}
}

// TestNamesThatJSONCannotHold are in no record: it would name another file.
func TestNamesThatJSONCannotHold(t *testing.T) {
	for _, u := range []recipe.Use{recipe.NewUse("caf\xe9"), {Path: ".", Include: []string{"\xff"}}, {Path: ".", Exclude: []string{"a\xff*"}}} {
		if err := recipe.Check([]recipe.Use{u}); err == nil {
			t.Errorf("%+v is written down", u)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"context":["a",{"path":"*","wildcard":true,"include":["x"],"exclude":["!y"]}],"artifacts":["."]}`)
	list := entries("a", "a/b", "c -> a", "x", "x/y -> ../c")
	f.Fuzz(func(t *testing.T, record string) {
		followed, err := recipe.Parse(record)
		if err != nil {
			return
		}
		if _, err := recipe.Select(slices.Concat(followed.Context, followed.Artifacts), list); err != nil {
			t.Errorf("%q: %v", record, err)
		}
		if again, err := recipe.Parse(followed.String()); err != nil || again.String() != followed.String() {
			t.Errorf("%q: %v", record, err)
		}
	})
}

func ExampleFollowed() {
	f := recipe.Followed{Known: true, Context: []recipe.Use{recipe.NewUse("/etc/app.conf"), {Path: "*.d", Wildcard: true}}}
	fmt.Println(f)
	// Output: {"context":[{"path":"*.d","wildcard":true},"etc/app.conf"]}
}
