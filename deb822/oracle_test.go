package deb822

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// python finds an interpreter that has python-debian: Debian's own before any other on PATH. In CI
// it must be there.
func python(t *testing.T) string {
	t.Helper()
	for _, p := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(p, "-c", "import debian.deb822").Run() == nil {
			return p
		}
	}
	missing(t, "python3-debian")
	return ""
}

// missing skips a test whose reference implementation is not installed, but fails it in CI.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed, and in CI it must be", what)
	}
	t.Skipf("%s is not installed", what)
}

func oracle(t *testing.T, stdin []byte, args ...string) []string {
	t.Helper()
	return strings.Split(string(output(t, stdin, python(t), append([]string{"testdata/oracle.py"}, args...)...)), "\n")
}

func output(t *testing.T, stdin []byte, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(name, args...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(stdin), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, stderr.String())
	}
	return out
}

// asPython gives paragraphs the form of oracle.py: of a field that is there twice the first name and
// the last value.
func asPython(paragraphs []Paragraph) [][][2]string {
	var all [][][2]string
	for _, p := range paragraphs {
		var fields [][2]string
		at := map[string]int{}
		for _, f := range p.Fields {
			i, twice := at[strings.ToLower(f.Name)]
			if !twice {
				i = len(fields)
				at[strings.ToLower(f.Name)], fields = i, append(fields, [2]string{f.Name})
			}
			fields[i][1] = f.Value
		}
		all = append(all, fields)
	}
	return all
}

// readPython reads what oracle.py says of paragraphs. The ends of continuation lines do not matter.
func readPython(t *testing.T, texts []string) (all [][][][2]string) {
	t.Helper()
	input, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(oracle(t, input, "paragraphs")[0]), &all); err != nil {
		t.Fatal(err)
	}
	for _, file := range all {
		for _, p := range file {
			for i := range p {
				lines := strings.Split(p[i][1], "\n")
				for j := range lines {
					lines[j] = strings.TrimRight(lines[j], space)
				}
				p[i][1] = strings.Join(lines, "\n")
			}
		}
	}
	return all
}

func TestParseAgainstPythonDebian(t *testing.T) {
	paths := files(t)
	var texts []string
	for _, path := range paths {
		texts = append(texts, string(read(t, path)))
	}
	for i, want := range readPython(t, texts) {
		paragraphs, err := Parse(paths[i], []byte(texts[i]))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, asPython(paragraphs)); diff != "" {
			t.Errorf("%s (-python-debian +slipway):\n%s", paths[i], diff)
		}
	}
}

// oddLines are lines of control files, most of them in the wrong place somewhere.
var oddLines = strings.Split(`Depends: a, b
Depends: ua ub2
Depends:
Depends : z
Depends: a (>= 1), b (<< 2) | c
Depends: a (>= 1
Depends: a (1)
Depends: a |
Depends: a [amd64 i386] <x>
Depends: ${misc:Depends},
depends: d
Build-Depends: c,
Section: x
 , e
 f,
 .
	, g
 a: b
 
	

# a comment
bar
: y
a b: c
-x: 1
-----BEGIN PGP SIGNED MESSAGE-----
-----BEGIN PGP SIGNATURE-----
-----END PGP SIGNATURE-----
Hash: SHA512`, "\n")

func randomFiles(n int, signed bool) []string {
	r := rand.New(rand.NewPCG(17, 822))
	var lines []string
	for _, line := range oddLines {
		if signed || !strings.Contains(line, "PGP") && line != " ." { // dpkg reads that as an empty line
			lines = append(lines, line)
		}
	}
	var texts []string
	for range n {
		var b strings.Builder
		end := []string{"\n", "\n", "\r\n"}[r.IntN(3)]
		for range r.IntN(8) {
			b.WriteString(lines[r.IntN(len(lines))] + end)
		}
		texts = append(texts, b.String())
	}
	return texts
}

// TestOddFilesAgainstPythonDebian: docker-pkg builds with all of them, so they are read as there. A
// paragraph in which nothing is a field ends the file there, and is told here.
func TestOddFilesAgainstPythonDebian(t *testing.T) {
	texts := randomFiles(5000, true)
	more := 0
	for i, want := range readPython(t, texts) {
		paragraphs, err := Parse("control", []byte(texts[i]))
		got := asPython(paragraphs)
		if n := len(want); n < len(got) && err != nil {
			got = got[:n]
			more++
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%q: (-python-debian +slipway):\n%s", texts[i], diff)
		}
	}
	if more > len(texts)/5 {
		t.Errorf("in %d of %d files python-debian stops before the end: the test tests too little", more, len(texts))
	}
}

// TestOddFilesAgainstDpkg: what is told of a file is what dpkg refuses.
func TestOddFilesAgainstDpkg(t *testing.T) {
	if exec.Command("perl", "-MDpkg::Control", "-e", "").Run() != nil {
		missing(t, "dpkg-dev")
	}
	texts := randomFiles(5000, false)
	texts = append(texts, "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nA: 1\n-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n")
	input, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	var refused []*string
	if err := json.Unmarshal(output(t, input, "perl", "testdata/refuses.pl"), &refused); err != nil {
		t.Fatal(err)
	}
	good := 0
	for i, text := range texts {
		paragraphs, err := Parse("control", []byte(text))
		for _, p := range paragraphs {
			for _, field := range []string{"Depends", "Build-Depends"} {
				_, more := p.Relations(field)
				err = errors.Join(err, more)
			}
		}
		if err == nil {
			good++
		}
		if (err != nil) != (refused[i] != nil) {
			why := "reads it"
			if refused[i] != nil {
				why = "says " + *refused[i]
			}
			t.Fatalf("%q: dpkg %s, slipway says %v", text, why, err)
		}
	}
	if good < len(texts)/20 {
		t.Errorf("%d of %d files are good: the test tests too little", good, len(texts))
	}
}

func TestParseRelationsAgainstPythonDebian(t *testing.T) {
	in := read(t, "testdata/relations.txt")
	lines := strings.Split(strings.TrimSpace(string(in)), "\n")
	for i, out := range oracle(t, in, "relations")[:len(lines)] {
		var want, got [][]Relation
		if err := json.Unmarshal([]byte(out), &want); err != nil {
			t.Fatal(err)
		}
		relations, err := ParseRelations(lines[i], 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range relations {
			group := append([]Relation{r}, r.Alternatives...)
			group[0].Alternatives = nil
			got = append(got, group)
		}
		ignore := cmp.Options{cmpopts.EquateEmpty(), cmpopts.IgnoreFields(Relation{}, "Line")}
		if diff := cmp.Diff(want, got, ignore); diff != "" {
			t.Errorf("%s (-python-debian +slipway):\n%s", lines[i], diff)
		}
	}
}
