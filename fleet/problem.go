package fleet

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Problem is what is wrong at one place of the definitions, for the person who must mend it.
type Problem struct {
	Path string // as the user named the folder, and below it
	Line int    // from one; 0 when the whole file or folder is meant
	Text string // without path and line; further lines are indented
	Hint string // the way out; may be empty
}

// Error returns "path:line: text", and the hint on a line of its own.
func (p Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.Path)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	b.WriteString(": " + p.Text)
	if p.Hint != "" {
		b.WriteString("\nhint: " + p.Hint)
	}
	return b.String()
}

func problem(path string, line int, hint, format string, args ...any) Problem {
	return Problem{Path: path, Line: line, Text: fmt.Sprintf(format, args...), Hint: hint}
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
