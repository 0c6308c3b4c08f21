package python

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
)

// Kind is the class of an error, named as the Python class that Jinja2 raises.
type Kind string

// The kinds that callers tell apart; others carry the name of Python's
// exception, such as "TypeError".
const (
	SyntaxError    Kind = "TemplateSyntaxError"
	AssertionError Kind = "TemplateAssertionError" // found while compiling, such as an unknown filter
	UndefinedError Kind = "UndefinedError"
	NotFoundError  Kind = "TemplateNotFound"
	RuntimeError   Kind = "TemplateRuntimeError"
	SecurityError  Kind = "SecurityError" // refused by the sandbox
	LimitError     Kind = "LimitError"    // a bound of Limits was reached; no Python counterpart
	HostError      Kind = "HostError"     // a filter added with AddFilter failed
	InternalError  Kind = "InternalError" // a bug of this package
)

// Error says what is wrong with a template and where.
type Error struct {
	Kind     Kind
	Template string // name of the template
	Line     int    // counted from 1; 0 if unknown
	Msg      string
	Hint     string // the next step, may be empty
	Err      error  // the cause, for HostError and TemplateNotFound
}

// Error gives "name:line: message", without the hint.
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.Template, e.Msg)
	}
	return fmt.Sprintf("%s:%d: %s", e.Template, e.Line, e.Msg)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Caught is the error of what recover gave, nil for nothing. A panic with an
// *Error, which is how deep recursion is left, has none of its own place: it
// happened here. Anything else is a bug and reported as such.
func Caught(r any, template string, line int) error {
	switch r := r.(type) {
	case nil:
		return nil
	case *Error:
		if r.Template == "" {
			r.Template, r.Line = template, line
		}
		return r.Shortened()
	default:
		return &Error{Kind: InternalError, Template: template, Line: line, Msg: fmt.Sprintf("internal error: %v\n%s", r, debug.Stack())}
	}
}

// maxMessage bounds the text of an error in bytes: errors are kept, and what
// they quote may be all that a template made.
const maxMessage = 2000

// Shortened cuts what no person reads, in place.
func (e *Error) Shortened() *Error {
	cut := func(s string) string {
		if len(s) <= maxMessage {
			return s
		}
		return strings.ToValidUTF8(s[:maxMessage], "") + "..."
	}
	if e.Kind == HostError && len(e.Msg)+len(e.Hint) > maxMessage {
		e.Err = nil // it has the same text
	}
	e.Msg, e.Hint = cut(e.Msg), cut(e.Hint)
	return e
}

// Raise stops the render; the position is the current one.
func Raise(kind Kind, format string, args ...any) {
	panic(&Error{Kind: kind, Msg: fmt.Sprintf(format, args...)})
}

// RaiseErr stops the program with the error of a function of the host; what
// follows "hint: " in a line of its own is the hint.
func (rt *Runtime) RaiseErr(err error) {
	if e := (*Error)(nil); errors.As(err, &e) {
		panic(e)
	}
	msg, hint, _ := strings.Cut(err.Error(), "\nhint: ")
	panic(&Error{Kind: HostError, Msg: msg, Hint: hint, Err: err})
}

// DidYouMean returns a hint with the known name nearest to name, or "". What differs in more than a
// quarter of its letters is another name, and two letters can only be swapped: a short name would be
// near to many.
func DidYouMean(name string, known []string) string {
	best, bestDistance := "", min(max(len(name)/4, 1), 3)+1
	for _, k := range known {
		swapped := len(name) == 2 && len(k) == 2 && name[0] == k[1] && name[1] == k[0]
		if k == name || len(name) < 3 && !swapped {
			continue
		}
		d := editDistance(name, k, bestDistance+1)
		if d < bestDistance || d == bestDistance && best != "" && k < best {
			best, bestDistance = k, d
		}
	}
	if best == "" {
		return ""
	}
	return "did you mean '" + best + "'?"
}

// editDistance is the number of insertions, deletions, substitutions and swaps
// of neighbours between a and b, or limit when it is not below limit.
func editDistance(a, b string, limit int) int {
	if d := len(a) - len(b); d >= limit || -d >= limit || len(a) > 64 {
		return limit
	}
	before, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return min(prev[len(b)], limit)
}
