package deb822

import (
	"bytes"
	"encoding/json"
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
	if os.Getenv("CI") == "true" {
		t.Fatal("python3-debian is not installed, and in CI it must be")
	}
	t.Skip("python3-debian is not installed")
	return ""
}

func oracle(t *testing.T, stdin []byte, args ...string) []string {
	t.Helper()
	cmd := exec.Command(python(t), append([]string{"testdata/oracle.py"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(stdin), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("python-debian: %v\n%s", err, stderr.String())
	}
	return strings.Split(string(out), "\n")
}

func TestParseAgainstPythonDebian(t *testing.T) {
	paths := files(t)
	for i, line := range oracle(t, nil, append([]string{"paragraphs"}, paths...)...)[:len(paths)] {
		var want, got [][][2]string
		if err := json.Unmarshal([]byte(line), &want); err != nil {
			t.Fatal(err)
		}
		paragraphs, err := Parse(paths[i], read(t, paths[i]))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paragraphs {
			var fields [][2]string
			for _, f := range p.Fields {
				fields = append(fields, [2]string{f.Name, f.Value})
			}
			got = append(got, fields)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-python-debian +slipway):\n%s", paths[i], diff)
		}
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
