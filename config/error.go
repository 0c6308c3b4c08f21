package config

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// Error is a problem at one place of a configuration file. It never holds a value from the file
// that could be a secret.
type Error struct {
	Path string
	Line int // counted from 1; 0 when it is about the file as a whole
	Msg  string
	Hint string // the way out; may be empty
	Err  error  // the cause, if another package found it
}

// Error returns "path:line: msg", and the hint on a line of its own.
func (e *Error) Error() string {
	s := e.Path + ": " + e.Msg
	if e.Line > 0 {
		s = fmt.Sprintf("%s:%d: %s", e.Path, e.Line, e.Msg)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	if e.Hint != "" {
		s += "\nhint: " + e.Hint
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// join sorts by path and line and returns nil for no errors.
func join(errs []*Error) error {
	slices.SortStableFunc(errs, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line))
	})
	all := make([]error, len(errs))
	for i, e := range errs {
		all[i] = e
	}
	return errors.Join(all...)
}

// kind names the type of a value in a message.
func kind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case int, *big.Int:
		return "an integer"
	case float64:
		return "a number"
	case string:
		return "a string"
	case Date:
		return "a date"
	case Bytes:
		return "binary data"
	case []any:
		return "a list"
	}
	return "a mapping"
}
