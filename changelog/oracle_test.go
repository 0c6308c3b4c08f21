package changelog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// missing skips a test whose reference implementation is not installed, but fails it in CI.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed, and in CI it must be", what)
	}
	t.Skipf("%s is not installed", what)
}

// python finds an interpreter that has python-debian: Debian's own before any other on PATH.
func python(t *testing.T) string {
	t.Helper()
	for _, p := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(p, "-c", "import debian.changelog").Run() == nil {
			return p
		}
	}
	missing(t, "python3-debian")
	return ""
}

func run(t *testing.T, stdin []byte, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewReader(stdin), &stderr
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}

type block struct {
	Package, Version, Distributions, Urgency, Author, RawDate string
	Changes                                                   []string
}

func fromEntry(e Entry) block {
	return block{e.Package, string(e.Version), e.Distributions, e.Urgency, e.Author, e.RawDate, e.Changes}
}

// Every changelog gives python-debian's name and version; well-formed ones all of its fields.
func TestAgainstPythonDebian(t *testing.T) {
	interpreter := python(t)
	files := append(changelogs(t, "testdata/parse/*.changelog"), changelogs(t, "testdata/dpkg/*.changelog")...)
	out := strings.Split(run(t, nil, interpreter, append([]string{"testdata/oracle.py"}, files...)...), "\n")
	for i, path := range files {
		var want struct {
			Newest struct{ Package, Version string }
			Blocks []block
		}
		if err := json.Unmarshal([]byte(out[i]), &want); err != nil {
			t.Fatal(err)
		}
		f, err := Parse(path, read(t, path))
		if err != nil {
			t.Fatal(err)
		}
		if e := f.Entries[0]; e.Package != want.Newest.Package || string(e.Version) != want.Newest.Version {
			t.Errorf("%s: got %s %s, python-debian %v", path, e.Package, e.Version, want.Newest)
		}
		if filepath.Base(filepath.Dir(path)) != "dpkg" {
			continue
		}
		var got []block
		for _, e := range f.Entries {
			got = append(got, fromEntry(e))
		}
		for i := range want.Blocks {
			want.Blocks[i].Changes = trimBlank(want.Blocks[i].Changes)
		}
		if diff := cmp.Diff(want.Blocks, got); diff != "" {
			t.Errorf("%s (-python-debian +slipway):\n%s", path, diff)
		}
	}
}

func trimBlank(lines []string) []string {
	for len(lines) > 0 && lines[0] == "" {
		lines = lines[1:]
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

func dpkg(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("dpkg-parsechangelog")
	if err != nil {
		missing(t, "dpkg-dev")
	}
	return path
}

// inDpkgForm writes entries as dpkg-parsechangelog --all --format rfc822 does.
func inDpkgForm(entries []Entry) string {
	var b strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&b, "Source: %s\nVersion: %s\nDistribution: %s\nUrgency: %s\nMaintainer: %s\nTimestamp: %d\nDate: %s\n",
			e.Package, e.Version, e.Distributions, strings.ToLower(e.Urgency), e.Author, e.Date.Unix(), e.RawDate)
		for _, c := range e.Changes {
			if c == "" {
				c = "."
			}
			fmt.Fprintf(&b, " %s\n", c)
		}
	}
	return b.String()
}

// dropHeadings leaves out what inDpkgForm does not have: other keys, and the heading that dpkg
// repeats above the changes.
func dropHeadings(s string) string {
	var b strings.Builder
	skip := 0
	for line := range strings.Lines(s) {
		switch {
		case strings.HasPrefix(line, "Changes:"):
			skip = 2
		case skip > 0:
			skip--
		case line == "\n", strings.HasPrefix(line, "Binary-Only:"):
		default:
			b.WriteString(line)
		}
	}
	return b.String()
}

func TestAgainstDpkg(t *testing.T) {
	parsechangelog := dpkg(t)
	for _, path := range changelogs(t, "testdata/dpkg/*.changelog") {
		f, err := Parse(path, read(t, path))
		if err != nil {
			t.Fatal(err)
		}
		want := dropHeadings(run(t, nil, parsechangelog, "-l", path, "--all", "--format", "rfc822"))
		if diff := cmp.Diff(want, inDpkgForm(f.Entries)); diff != "" {
			t.Errorf("%s (-dpkg +slipway):\n%s", path, diff)
		}
	}
}

// What Prepend writes is read by dpkg without a warning, and the history stays as it was.
func TestPrependAgainstDpkg(t *testing.T) {
	parsechangelog := dpkg(t)
	for _, path := range changelogs(t, "testdata/dpkg/*.changelog") {
		old := read(t, path)
		e := example()
		e.Changes = append(e.Changes, "Rebuilt because of base:\n\nSecurity update")
		e.Date = e.Date.Add(time.Second)
		data, err := Prepend(old, e)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasSuffix(data, old) {
			t.Errorf("%s: the old bytes are not at the end", path)
		}
		f, err := Parse(path, data)
		if err != nil {
			t.Fatal(err)
		}
		out := run(t, data, parsechangelog, "-l", "-", "--all", "--format", "rfc822")
		if diff := cmp.Diff(dropHeadings(out), inDpkgForm(f.Entries)); diff != "" {
			t.Errorf("%s (-dpkg +slipway):\n%s", path, diff)
		}
	}
}
