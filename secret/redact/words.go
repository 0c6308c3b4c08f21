package redact

import (
	"slices"
	"strings"
)

// fewWords is how many words are looked for one after the other, which is faster than to look at each byte. The
// file of a secret may have very many lines.
const fewWords = 16

// findWords finds sorted words: all of few, of very many those that are not within another.
func findWords(words []string, text string) (found []span) {
	if len(words) > fewWords {
		return findMany(words, text)
	}
	for _, w := range words {
		for at := 0; ; at++ {
			i := strings.Index(text[at:], w)
			if i < 0 {
				break
			}
			at += i
			found = append(found, span{at, at + len(w)})
		}
	}
	return found
}

// findMany finds at each byte the longest word that begins there.
func findMany(words []string, text string) (found []span) {
	var begins [256]bool
	for _, w := range words {
		begins[w[0]] = true
	}
	for at := range len(text) {
		if !begins[text[at]] {
			continue
		}
		if w := longestPrefix(words, text[at:]); w != "" {
			found = append(found, span{at, at + len(w)})
		}
	}
	return found
}

// longestPrefix is the longest of sorted words that a text begins with. Such words stand before the text in the
// order; one of them can only be missed for a longer one that the text leaves earlier, so the search goes on with
// what both have in common.
func longestPrefix(words []string, text string) string {
	for {
		i, is := slices.BinarySearch(words, text)
		if is {
			return words[i]
		}
		if i == 0 {
			return ""
		}
		before := words[i-1]
		if strings.HasPrefix(text, before) {
			return before
		}
		common := 0
		for common < len(before) && common < len(text) && before[common] == text[common] {
			common++
		}
		words, text = words[:i-1], text[:common]
		if common == 0 {
			return ""
		}
	}
}
