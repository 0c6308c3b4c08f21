package deb822

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/problem"
)

// MaxRelations is how many relations one field may have, alternatives included: ten times what the largest
// package of Debian has. What comes after them is an error, and passed over.
const MaxRelations = 10_000

// Relation is what one item of a field like Depends asks for.
type Relation struct {
	Name string
	// Arch is the qualifier after the name: "any" in "python3:any".
	Arch string
	// Operator is one of << <= = >= >>, and Version what it compares with; both are empty when any
	// version will do. The old forms < and > are returned as <= and >=, which is what they mean.
	Operator, Version string
	// Architectures are the words in square brackets; an exclamation mark negates one.
	Architectures []string
	// Profiles are the build profile lists in angle brackets: a list of alternatives, each of which
	// is a list of terms that must all hold; an exclamation mark negates a term.
	Profiles [][]string
	Line     int // counted from 1
	// Alternatives are what follows the bar in "a | b | c": each would do instead of this one.
	// They have no alternatives of their own.
	Alternatives []Relation

	// Partial tells that the item could not be read whole; there is an error for it.
	Partial bool
	// Overridden tells that a later field of the same name follows, which is the one that Get returns.
	Overridden bool
}

// ParseRelations splits the value of a field like Depends at its commas; line is that of its first
// line. A name is any text without white space and , | ( ) [ ] < >, so image names with slashes or a
// registry's port are fine; empty items are passed over. The error joins one *Error per item that
// cannot be read, sorted by line. Beside it are all relations that have a name: where a comma is
// missing between two names, both.
func ParseRelations(value string, line int) ([]Relation, error) {
	all, errs := parseRelations("", value, func(n int) int { return line + n })
	return all, join(errs)
}

func parseRelations(path, value string, lineOf func(int) int) ([]Relation, []*Error) {
	p := relationParser{path: path, lineOf: lineOf}
	count := 0
	for item := range strings.SplitSeq(value, ",") {
		var group, further []Relation
		for part := range strings.SplitSeq(item, "|") {
			text := strings.TrimLeft(part, space+"\n")
			line := lineOf(p.read + strings.Count(part[:len(part)-len(text)], "\n"))
			p.read += strings.Count(part, "\n")
			if text == "" && !strings.Contains(item, "|") {
				continue
			}
			if count++; count > MaxRelations {
				return p.all, append(p.errs, p.tooMany(line))
			}
			if found := p.part(strings.Join(strings.Fields(text), " "), line); len(found) > 0 {
				group, further = append(group, found[0]), append(further, found[1:]...)
			}
		}
		if len(group) > 1 {
			group[0].Alternatives = group[1:]
		}
		p.all = append(append(p.all, group[:min(1, len(group))]...), further...)
	}
	return p.all, p.errs
}

// relationParser is the state between the items of a field.
type relationParser struct {
	path   string
	lineOf func(int) int
	read   int // line feeds before the item
	all    []Relation
	errs   []*Error
}

func (p *relationParser) tooMany(line int) *Error {
	return &Error{problem.Problem{Path: p.path, Line: line, Hint: "remove what is not needed",
		Text: fmt.Sprintf("cannot read relations: there are more than %d", MaxRelations)}, true}
}

// part reads one relation, or those that it finds where it should be one.
func (p *relationParser) part(whole string, line int) []Relation {
	var found []Relation
	for text := whole; ; {
		r, rest, cause, hint := parseRelation(text)
		if r.Line = line; r.Name != "" {
			found = append(found, r)
		}
		if cause != "" && text == whole && len(p.errs) < maxErrors {
			p.errs = append(p.errs, &Error{problem.Problem{Path: p.path, Line: line, Hint: hint, Text: fmt.Sprintf(
				"cannot read relation %q: %s", abbreviate(whole), cause)}, true})
		}
		if cause == "" && text == whole {
			return found
		}
		if text = rest; text == "" || r.Name == "" || len(found) == maxErrors {
			break
		}
	}
	for i := range found {
		found[i].Partial = true
	}
	return found
}

// parseRelation reads "name:arch (op version) [archs] <profiles>", where only the name is needed. Where
// another name follows, it is in rest.
func parseRelation(text string) (r Relation, rest, cause, hint string) {
	end := strings.IndexAny(text, " ()[]<>")
	if strings.HasPrefix(text, "${") { // a substitution variable, which nothing substitutes here
		end = strings.IndexByte(text, '}') + 1
	}
	if end < 0 || end > len(text) {
		end = len(text)
	}
	r.Name, text = text[:end], strings.TrimSpace(text[end:])
	if r.Name == "" {
		return r, "", "it has no name", "write a name, or remove what surrounds the gap"
	}
	r.Name, r.Arch = splitArch(r.Name)
	for text != "" {
		var inner string
		kind := text[0]
		before := text
		inner, text, cause = bracketed(text)
		switch {
		case cause != "":
			if !strings.ContainsRune("([<", rune(kind)) {
				return r, before, cause, "separate two names by a comma"
			}
			return r, "", cause, form(kind)
		case kind == '(' && r.Version == "" && r.Architectures == nil && r.Profiles == nil:
			r.Operator, r.Version, cause = parseVersion(inner)
		case kind == '[' && r.Architectures == nil && r.Profiles == nil:
			if r.Architectures = strings.Fields(inner); len(r.Architectures) == 0 {
				cause = "the square brackets are empty"
			}
		case kind == '<':
			r.Profiles = append(r.Profiles, strings.Fields(inner))
		default:
			cause = "its order is not name (version) [architectures] <profiles>"
		}
		if cause != "" {
			return r, "", cause, form(kind)
		}
	}
	return r, "", "", ""
}

// form is the hint for a bracketed part that is wrong.
func form(kind byte) string {
	if kind == '(' {
		return `write it as in "name (>= 1.0)"`
	}
	return `write it as in "name (>= 1.0) [amd64] <!nocheck>"`
}

// splitArch cuts ":any" off a name. A colon before a slash belongs to a registry's address, and
// what is no architecture's name (a tag like 1.2) to the image's.
func splitArch(s string) (name, arch string) {
	i := strings.LastIndexByte(s, ':')
	if i <= 0 || i == len(s)-1 || strings.HasPrefix(s, "${") {
		return s, ""
	}
	for j, c := range []byte(s[i+1:]) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && !('0' <= c && c <= '9') && (c != '-' || j == 0) {
			return s, ""
		}
	}
	return s[:i], s[i+1:]
}

// bracketed takes one bracketed part off the front of text.
func bracketed(text string) (inner, rest, cause string) {
	i := strings.IndexByte("([<", text[0])
	if i < 0 {
		return "", text, fmt.Sprintf("%q follows where nothing may", abbreviate(text))
	}
	from := 1
	if text[0] == '(' { // "(>= 1)" has angle brackets of its own
		from += len(text[1:]) - len(strings.TrimLeft(text[1:], " <>="))
	}
	end := strings.IndexAny(text[from:], "()[]<>")
	if end < 0 || text[from+end] != ")]>"[i] {
		return "", text, fmt.Sprintf("%q is not closed", text[:1])
	}
	end += from
	return text[1:end], strings.TrimSpace(text[end+1:]), ""
}

var operators = []string{"<<", "<=", "=", ">=", ">>"}

func parseVersion(text string) (operator, version, cause string) {
	text = strings.TrimSpace(text)
	version = strings.TrimLeft(text, "<>=")
	operator = text[:len(text)-len(version)]
	version = strings.TrimSpace(version)
	switch operator {
	case "<", ">":
		operator += "="
	}
	switch {
	case !slices.Contains(operators, operator):
		return "", "", fmt.Sprintf("the version has the operator %q, not one of << <= = >= >>", operator)
	case version == "" || strings.Contains(version, " "):
		return "", "", fmt.Sprintf("%q is not a version", version)
	}
	return operator, version, ""
}
