package lint

import (
	"fmt"
	"io"
	"strings"
)

// Shown returns the findings that are at least as bad as least, and the number of the others.
func (r *Report) Shown(least Severity) ([]Finding, int) {
	var shown []Finding
	for _, f := range r.Findings {
		if f.Severity.AtLeast(least) {
			shown = append(shown, f)
		}
	}
	return shown, len(r.Findings) - len(shown)
}

// Fails reports whether any finding is at least as bad as least.
func (r *Report) Fails(least Severity) bool {
	shown, _ := r.Shown(least)
	return len(shown) > 0
}

// WriteText writes the findings for people, and a line that sums up.
func (r *Report) WriteText(w io.Writer, least Severity) error {
	var b strings.Builder
	shown, hidden := r.Shown(least)
	for _, f := range shown {
		b.WriteString(f.File)
		if f.Line > 0 {
			fmt.Fprintf(&b, ":%d", f.Line)
		}
		fmt.Fprintf(&b, ": %s: %s", f.Severity, strings.ReplaceAll(f.message(), "\n", "\n  "))
		fmt.Fprintf(&b, " [%s]\n", f.Rule)
		if f.Hint != "" {
			b.WriteString("  hint: " + f.Hint + "\n")
		}
	}
	fmt.Fprintf(&b, "%s in %s", r.counts(), plural(r.Definitions, "definition"))
	if hidden > 0 {
		fmt.Fprintf(&b, "; %d not shown (--severity %s)", hidden, least)
	}
	if n := len(r.Suppressed); n > 0 {
		fmt.Fprintf(&b, "; %d ignored", n)
	}
	b.WriteByte('\n')
	_, err := io.WriteString(w, b.String())
	return err
}

// message is the text with the rendered line, when the template's is not known.
func (f Finding) message() string {
	if f.Line > 0 || f.Rendered == 0 {
		return f.Text
	}
	return fmt.Sprintf("%s (line %d of the rendered Dockerfile)", f.Text, f.Rendered)
}

func (r *Report) counts() string {
	var parts []string
	for _, s := range Severities() {
		parts = append(parts, plural(r.Count(s), string(s)))
	}
	return strings.Join(parts, ", ")
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// JSON is the value that --json prints. Fields are added, never renamed.
type JSON struct {
	Findings []Finding        `json:"findings"`
	Summary  map[Severity]int `json:"summary"` // all findings, also those not shown
	Ignored  int              `json:"ignored"`
	Images   int              `json:"definitions"`
}

// JSON returns the findings that are at least as bad as least, with a summary of all.
func (r *Report) JSON(least Severity) JSON {
	shown, _ := r.Shown(least)
	out := JSON{Findings: append([]Finding{}, shown...), Summary: map[Severity]int{}, Ignored: len(r.Suppressed), Images: r.Definitions}
	for _, s := range Severities() {
		out.Summary[s] = r.Count(s)
	}
	return out
}
