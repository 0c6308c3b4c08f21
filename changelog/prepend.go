package changelog

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"

	"github.com/slipway-build/slipway/problem"
)

// Prepend returns a new changelog: the entry e, a blank line, and the old bytes unchanged. Each of
// e.Changes becomes an item: "  * " and its first line, the others indented by four; one that begins
// with two spaces already, and an empty one, stay as they are. An empty urgency is "high"; the date
// is e.Date, or e.RawDate when that is zero. The error is a problem.Problem.
func Prepend(data []byte, e Entry) ([]byte, error) {
	if e.Urgency == "" {
		e.Urgency = "high"
	}
	heading := fmt.Sprintf("%s (%s) %s; urgency=%s", e.Package, e.Version, e.Distributions, e.Urgency)
	if err := checkHeading(heading, e); err != nil {
		return nil, err
	}
	trailer, err := formatTrailer(e)
	if err != nil {
		return nil, err
	}
	changes := formatChanges(e.Changes)
	if len(changes) == 0 {
		return nil, refuse(e, "it has no changes", "give a reason")
	}

	var b bytes.Buffer
	b.Grow(len(data) + 256)
	b.WriteString(heading + "\n\n")
	for _, line := range changes {
		b.WriteString(line + "\n")
	}
	b.WriteString("\n" + trailer + "\n\n")
	b.Write(data)
	if b.Len() > MaxSize {
		return nil, refuse(e, fmt.Sprintf("the changelog would have more than %d bytes", MaxSize), "")
	}
	return b.Bytes(), nil
}

// checkHeading reads the heading back: what the parser does not take must never be written.
func checkHeading(heading string, e Entry) error {
	if !e.Version.Valid() {
		return refuse(e, fmt.Sprintf("%q is not a Debian version", e.Version),
			"a version is made of letters, digits and . + ~ -")
	}
	var s scanner
	got, ok := s.heading([]byte(heading))
	if !ok || strings.ContainsAny(heading, "\r\n") || len(s.warnings) > 0 || got.Package != e.Package ||
		got.Version != e.Version || got.Distributions != e.Distributions || got.Urgency != e.Urgency {
		return refuse(e, fmt.Sprintf("%.400q cannot be the heading of an entry", heading),
			"name, distribution and urgency are made of letters, digits and . + -")
	}
	return nil
}

func formatTrailer(e Entry) (string, error) {
	date := e.RawDate
	if !e.Date.IsZero() {
		date = FormatDate(e.Date)
	}
	line := " -- " + e.Author + "  " + date
	if strings.ContainsFunc(line, unicode.IsControl) {
		return "", refuse(e, "author and date must be on one line", "")
	}
	var s scanner
	var got Entry
	if !s.trailer(&got, []byte(line)) || got.Author != e.Author || strings.HasPrefix(got.Author, "<") {
		return "", refuse(e, fmt.Sprintf("%.400q is not an author", e.Author),
			`an author is written as "Name <name@example.org>"`)
	}
	if len(s.warnings) > 0 {
		return "", refuse(e, fmt.Sprintf("%q is not a date", date), "")
	}
	return line, nil
}

// formatChanges lays the changes out as dch does and drops blank lines around them.
func formatChanges(changes []string) []string {
	var lines []string
	for _, change := range changes {
		change = strings.TrimRight(clean(change), "\n"+space)
		if strings.HasPrefix(change, "  ") || change == "" {
			for line := range strings.SplitSeq(change, "\n") {
				lines = append(lines, indent("  ", line))
			}
			continue
		}
		for i, line := range strings.Split(strings.TrimLeft(change, "\n"+space), "\n") {
			if i == 0 {
				lines = append(lines, "  * "+strings.Trim(line, space))
			} else {
				lines = append(lines, indent("    ", strings.Trim(line, space)))
			}
		}
	}
	for len(lines) > 0 && lines[0] == "" {
		lines = lines[1:]
	}
	for n := len(lines); n > 0 && lines[n-1] == ""; n-- {
		lines = lines[:n-1]
	}
	return lines
}

func indent(by, line string) string {
	line = strings.TrimRight(line, space)
	if line == "" || strings.HasPrefix(line, by) {
		return line
	}
	return by + line
}

// clean drops carriage returns and control characters, which no reader of changelogs expects.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

func refuse(e Entry, cause, hint string) error {
	return problem.Problem{Text: fmt.Sprintf("cannot write the entry %s (%s): %s", e.Package, e.Version, cause), Hint: hint}
}
