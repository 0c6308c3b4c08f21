// Package problem has the form in which Slipway tells people what is wrong: a place, a sentence, its cause,
// and the way out on a line of its own.
package problem

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says in a word what a problem is about, for those who sort problems and do not only print them.
type Kind string

// Problem is what is wrong at one place of a file, for the person who must mend it.
type Problem struct {
	Kind Kind
	Path string // as the user named it; empty when it is not known, or no file is concerned
	Line int    // from one; 0 when the whole file or folder is meant
	Text string // "cannot …", without path and line; further lines are indented
	Hint string // the way out; may be empty
	Err  error  // the cause, when somebody else found it; may be nil
}

// Error returns "path:line: text: cause", and hints on lines of their own.
func (p Problem) Error() string {
	text := p.place() + p.Text
	if p.Err != nil {
		text += ": " + p.Err.Error()
	}
	return Text(text, p.Hint)
}

func (p Problem) place() string {
	switch {
	case p.Path != "" && p.Line > 0:
		return fmt.Sprintf("%s:%d: ", p.Path, p.Line)
	case p.Path != "":
		return p.Path + ": "
	case p.Line > 0:
		return fmt.Sprintf("line %d: ", p.Line)
	}
	return ""
}

// Unwrap returns the cause.
func (p Problem) Unwrap() error { return p.Err }

// WayOut returns the hint.
func (p Problem) WayOut() string { return p.Hint }

// marker stands before a hint.
const marker = "\nhint: "

// Text is a sentence and the way out, which may be empty, as people read them.
func Text(text, hint string) string {
	if hint == "" {
		return text
	}
	return text + marker + hint
}

// hinted is an error with a way out.
type hinted struct {
	error
	hint string
}

// New is errors.New with a way out.
func New(text, hint string) error { return &hinted{errors.New(text), hint} }

// With gives an error a way out. The hints that it has already come before.
func With(err error, hint string) error { return &hinted{err, hint} }

// Withf is With, with a format of fmt's.
func Withf(err error, format string, args ...any) error {
	return With(err, fmt.Sprintf(format, args...))
}

// Error returns the text of the error, and the hint on a line of its own.
func (h *hinted) Error() string { return Text(h.error.Error(), h.hint) }

// Unwrap returns the error without this hint.
func (h *hinted) Unwrap() error { return h.error }

// WayOut returns the hint.
func (h *hinted) WayOut() string { return h.hint }

// Split parts an error's text from its hints, which Text puts together again. The hints are found by the
// types of the error and its causes; of an error that came from another process as a text, by that.
func Split(err error) (text, hint string) {
	text = err.Error()
	all := hints(err)
	for _, h := range all {
		text = strings.Replace(text, marker+h, "", 1)
	}
	if sentence, written := Cut(text); written != "" {
		text, all = sentence, append([]string{written}, all...)
	}
	return text, strings.Join(all, marker)
}

// Hints are the lines of a hint that Split returned: there may be several ways out.
func Hints(hint string) []string {
	if hint == "" {
		return nil
	}
	return strings.Split(hint, marker)
}

// Of is an error as a problem: its place if it is one, and the whole sentence without hints.
func Of(err error) Problem {
	var p Problem
	text, hint := Split(err)
	if own, ok := err.(Problem); ok {
		p.Kind, p.Path, p.Line = own.Kind, own.Path, own.Line
		text = strings.TrimPrefix(text, own.place())
	}
	p.Text, p.Hint = text, hint
	return p
}

// Each takes joined errors apart, also joined ones in them.
func Each(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, Each(e)...)
	}
	return all
}

// Cut is Split for a text that was written down.
func Cut(text string) (sentence, hint string) {
	sentence, hint, _ = strings.Cut(text, marker)
	return sentence, hint
}

// hints are those of an error and its causes, in the order in which they are printed.
func hints(err error) []string {
	var found []string
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if cause := e.Unwrap(); cause != nil {
			found = hints(cause)
		}
	case interface{ Unwrap() []error }:
		for _, cause := range e.Unwrap() {
			found = append(found, hints(cause)...)
		}
	}
	if e, ok := err.(interface{ WayOut() string }); ok && e.WayOut() != "" {
		found = append(found, e.WayOut())
	}
	return found
}
