package config

import (
	"cmp"
	"errors"
	"math/big"
	"slices"

	"github.com/slipway-build/slipway/problem"
)

// join sorts by path and line and returns nil for no errors. No text holds a value from a file that could be a
// secret.
func join(errs []problem.Problem) error {
	slices.SortStableFunc(errs, func(a, b problem.Problem) int {
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
	case date:
		return "a date"
	case binary:
		return "binary data"
	case []any:
		return "a list"
	}
	return "a mapping"
}
