package config

import (
	"fmt"
	"slices"
	"strings"
)

// form is what values of a key look like. Of an own key, one that looks otherwise is somebody's variable, which
// was there before Slipway had the key, or a slip of the pen: it is told, not acted on, and no error. Of a key at
// the top level the reader says what is an error.
type form struct {
	name   string // such as "a list of strings"
	schema schema
	fits   func(v any) (problem, hint string) // nil takes everything
}

// formFault says what a value has that the form has not, and the way out.
type formFault struct{ problem, hint string }

// fault is nil for a value of the form, and for null.
func (f form) fault(v any) *formFault {
	if v == nil || f.fits == nil {
		return nil
	}
	problem, hint := f.fits(v)
	if problem == "" {
		return nil
	}
	return &formFault{problem + ", and Slipway's key is " + f.name + ": it is not acted on", hint}
}

var listOfStrings = form{"a list of strings", listOf(nonEmpty), func(v any) (problem, hint string) {
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
	return form{list, schema{"enum": append([]string{}, words...)}, func(v any) (problem, hint string) {
		text, ok := v.(string)
		switch {
		case !ok:
			return "is " + kind(v), "write " + list
		case !slices.Contains(words, text):
			return "is " + quote(text), "write " + list
		}
		return "", ""
	}}
}

var listsByGlob = form{"a mapping of globs to lists of strings", mappingTo(listOf(nonEmpty)), func(v any) (problem, hint string) {
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

var trueOrFalse = form{"true or false", typed("boolean"), func(v any) (problem, hint string) {
	switch v.(type) {
	case bool, int:
		return "", ""
	}
	return "is " + kind(v), "write true or false, without quotes"
}}

var text = form{"a text", typed("string"), func(v any) (problem, hint string) {
	if _, ok := v.(string); !ok {
		return "is " + kind(v), quoteHint
	}
	return "", ""
}}

var textOrTexts = form{"a list of strings, or one with commas", anyOf(typed("string"), listOf(nonEmpty)), func(v any) (problem, hint string) {
	if _, ok := v.(string); ok {
		return "", ""
	}
	return listOfStrings.fits(v)
}}

// The forms of keys that stand at the top level alone: docker-pkg's, and those that came before there was a place
// of Slipway's own.
var (
	anything      = form{name: "anything", schema: schema{}}
	printed       = form{name: "a text or a number", schema: typed("string", "number")}
	number        = form{name: "a number", schema: schema{"type": "number", "exclusiveMinimum": 0}}
	timeSpan      = form{name: "a duration", schema: anyOf(typed("number"), schema{"type": "string", "pattern": `^\s*[-+]?([0-9.]+(ns|us|µs|ms|s|m|h))+\s*$`})}
	digestsByName = form{name: "a mapping of image references to digests", schema: mappingTo(schema{"type": "string", "pattern": digest.String()})}
	uidsByName    = form{name: "a mapping of user names to user ids", schema: mappingTo(typed("string", "integer"))}
	limits        = form{name: "limits", schema: anyOf(typed("string"), limitsSchema())}
	imageList     = form{name: "a list of images", schema: imagesSchema()}
	ownMapping    = form{name: "a mapping", schema: typed("object")}
)
