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
	Text string // "cannot …", without path and line; further lines are indented; empty when Err says it all
	Hint string // the way out; may be empty
	Err  error  // the cause, when somebody else found it; may be nil
}

// Error returns "path:line: text: cause", and hints on lines of their own.
func (p Problem) Error() string {
	text := p.place() + p.Text
	if p.Err != nil {
		if p.Text != "" {
			text += ": "
		}
		text += p.Err.Error()
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

// marker stands before a hint.
const marker = "\nhint: "

// Text is a sentence and the way out, which may be empty, as people read them.
func Text(text, hint string) string {
	if hint == "" {
		return text
	}
	return text + marker + hint
}

// New is errors.New with a way out.
func New(text, hint string) error { return Problem{Text: text, Hint: hint} }

// With gives an error a way out. The hints that it has already come before.
func With(err error, hint string) error { return Problem{Err: err, Hint: hint} }

// Withf is With, with a format of fmt's.
func Withf(err error, format string, args ...any) error {
	return With(err, fmt.Sprintf(format, args...))
}

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

// Of is an error as a problem: the kind and the place of the problem that it is, or carries with something
// beside it, and the whole sentence without hints.
func Of(err error) Problem {
	var p Problem
	text, hint := Split(err)
	for e := err; e != nil; e = errors.Unwrap(e) {
		own, ok := e.(Problem)
		if ok && !own.bare() && strings.HasPrefix(text, own.place()+own.Text) {
			p.Kind, p.Path, p.Line = own.Kind, own.Path, own.Line
			text = strings.TrimPrefix(text, own.place())
			break
		}
	}
	p.Text, p.Hint = text, hint
	return p
}

// bare tells whether the problem only gives its cause a way out.
func (p Problem) bare() bool { return p.Text == "" && p.Kind == "" && p.place() == "" }

// Each takes joined errors apart, also joined ones in them. An error that has several causes stays whole.
func Each(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	var text []string
	for _, e := range joined.Unwrap() {
		all, text = append(all, Each(e)...), append(text, e.Error())
	}
	if err.Error() != strings.Join(text, "\n") {
		return []error{err}
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
	if p, ok := err.(Problem); ok && p.Hint != "" {
		found = append(found, p.Hint)
	}
	return found
}
