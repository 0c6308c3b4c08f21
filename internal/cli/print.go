package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"

	"github.com/docker/go-units"
)

// printError writes an error for people: one "error:" line per problem, its
// hints below it, with commands as they are typed.
func printError(w io.Writer, typed *invocation, err error) {
	for _, problem := range flatten(err) {
		text := typed.complete(problem.Error())
		var hints []string
		var lines []string
		for _, l := range strings.Split(text, "\n") {
			l = printable(l)
			if strings.HasPrefix(l, "hint: ") {
				hints = append(hints, l)
				continue
			}
			lines = append(lines, l)
		}
		fmt.Fprintln(w, "error: "+strings.Join(lines, "\n  "))
		for _, h := range hints {
			fmt.Fprintln(w, h)
		}
	}
}

// printWarning writes a warning and its hint.
func printWarning(w io.Writer, text string) {
	lines := strings.Split("warning: "+text, "\n")
	for i := range lines {
		lines[i] = printable(lines[i])
	}
	fmt.Fprintln(w, strings.Join(lines, "\n"))
}

// flatten takes joined errors apart.
func flatten(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var out []error
	for _, e := range joined.Unwrap() {
		out = append(out, flatten(e)...)
	}
	return out
}

// printJSON writes v indented, as all --json output is.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("cannot write output: %w", err)
	}
	return nil
}

func size(bytes int64) string { return units.HumanSize(float64(bytes)) }

// shortDigest is what people compare: the first twelve hex digits.
func shortDigest(d string) string {
	_, hex, ok := strings.Cut(d, ":")
	if !ok || len(hex) < 12 {
		return d
	}
	return hex[:12]
}

// seconds rounds a duration to what matters to a person.
func seconds(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}

// buildVersion is set by the linker for releases (-X).
var buildVersion string

func version() string {
	if buildVersion != "" {
		return buildVersion
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
