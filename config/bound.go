package config

import (
	"strconv"
	"strings"
)

// maxShown is how many bytes of a value a message shows: nobody reads more, and one in a list of very many
// must not make megabytes.
const maxShown = 400

// Clip is the beginning of a text that messages have.
func Clip(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return strings.ToValidUTF8(text[:maxShown], "") + "…"
}

// quote is a value as messages have it.
func quote(text string) string { return strconv.Quote(Clip(text)) }
