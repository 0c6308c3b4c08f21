package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"

	"github.com/docker/go-units"

	"github.com/slipway-build/slipway/problem"
)

// printError writes an error for people: one "error:" line per problem, its
// hints below it, with commands as they are typed.
func printError(w io.Writer, typed *invocation, err error) {
	for _, e := range problem.Each(err) {
		text, hint := problem.Split(e)
		fmt.Fprintln(w, "error: "+strings.ReplaceAll(typed.complete(text), "\n", "\n  "))
		for _, h := range problem.Hints(hint) {
			fmt.Fprintln(w, "hint: "+typed.complete(h))
		}
	}
}

// printWarning writes a warning and its hint.
func printWarning(w io.Writer, text string) {
	fmt.Fprintln(w, "warning: "+text)
}

// jsonWriter takes secrets out of JSON's strings alone; outlet.Writer is one.
type jsonWriter interface{ JSON(document []byte) error }

// printJSON writes v indented, as all --json output is.
func printJSON(w io.Writer, v any) error { return encodeJSON(w, v, "  ") }

func encodeJSON(w io.Writer, v any, indent string) error {
	var document bytes.Buffer
	enc := json.NewEncoder(&document)
	enc.SetIndent("", indent)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	if out, ok := w.(jsonWriter); ok && err == nil {
		return out.JSON(document.Bytes())
	}
	if err == nil {
		_, err = w.Write(document.Bytes())
	}
	if err != nil {
		return fmt.Errorf("cannot write JSON: %w", err)
	}
	return nil
}

func size(bytes int64) string { return units.HumanSize(float64(bytes)) }

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

func ownVersion() string {
	if buildVersion != "" {
		return buildVersion
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
