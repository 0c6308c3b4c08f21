package config

import (
	"fmt"
	"slices"
	"strings"
)

// form is what values of an own key look like. One that looks otherwise is somebody's variable, which was
// there before Slipway had the key, or a slip of the pen: it is told, not acted on, and no error.
type form struct {
	name string // such as "a list of strings"
	fits func(v any) (problem, hint string)
}

// formFault says what a value has that the form has not, and the way out.
type formFault struct{ problem, hint string }

// fault is nil for a value of the form, and for null.
func (f form) fault(v any) *formFault {
	if v == nil {
		return nil
	}
	problem, hint := f.fits(v)
	if problem == "" {
		return nil
	}
	return &formFault{problem + ", and Slipway's key is " + f.name + ": it is not acted on", hint}
}

var listOfStrings = form{"a list of strings", func(v any) (problem, hint string) {
	items, ok := v.([]any)
	if !ok {
		return "is " + kind(v), "put each string on a line of its own after a dash"
	}
	for i, item := range items {
		switch item.(type) {
		case string:
			if item == "" {
				return fmt.Sprintf("has nothing in item %d", i+1), "remove the item"
			}
		case []any, *Map:
			return fmt.Sprintf("has %s in item %d", kind(item), i+1), "write a single value for each item; one with a colon or a comma needs quotes"
		default:
			return fmt.Sprintf("has %s in item %d", kind(item), i+1), quoteHint
		}
	}
	return "", ""
}}

// oneOf is one of a few words.
func oneOf(words ...string) form {
	list := strings.Join(words, " or ")
	return form{list, func(v any) (problem, hint string) {
		text, ok := v.(string)
		switch {
		case !ok:
			return "is " + kind(v), "write " + list
		case !slices.Contains(words, text):
			return fmt.Sprintf("is %q", text), "write " + list
		}
		return "", ""
	}}
}

var listsByGlob = form{"a mapping of globs to lists of strings", func(v any) (problem, hint string) {
	m, ok := v.(*Map)
	if !ok {
		return "is " + kind(v), "write a glob for images, and what they are given in a list below it"
	}
	for _, item := range m.Items() {
		if _, ok := item.Key.(string); !ok {
			return "has a glob that is " + kind(item.Key), quoteHint
		}
		if problem, hint := listOfStrings.fits(item.Value); problem != "" {
			return "below " + shownGlob(item.Key) + " " + problem, hint
		}
	}
	return "", ""
}}

var trueOrFalse = form{"true or false", func(v any) (problem, hint string) {
	switch v.(type) {
	case bool, int:
		return "", ""
	}
	return "is " + kind(v), "write true or false, without quotes"
}}

var text = form{"a text", func(v any) (problem, hint string) {
	if _, ok := v.(string); !ok {
		return "is " + kind(v), quoteHint
	}
	return "", ""
}}

var textOrTexts = form{"a list of strings, or one with commas", func(v any) (problem, hint string) {
	if _, ok := v.(string); ok {
		return "", ""
	}
	return listOfStrings.fits(v)
}}
