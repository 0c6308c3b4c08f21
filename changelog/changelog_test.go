package changelog

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/problem"
)

var update = flag.Bool("update", false, "write the .want files anew")

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func changelogs(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no file matches %s: %v", pattern, err)
	}
	return files
}

// summary is everything that was read, one line per fact.
func summary(f *File) string {
	var b strings.Builder
	for _, e := range f.Entries {
		fmt.Fprintf(&b, "line %d: %s (%s) %s; %s\n", e.Line, e.Package, e.Version, e.Distributions, e.Urgency)
		for _, c := range e.Changes {
			fmt.Fprintf(&b, "change: %q\n", c)
		}
		date := "none"
		if !e.Date.IsZero() {
			date = e.Date.Format(time.RFC3339)
		}
		fmt.Fprintf(&b, "trailer: %q, %q, date %s\n", e.Author, e.RawDate, date)
		for _, w := range e.Warnings {
			fmt.Fprintf(&b, "warning: %s\n", w)
		}
	}
	fmt.Fprintf(&b, "%d warnings in all\n", len(f.Warnings))
	return b.String()
}

func TestParse(t *testing.T) {
	for _, path := range changelogs(t, "testdata/parse/*.changelog") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			name := filepath.Base(path)
			f, err := Parse(name, read(t, path))
			if err != nil {
				t.Fatal(err)
			}
			want := strings.TrimSuffix(path, ".changelog") + ".want"
			if *update {
				if err := os.WriteFile(want, []byte(summary(f)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(read(t, want)), summary(f)); diff != "" {
				t.Errorf("not what %s says (-want +got):\n%s", want, diff)
			}
		})
	}
}

func TestParseNewestIsFirstOfParse(t *testing.T) {
	for _, pattern := range []string{"testdata/*.changelog", "testdata/*/*.changelog"} {
		for _, path := range changelogs(t, pattern) {
			f, err := Parse(path, read(t, path))
			if err != nil {
				t.Errorf("%v", err)
				continue
			}
			e, err := ParseNewest(path, read(t, path))
			if err != nil {
				t.Errorf("%v", err)
			}
			if diff := cmp.Diff(f.Entries[0], e); diff != "" {
				t.Errorf("%s (-Parse +ParseNewest):\n%s", path, diff)
			}
		}
	}
}

// Bytes that are not UTF-8 in the history, and a byte order mark, are no reason to fail, though
// python-debian fails on both.
func TestParseForgivingEncodings(t *testing.T) {
	f, err := Parse("changelog", read(t, "testdata/latin1-history.changelog"))
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Entries[1].Author; len(f.Entries) != 2 || got != "Ren\uFFFD <r@example.org>" {
		t.Errorf("got %d entries, author %q", len(f.Entries), got)
	}
	e, err := ParseNewest("changelog", read(t, "testdata/bom.changelog"))
	if err != nil || e.Package != "bom" {
		t.Errorf("got package %q, %v", e.Package, err)
	}
}

func TestParseErrors(t *testing.T) {
	const trailer = "\n  * x\n\n -- A B <a@example.org>  Thu, 01 Jan 2026 00:00:00 +0000\n"
	for name, test := range map[string]struct{ in, want string }{
		"empty":             {"", "img/changelog:1: cannot read changelog: the file is empty\nhint: "},
		"blank":             {"\n \n", "img/changelog:1: cannot read changelog: it has no entry\nhint: "},
		"no heading":        {"\n\nhello\n", "img/changelog:3: cannot read changelog: no line is the heading of an entry\nhint: "},
		"underscore":        {"\na (1_2) x; urgency=low\n" + trailer, "img/changelog:2: cannot use version \"1_2\" of a: it is not a Debian version\nhint: "},
		"colon, no epoch":   {"a (x:2) x; urgency=low\n" + trailer, "img/changelog:1: cannot use version \"x:2\" of a: it is not a Debian version\nhint: "},
		"two spaces":        {"a  (1) x; urgency=low\n" + trailer, "img/changelog:1: cannot read changelog: no line is the heading"},
		"no version":        {"a () x; urgency=low\n" + trailer, "img/changelog:1: cannot read changelog: no line is the heading"},
		"space before ;":    {"a (1) x ; urgency=low\n" + trailer, "img/changelog:1: cannot read changelog: no line is the heading"},
		"slash in the name": {"a/b (1) x; urgency=low\n" + trailer, "img/changelog:1: cannot read changelog: no line is the heading"},
		"too large":         {strings.Repeat("x", MaxSize+1), "img/changelog: cannot read changelog: it has 16777217 bytes, more than the 16777216 allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("img/changelog", []byte(test.in))
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("Parse: got %v, want %s…", err, test.want)
			}
			if p := (problem.Problem{}); !errors.As(err, &p) || p.Path != "img/changelog" || strings.Contains(test.want, "hint: ") && p.Hint == "" {
				t.Errorf("the problem is %+v", p)
			}
			_, err2 := ParseNewest("img/changelog", []byte(test.in))
			if fmt.Sprint(err2) != fmt.Sprint(err) {
				t.Errorf("ParseNewest: got %v, Parse %v", err2, err)
			}
		})
	}
}

func TestParseBoundsWarnings(t *testing.T) {
	f, err := Parse("c", []byte("a (1) x; urgency=low\n"+strings.Repeat("x\n", 10*maxWarnings)))
	if err != nil || len(f.Warnings) != maxWarnings {
		t.Errorf("got %d warnings, %v; want %d", len(f.Warnings), err, maxWarnings)
	}
}

func TestParseDate(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"Mon, 05 Jan 2026 09:08:07 +0100", "2026-01-05T09:08:07+01:00"},
		{"Mon,  5 Jan 2026 09:08:07 +0100", "2026-01-05T09:08:07+01:00"},
		{"Mon,5 Jan 2026 9:08:07 +0100", "2026-01-05T09:08:07+01:00"},
		{"Fri, 05 Jan 2026 09:08:07 -0530", "2026-01-05T09:08:07-05:30"}, // it was a Monday
		{"5 Jan 2026 09:08:07 +0100", "2026-01-05T09:08:07+01:00"},
		{"Monday, 5 January 2026 09:08:07 +0100", "2026-01-05T09:08:07+01:00"},
		{"Mon, 25 Sept 2023 09:28:16 +0200", "2023-09-25T09:28:16+02:00"},
		{"Mon, 05 Jan 2026 09:08:07 GMT", "2026-01-05T09:08:07Z"},
		{"Mon, 05 Jan 2026 09:08:07 +0000 (UTC)", "2026-01-05T09:08:07Z"},
		{"Mon, 05 Jan 2026 09:08:07", "2026-01-05T09:08:07Z"},
		{"Mon Jan  5 09:08:07 UTC 2026", ""},
		{"Mon Jan  5 09:08:07 2026", "2026-01-05T09:08:07Z"},
		{"2026-01-05T09:08:07Z", "2026-01-05T09:08:07Z"},
		{"2026-01-05 09:08:07 +0100", "2026-01-05T09:08:07+01:00"},
		{"2026-01-05", "2026-01-05T00:00:00Z"},
		{"Mon, 31 Feb 2026 09:08:07 +0100", ""},
		{"yesterday", ""},
		{"Mon,", ""},
		{"", ""},
	} {
		got, err := ParseDate(test.in)
		if (err != nil) != (test.want == "") || err == nil && got.Format(time.RFC3339) != test.want {
			t.Errorf("ParseDate(%q) = %v, %v; want %s", test.in, got, err, test.want)
		}
	}
}

// The newest entry alone is read: a history of any length costs nothing.
func BenchmarkParseNewest(b *testing.B) {
	data := read(b, "testdata/dpkg/simple.changelog")
	data = append(data, strings.Repeat("\n"+string(data), 1000)...)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseNewest("changelog", data); err != nil {
			b.Fatal(err)
		}
	}
}
