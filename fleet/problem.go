package fleet

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/template"
)

// Problem is what is wrong at one place of the definitions. Path is as the user named the folder, and below it;
// Kind is one of package fault's.
type Problem struct {
	problem.Problem

	// Rendered is the line of the rendered Dockerfile, only when that of the template is not known.
	Rendered int
	// Via is the include, extends or macro call that led to the line; nil when it is the image's own.
	Via *template.Place
}

// Error returns "path:line: text", and the hint on a line of its own.
func (p Problem) Error() string {
	if p.Rendered > 0 {
		p.Text += fmt.Sprintf(" (line %d of the rendered Dockerfile)", p.Rendered)
	}
	return p.Problem.Error()
}

// Unwrap returns the part that every problem has.
func (p Problem) Unwrap() error { return p.Problem }

// same tells whether two problems are told in the same words.
func (p Problem) same(o Problem) bool {
	return o.Path == p.Path && o.Line == p.Line && o.Text == p.Text
}

func newProblem(kind problem.Kind, path string, line int, hint, format string, args ...any) Problem {
	return Problem{Problem: problem.Problem{
		Kind: kind, Path: path, Line: line, Text: brief(fmt.Sprintf(format, args...)), Hint: brief(hint),
	}}
}

// maxProblem is how many bytes of one line of a problem are told: a name in it may be a megabyte long.
const maxProblem = 2000

// brief cuts the lines of a text that nobody would read to their end.
func brief(text string) string {
	if len(text) <= maxProblem {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if len(line) > maxProblem {
			lines[i] = strings.ToValidUTF8(line[:maxProblem], "") + "…"
		}
	}
	return strings.Join(lines, "\n")
}

func sortProblems(problems []Problem) {
	slices.SortFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Text, b.Text))
	})
}

// joinProblems sorts them and makes one error of all; nil for none.
func joinProblems(problems []Problem) error {
	sortProblems(problems)
	errs := make([]error, len(problems))
	for i, p := range problems {
		errs[i] = p
	}
	return errors.Join(errs...)
}

// problemsOf takes a joined error apart.
func problemsOf(err error) []Problem {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []Problem
		for _, e := range joined.Unwrap() {
			all = append(all, problemsOf(e)...)
		}
		return all
	}
	if p := (Problem{}); errors.As(err, &p) {
		return []Problem{p}
	}
	return nil
}

// OfKind returns those problems of an error that are of a kind, as one error; nil for none.
func OfKind(err error, kind problem.Kind) error {
	var found []Problem
	for _, p := range problemsOf(err) {
		if p.Kind == kind {
			found = append(found, p)
		}
	}
	return joinProblems(found)
}
