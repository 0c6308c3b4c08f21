package fleet_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/fleet"
)

// fence is a fenced block of Markdown: language, file name, text.
var fence = regexp.MustCompile("(?m)^```(\\w+)(?: (\\S+))?\n((?s:.*?))^```$")

type example struct {
	line         int // of the page
	source, want string
	wantsError   bool
}

// docExamples takes docs/templates.md apart: the configuration and shared files are written into
// the current folder, templates come back with what the page says they give.
func docExamples(t *testing.T, page string) []example {
	t.Helper()
	var examples []example
	open := false // the last template has no outcome yet
	for _, m := range fence.FindAllStringSubmatchIndex(page, -1) {
		part := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return page[m[2*i]:m[2*i+1]]
		}
		line := strings.Count(page[:m[0]], "\n") + 1
		language, file, text := part(1), part(2), part(3)
		if open != (language == "dockerfile" || language == "error") {
			t.Fatalf("docs/templates.md:%d: a template and its outcome must follow one another", line)
		}
		switch {
		case language == "console":
		case language == "yaml":
			write(t, "config.yaml", text)
		case language == "jinja" && file != "":
			write(t, file, text)
		case language == "jinja":
			examples = append(examples, example{line: line, source: text})
			open = true
		case open:
			e := &examples[len(examples)-1]
			e.want, e.wantsError = strings.TrimSuffix(text, "\n"), language == "error"
			open = false
		default:
			t.Fatalf("docs/templates.md:%d: a block of %q means nothing to this test", line, language)
		}
	}
	return examples
}

// TestTemplatesPage renders the examples of docs/templates.md. White space at line ends, which
// apt_install has and editors remove, does not count.
func TestTemplatesPage(t *testing.T) {
	page, err := os.ReadFile("../docs/templates.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	examples := docExamples(t, string(page))
	if len(examples) < 12 {
		t.Errorf("only %d examples", len(examples))
	}
	define(t, "images/base", "base", "1.4-2", "FROM scratch\n", "")
	for _, e := range examples {
		define(t, "images/httpd", "httpd", "2.4.1", e.source, "")
		write(t, "images/httpd/changelog", strings.Replace(entry("httpd", "2.4.1"),
			"Thu, 01 Jan 2026 10:00:00 +0000", "Sat, 31 Jan 2026 09:30:00 +0100", 1))
		o := scanOptions(t, "images")
		o.Platform, o.ParseDockerfile = "linux/amd64", nil
		f, err := fleet.Scan(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		img := f.Lookup("httpd")
		got := f.Recipe(img).Dockerfile.Text
		if img.Err != nil {
			got = img.Err.Error()
		}
		if diff := cmp.Diff(e.want, trimLines(got)); diff != "" || e.wantsError != (img.Err != nil) {
			t.Errorf("docs/templates.md:%d: (-page +slipway)\n%s", e.line, diff)
		}
	}
}

func trimLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}
