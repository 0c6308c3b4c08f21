package config

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/slipway-build/slipway/jinja/python"
)

// pythonTrue is Python's bool(v).
func pythonTrue(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case int:
		return v != 0
	case *big.Int:
		return v.Sign() != 0
	case float64:
		return v != 0
	case string:
		return v != ""
	case binary:
		return v != ""
	case []any:
		return len(v) > 0
	case *Map:
		return v.Len() > 0
	}
	return true
}

// pythonString prints a value as Python's str() does.
func pythonString(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case float64:
		return python.Float(v)
	case []any, *Map:
		return pythonRepr(v)
	}
	return fmt.Sprint(v)
}

// pythonRepr prints a value as Python does inside a list or a mapping.
func pythonRepr(v any) string {
	var parts []string
	switch v := v.(type) {
	case string:
		return python.Quote(v)
	case date:
		return v.Repr()
	case []any:
		for _, item := range v {
			parts = append(parts, pythonRepr(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case *Map:
		for _, item := range v.Items() {
			parts = append(parts, pythonRepr(item.Key)+": "+pythonRepr(item.Value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return pythonString(v)
}
