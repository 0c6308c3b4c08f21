package lint

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Shown returns the findings that are at least as bad as least, and the number of the others.
func (r *Report) Shown(least Severity) ([]Finding, int) {
	n := 0
	for _, f := range r.Findings {
		if f.Severity.AtLeast(least) {
			n++
		}
	}
	if n == len(r.Findings) {
		return r.Findings, 0
	}
	shown := make([]Finding, 0, n)
	for _, f := range r.Findings {
		if f.Severity.AtLeast(least) {
			shown = append(shown, f)
		}
	}
	return shown, len(r.Findings) - len(shown)
}

// maxListed is how many findings --json lists, maxResults how many results --sarif: of both the worst. Code
// scanning refuses 25,000 results and shows 5,000; a document is made whole in memory before it is printed.
const maxListed, maxResults = 25_000, 10_000

// worstShown are those of Shown, in their order, but no more than most: the worst. It returns how many are
// left out for that.
func (r *Report) worstShown(least Severity, most int) (listed []Finding, omitted int) {
	shown, _ := r.Shown(least)
	if len(shown) <= most {
		return shown, 0
	}
	room := map[Severity]int{}
	for left, severities := most, Severities(); len(severities) > 0; severities = severities[1:] {
		room[severities[0]] = min(left, r.Count(severities[0]))
		left -= room[severities[0]]
	}
	for _, f := range shown {
		if room[f.Severity]--; room[f.Severity] >= 0 {
			listed = append(listed, f)
		}
	}
	return listed, len(shown) - len(listed)
}

// Fails reports whether any finding is at least as bad as least.
func (r *Report) Fails(least Severity) bool {
	shown, _ := r.Shown(least)
	return len(shown) > 0
}

// WriteText writes the findings for people, and a line that sums up.
func (r *Report) WriteText(w io.Writer, least Severity) error {
	b := bufio.NewWriter(w) // of a large fleet they are many
	shown, hidden := r.Shown(least)
	for _, f := range shown {
		b.WriteString(f.File)
		if f.Line > 0 {
			fmt.Fprintf(b, ":%d", f.Line)
		}
		fmt.Fprintf(b, ": %s: %s", f.Severity, strings.ReplaceAll(f.message(), "\n", "\n  "))
		fmt.Fprintf(b, " [%s]\n", f.Rule)
		if f.Hint != "" {
			b.WriteString("  hint: " + f.Hint + "\n")
		}
	}
	fmt.Fprintf(b, "%s in %s", r.counts(), plural(r.Definitions, "definition"))
	if hidden > 0 {
		fmt.Fprintf(b, "; %d not shown (--severity %s)", hidden, least)
	}
	if n := len(r.Suppressed); n > 0 {
		fmt.Fprintf(b, "; %d ignored", n)
	}
	b.WriteByte('\n')
	return b.Flush()
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
	Omitted  int              `json:"omitted,omitempty"` // findings that would be shown, but are too many
}

// JSON returns the findings that are at least as bad as least, with a summary of all.
func (r *Report) JSON(least Severity) JSON {
	shown, omitted := r.worstShown(least, maxListed)
	out := JSON{Findings: append([]Finding{}, shown...), Omitted: omitted, Summary: map[Severity]int{}, Ignored: len(r.Suppressed), Images: r.Definitions}
	for _, s := range Severities() {
		out.Summary[s] = r.Count(s)
	}
	return out
}
