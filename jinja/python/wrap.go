package python

import (
	"slices"
	"strings"
	"unicode"
)

// wrapper breaks text into lines by the rules of Python's textwrap.
type wrapper struct {
	rt        *Runtime
	width     int
	breakLong bool
	hyphens   bool
}

const wrapSpace = "\t\n\v\f\r "

func isWrapSpace(r rune) bool { return r < 0x80 && strings.ContainsRune(wrapSpace, r) }

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

func isWordPunct(r rune) bool { return isWord(r) || strings.ContainsRune("!\"'&.,?", r) }

func isLetterLike(r rune) bool { return isWord(r) && !unicode.IsDigit(r) }

// chunks splits text into words, spaces and, with hyphens, parts of words.
func (w *wrapper) chunks(text []rune) [][]rune {
	var out [][]rune
	for i := 0; i < len(text); {
		start := i
		switch {
		case isWrapSpace(text[i]):
			for i < len(text) && isWrapSpace(text[i]) {
				i++
			}
		case !w.hyphens:
			for i < len(text) && !isWrapSpace(text[i]) {
				i++
			}
		default:
			i = wordEnd(text, i)
		}
		w.rt.Charge(3 * listSize)
		out = append(out, text[start:i])
	}
	return out
}

// wordEnd finds where the unbreakable part that starts at i ends: after a
// hyphen between letters, around a dash of two or more hyphens, at a space.
func wordEnd(t []rune, i int) int {
	at := func(j int) rune {
		if j < 0 || j >= len(t) {
			return 0
		}
		return t[j]
	}
	dash := func(j int) int { // end of "--" and more before a word
		k := j
		for at(k) == '-' {
			k++
		}
		if k-j >= 2 && isWord(at(k)) {
			return k
		}
		return 0
	}
	if i > 0 && isWordPunct(t[i-1]) {
		if k := dash(i); k > 0 {
			return k
		}
	}
	for j := i + 1; ; j++ {
		if at(j) == '-' && j < len(t) {
			before := isLetterLike(at(j-1)) &&
				(isLetterLike(at(j-2)) || at(j-2) == '-' && isLetterLike(at(j-3)))
			after := isLetterLike(at(j+1)) && (isLetterLike(at(j+2)) || at(j+2) == '-' && isLetterLike(at(j+3)))
			if before && after {
				return j + 1
			}
		}
		if j >= len(t) || isWrapSpace(t[j]) {
			return j
		}
		if isWordPunct(t[j-1]) && dash(j) > 0 {
			return j
		}
	}
}

// isBlank says whether a chunk is white space: then all of it is, or nothing.
func isBlank(chunk []rune) bool {
	return !slices.ContainsFunc(chunk, func(r rune) bool { return !IsSpace(r) })
}

// wrap writes one line of the text as several.
func (w *wrapper) wrap(out *TextWriter, line, sep string) {
	w.rt.ChargeProduct(4, len(line))
	chunks := w.chunks([]rune(line))
	isFirst := true
	var cur [][]rune
	for len(chunks) > 0 {
		if isBlank(chunks[0]) && !isFirst {
			chunks = chunks[1:]
			if len(chunks) == 0 {
				break
			}
		}
		cur = cur[:0]
		n := 0
		for len(chunks) > 0 && n+len(chunks[0]) <= w.width {
			cur = append(cur, chunks[0])
			n += len(chunks[0])
			chunks = chunks[1:]
		}
		if len(chunks) > 0 && len(chunks[0]) > w.width {
			cur, chunks = w.longWord(cur, chunks, n)
		}
		if len(cur) > 0 && isBlank(cur[len(cur)-1]) {
			cur = cur[:len(cur)-1]
		}
		if len(cur) > 0 {
			if !isFirst {
				out.Add(sep)
			}
			isFirst = false
			for _, c := range cur {
				for _, r := range c {
					out.writeRune(r)
				}
			}
		}
	}
}

// longWord puts as much of a word that is longer than a line as fits, or all
// of it on a line of its own.
func (w *wrapper) longWord(cur, chunks [][]rune, n int) (line, rest [][]rune) {
	space := w.width - n // may be none, then an empty part follows
	if !w.breakLong {
		if len(cur) == 0 {
			return append(cur, chunks[0]), chunks[1:]
		}
		return cur, chunks
	}
	word := chunks[0]
	end := space
	if w.hyphens && len(word) > space {
		hyphen := strings.LastIndex(string(word[:space]), "-")
		if hyphen > 0 && strings.Trim(string(word[:space])[:hyphen], "-") != "" {
			end = len([]rune(string(word[:space])[:hyphen])) + 1
		}
	}
	chunks[0] = word[end:]
	return append(cur, word[:end]), chunks
}

// Indent writes a text before each line but the first, with first that one too,
// with blank those without text too.
func (rt *Runtime) Indent(s, by string, first, blank bool) string {
	rt.Charge(len(s) + 1)
	b := &TextWriter{rt: rt}
	if first {
		b.Add(by)
	}
	isFirst := true
	for line := range splitLines(s+"\n", false) {
		if !isFirst {
			b.AddByte('\n')
			if blank || line != "" {
				b.Add(by)
			}
		}
		isFirst = false
		b.Add(line)
	}
	return b.Text()
}

// WordWrap is textwrap.wrap of each line of a text, joined by sep.
func (rt *Runtime) WordWrap(text Value, width int, breakLong, hyphens bool, sep string) string {
	if width <= 0 {
		Raise("ValueError", "invalid width %d (must be > 0)", width)
	}
	w := wrapper{rt: rt, width: width, breakLong: breakLong, hyphens: hyphens}
	out := &TextWriter{rt: rt}
	first := true
	for line := range splitLines(textArg(text, "wordwrap value"), false) {
		if !first {
			out.Add(sep)
		}
		first = false
		w.wrap(out, line, sep)
	}
	return out.Text()
}
