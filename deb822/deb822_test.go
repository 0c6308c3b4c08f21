package deb822

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/problem"
)

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func files(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/*.control")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	return files
}

func TestParse(t *testing.T) {
	got, err := Parse("control", read(t, "testdata/simple.control"))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Line != 2 || got[1].Line != 10 || got[0].Path != "control" {
		t.Fatalf("got %+v", got)
	}
	for _, test := range []struct {
		paragraph   int
		field, want string
		line        int
	}{
		{0, "Package", "nodejs-devel", 2},
		{0, "BUILD-DEPENDS", "buildpkg,\n  golang1.21 (>= 1.21-1),\n  tools/Helper", 4},
		{0, "Depends", "nodejs , wmfdebug", 8},
		{1, "description", "a text\n of several lines\n .\n  indented", 11},
		{1, "Depends", "\n\ta,\n\tb", 15},
	} {
		value, line, ok := got[test.paragraph].Get(test.field)
		if !ok || value != test.want || line != test.line {
			t.Errorf("%s: got %q, line %d, %v; want %q, line %d", test.field, value, line, ok, test.want, test.line)
		}
	}
	if value, line, ok := got[0].Get("Source"); ok || value != "" || line != 0 {
		t.Errorf("Source: got %q, %d, %v", value, line, ok)
	}
}

func TestParseErrors(t *testing.T) {
	for _, test := range []struct {
		name, in string
		want     string // the whole text
		left     int    // fields that are there all the same
	}{
		{"duplicate", "A: 1\nDepends: a\nB: 2\ndepends: b,\n c\nC: 3\n",
			"c:4: paragraph has two fields depends: the other one is in line 2\n" +
				"hint: make one field of the two, or separate two paragraphs by an empty line", 5},
		{"white space in a field", "Depends: a,\n \t\n b\n \nC: 1\n",
			"c:2: a line of white space stands within field Depends\n" +
				"hint: remove the line", 2},
		{"white space between paragraphs", "A: 1\n \n b\nA: 2\n \nA: 3\n",
			"c:2: a line of white space stands within field A\n" +
				"hint: remove the line\n" +
				"c:4: paragraph has two fields A: the other one is in line 1\n" +
				"hint: make one field of the two, or separate two paragraphs by an empty line", 3},
		{"a hyphen", "-A: 1\n", "c:1: field -A begins with a hyphen\nhint: remove the hyphen", 1},
		{"signed", "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nA: 1\n\nB: 2\n-----BEGIN PGP SIGNATURE-----\n\nC: 3\n-----END PGP SIGNATURE-----\nD: 4\n",
			"c:1: control file has PGP lines: a signature means nothing here\nhint: leave nothing but the fields", 3},
		{"no colon", "Depends a\n b\nA: 1\n",
			"c:1: cannot read field: \"Depends a\" has no name with a colon after it\n" +
				"hint: a line that continues a field begins with a space", 1},
		{"white space in the name", "Build Depends: a\n",
			"c:1: cannot read field: \"Build Depends: a\" has no name with a colon after it\n" +
				"hint: a line that continues a field begins with a space", 0},
		{"no name", ": a\n", "c:1: cannot read field: \": a\" has no name with a colon after it\n" +
			"hint: a line that continues a field begins with a space", 0},
		{"nothing to continue", "\n  a\nA: 1\n", "c:2: cannot read line \"a\": it continues a field, but there is none above it\n" +
			"hint: a field's name begins in the first column", 1},
		{"two problems", "x\nA: 1\ny\n", "c:1: cannot read field: \"x\" has no name with a colon after it\n" +
			"hint: a line that continues a field begins with a space\n" +
			"c:3: cannot read field: \"y\" has no name with a colon after it\n" +
			"hint: a line that continues a field begins with a space", 1},
		{"too large", strings.Repeat("x", MaxSize+1),
			"c:1: cannot read control file: it has 16777217 bytes, more than the 16777216 allowed", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Parse("c", []byte(test.in))
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, e := range problem.Each(err) {
				if p := (problem.Problem{}); !errors.As(e, &p) || p.Path != "c" || p.Line == 0 || p.Error() != e.Error() {
					t.Errorf("the problem of %v is %+v", e, p)
				}
			}
			left := 0
			for _, p := range got {
				left += len(p.Fields)
			}
			if left != test.left {
				t.Errorf("%d fields left, want %d", left, test.left)
			}
		})
	}
}

// Many lines in one field, many fields and many errors take time in proportion.
func TestParseLargeFiles(t *testing.T) {
	for name, in := range map[string]string{
		"continuations": "A:" + strings.Repeat("\n x", MaxSize/4),
		"errors":        strings.Repeat("x\n", MaxSize/4),
		"paragraphs":    strings.Repeat("A:\n\n", MaxSize/16),
		"names":         "A:" + strings.Repeat(" a", MaxSize/32),
		"brackets":      "A:" + strings.Repeat(" a(", MaxSize/32),
		"fields":        strings.Repeat("A: a b\n", MaxSize/256),
	} {
		paragraphs, err := Parse("c", []byte(in))
		if len(paragraphs) > 0 {
			_, more := paragraphs[0].Relations("a")
			err = errors.Join(err, more)
		}
		if err != nil && strings.Count(err.Error(), "hint:") > 2*maxErrors {
			t.Errorf("%s: more than %d errors", name, maxErrors)
		}
	}
}

func TestParseRelations(t *testing.T) {
	for _, test := range []struct {
		in   string
		want []Relation
	}{
		{"", nil},
		{" ,\n , ", nil},
		{"a", []Relation{{Name: "a", Line: 7}}},
		{"a,\n b,\n\n  c,\n", []Relation{{Name: "a", Line: 7}, {Name: "b", Line: 8}, {Name: "c", Line: 10}}},
		{"\n a\n, b", []Relation{{Name: "a", Line: 8}, {Name: "b", Line: 9}}},
		{"a\n |\n b", []Relation{{Name: "a", Line: 7, Alternatives: []Relation{{Name: "b", Line: 9}}}}},
		{"a (\n>=\n1)", []Relation{{Name: "a", Operator: ">=", Version: "1", Line: 7}}},
		{"a (< 1), b (> 1)", []Relation{{Name: "a", Operator: "<=", Version: "1", Line: 7}, {Name: "b", Operator: ">=", Version: "1", Line: 7}}},
		{"ML/amd-Pytorch_2", []Relation{{Name: "ML/amd-Pytorch_2", Line: 7}}},
		{"registry.example:5000/a", []Relation{{Name: "registry.example:5000/a", Line: 7}}},
		{"registry.example:5000/a:any", []Relation{{Name: "registry.example:5000/a", Arch: "any", Line: 7}}},
		{"a:1.2", []Relation{{Name: "a:1.2", Line: 7}}},
		{"${misc:Depends}, a", []Relation{{Name: "${misc:Depends}", Line: 7}, {Name: "a", Line: 7}}},
		{"a (>= 1) [amd64 !i386] <!nocheck> <cross stage1>", []Relation{{
			Name: "a", Operator: ">=", Version: "1", Line: 7,
			Architectures: []string{"amd64", "!i386"}, Profiles: [][]string{{"!nocheck"}, {"cross", "stage1"}},
		}}},
		{"a(>=1)[amd64]<x>", []Relation{{Name: "a", Operator: ">=", Version: "1", Line: 7,
			Architectures: []string{"amd64"}, Profiles: [][]string{{"x"}}}}},
	} {
		got, err := ParseRelations(test.in, 7)
		if err != nil {
			t.Errorf("%q: %v", test.in, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.in, diff)
		}
	}
}

func TestParseRelationsErrors(t *testing.T) {
	for in, want := range map[string]string{
		"a b":               "line 7: cannot read relation \"a b\": \"b\" follows where nothing may\nhint: separate two names by a comma",
		"\na\n  b":          "line 8: cannot read relation \"a b\": \"b\" follows where nothing may\nhint: separate two names by a comma",
		"ok, a (>= 1":       "line 7: cannot read relation \"a (>= 1\": \"(\" is not closed\nhint: write it as in \"name (>= 1.0)\"",
		"ok, a (1)":         "line 7: cannot read relation \"a (1)\": the version has the operator \"\", not one of << <= = >= >>\nhint: write it as in \"name (>= 1.0)\"",
		"ok, a (=> 1)":      "line 7: cannot read relation \"a (=> 1)\": the version has the operator \"=>\", not one of << <= = >= >>\nhint: write it as in \"name (>= 1.0)\"",
		"a (>=)":            "line 7: cannot read relation \"a (>=)\": \"\" is not a version\nhint: write it as in \"name (>= 1.0)\"",
		"a (>= 1 2)":        "line 7: cannot read relation \"a (>= 1 2)\": \"1 2\" is not a version\nhint: write it as in \"name (>= 1.0)\"",
		"a [], ok":          "line 7: cannot read relation \"a []\": the square brackets are empty\nhint: write it as in \"name (>= 1.0) [amd64] <!nocheck>\"",
		"a (= 1) (= 2)":     "line 7: cannot read relation \"a (= 1) (= 2)\": its order is not name (version) [architectures] <profiles>\nhint: write it as in \"name (>= 1.0)\"",
		"a [amd64] (= 1)":   "line 7: cannot read relation \"a [amd64] (= 1)\": its order is not name (version) [architectures] <profiles>\nhint: write it as in \"name (>= 1.0)\"",
		"(= 1)":             "line 7: cannot read relation \"(= 1)\": it has no name\nhint: write a name, or remove what surrounds the gap",
		"a | | b":           "line 7: cannot read relation \"\": it has no name\nhint: write a name, or remove what surrounds the gap",
		"a (= 1]":           "line 7: cannot read relation \"a (= 1]\": \"(\" is not closed\nhint: write it as in \"name (>= 1.0)\"",
		"a ),\nb >":         "line 7: cannot read relation \"a )\": \")\" follows where nothing may\nhint: separate two names by a comma\nline 8: cannot read relation \"b >\": \">\" follows where nothing may\nhint: separate two names by a comma",
		"${misc:Depends} a": "line 7: cannot read relation \"${misc:Depends} a\": \"a\" follows where nothing may\nhint: separate two names by a comma",
	} {
		got, err := ParseRelations(in, 7)
		if err == nil || err.Error() != want {
			t.Errorf("%q: got %v\nwant %s", in, err, want)
		}
		for _, r := range got {
			if r.Partial != (r.Name != "ok") && !strings.Contains(in, "|") {
				t.Errorf("%q: %+v is returned", in, r)
			}
		}
	}
}

// What can be read of a wrong item is there: the names that a comma should separate.
func TestParseRelationsPartial(t *testing.T) {
	for in, want := range map[string]string{
		"ua ub2":            "ua ub2",
		"a b (>= 1) c, d":   "a b c d",
		"a | b c, d":        "a|b c d",
		"a (>= 1, b":        "a b",
		"a (1) b":           "a",
		"a ) b":             "a",
		"(= 1) b":           "",
		"a |, b":            "a b",
		"${misc:Depends} a": "${misc:Depends} a",
	} {
		relations, err := ParseRelations(in, 1)
		var got []string
		for _, r := range relations {
			name := r.Name
			for _, other := range r.Alternatives {
				name += "|" + other.Name
			}
			got = append(got, name)
		}
		if strings.Join(got, " ") != want || err == nil {
			t.Errorf("%q: got %q, want %q; %v", in, got, want, err)
		}
	}
}

// A field that is there twice has the relations of both; Get has the last.
func TestFieldTwice(t *testing.T) {
	paragraphs, err := Parse("c", []byte("Depends: a\nDEPENDS: b c\n"))
	if err == nil || len(paragraphs) != 1 {
		t.Fatalf("%d paragraphs, %v", len(paragraphs), err)
	}
	value, line, _ := paragraphs[0].Get("depends")
	if value != "b c" || line != 2 {
		t.Errorf("got %q, line %d", value, line)
	}
	relations, err := paragraphs[0].Relations("Depends")
	if len(relations) != 3 || relations[0].Name != "a" || relations[2].Line != 2 || err == nil || !strings.HasPrefix(err.Error(), "c:2: ") {
		t.Errorf("got %+v, %v", relations, err)
	}
}

func TestParagraphRelations(t *testing.T) {
	paragraphs, err := Parse("img/control", read(t, "testdata/simple.control"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := paragraphs[0].Relations("Build-Depends")
	want := []Relation{
		{Name: "buildpkg", Line: 4},
		{Name: "golang1.21", Operator: ">=", Version: "1.21-1", Line: 5},
		{Name: "tools/Helper", Line: 7}, // below a comment
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got, err := paragraphs[0].Relations("Suggests"); got != nil || err != nil {
		t.Errorf("a field that is not there: %v, %v", got, err)
	}
	paragraphs, err = Parse("img/control", []byte("Depends: a,\n# comment\n b c\n"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = paragraphs[0].Relations("depends")
	if err == nil || !strings.HasPrefix(err.Error(), `img/control:3: cannot read relation "b c": `) {
		t.Errorf("got %v", err)
	}
}
