package python

import (
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

func splitMethods() map[string]*Builtin {
	m := map[string]*Builtin{}
	split := func(name string, fromRight bool) {
		m[name] = Define(name, "self, sep=None, maxsplit=-1", func(rt *Runtime, a []Value) Value {
			s, _ := Text(a[0])
			items := rt.parts(a[0], splitText(s, a[1], rt.IntArg(a[2]), fromRight))
			if fromRight {
				slices.Reverse(items)
			}
			return NewList(items)
		})
	}
	split("split", false)
	split("rsplit", true)
	m["splitlines"] = Define("splitlines", "self, keepends=False", func(rt *Runtime, a []Value) Value {
		s, _ := Text(a[0])
		return NewList(rt.parts(a[0], splitLines(s, rt.IntArg(a[1]) != 0)))
	})
	partition := func(name string, cut func(s, sep string) [3]string) {
		m[name] = Define(name, "self, sep, /", func(rt *Runtime, a []Value) Value {
			s, _ := Text(a[0])
			sep := textArg(a[1], "sep")
			if sep == "" {
				Raise("ValueError", "empty separator")
			}
			cut := cut(s, sep)
			return newTuple(rt.parts(a[0], slices.Values(cut[:]))...)
		})
	}
	partition("partition", func(s, sep string) [3]string {
		before, after, found := strings.Cut(s, sep)
		if !found {
			return [3]string{s, "", ""}
		}
		return [3]string{before, sep, after}
	})
	partition("rpartition", func(s, sep string) [3]string {
		i := strings.LastIndex(s, sep)
		if i < 0 {
			return [3]string{"", "", s}
		}
		return [3]string{s[:i], sep, s[i+len(sep):]}
	})
	m["join"] = Define("join", "self, iterable, /", func(rt *Runtime, a []Value) Value {
		return rt.joinStrict(a[0], a[1])
	})
	return m
}

// parts lists parts of a text, those of a Markup as Markup. They are counted
// before room is made for them.
func (rt *Runtime) parts(of Value, parts iter.Seq[string]) []Value {
	n := 0
	for range parts {
		n++
	}
	rt.ChargeProduct(n, textSize)
	_, isMarkup := of.(Markup)
	out := make([]Value, 0, n)
	for p := range parts {
		if isMarkup {
			out = append(out, Markup(p))
		} else {
			out = append(out, p)
		}
	}
	return out
}

// joinStrict is str.join, which takes only strings.
func (rt *Runtime) joinStrict(sep, iterable Value) Value {
	text, _ := Text(sep)
	_, isMarkup := sep.(Markup)
	items := rt.ToSlice(iterable)
	rt.Charge(itemSize * len(items))
	parts := make([]string, len(items))
	total := 0
	for i, item := range items {
		if isMarkup {
			parts[i] = rt.Escape(item)
		} else if s, ok := Text(item); ok {
			parts[i] = s
		} else {
			Raise("TypeError", "sequence item %d: expected str instance, %s found", i, typeName(item))
		}
		total += len(parts[i])
	}
	rt.Charge(total)
	rt.ChargeProduct(len(parts), len(text))
	joined := strings.Join(parts, text)
	if isMarkup {
		return Markup(joined)
	}
	return joined
}

// splitText yields the parts of s, the last first if they are cut off from the right.
func splitText(s string, sep Value, limit int, fromRight bool) iter.Seq[string] {
	if limit < 0 {
		limit = len(s) + 1
	}
	if sep == None {
		return splitSpace(s, limit, fromRight)
	}
	by := textArg(sep, "sep")
	if by == "" {
		Raise("ValueError", "empty separator")
	}
	return func(yield func(string) bool) {
		rest := s
		for n := limit; n > 0; n-- {
			i := strings.Index(rest, by)
			if fromRight {
				i = strings.LastIndex(rest, by)
			}
			if i < 0 {
				break
			}
			part, next := rest[:i], rest[i+len(by):]
			if fromRight {
				part, next = next, part
			}
			if !yield(part) {
				return
			}
			rest = next
		}
		yield(rest)
	}
}

// splitSpace splits at runs of white space; what is left over after the last
// split keeps its inner spaces.
func splitSpace(s string, limit int, fromRight bool) iter.Seq[string] {
	return func(yield func(string) bool) {
		rest := trimSpace(s, fromRight)
		for n := limit; rest != "" && n > 0; n-- {
			part, next := cutSpace(rest, fromRight)
			if !yield(part) {
				return
			}
			rest = trimSpace(next, fromRight)
		}
		if rest != "" {
			yield(rest)
		}
	}
}

func trimSpace(s string, right bool) string {
	if right {
		return strings.TrimRightFunc(s, IsSpace)
	}
	return strings.TrimLeftFunc(s, IsSpace)
}

// cutSpace cuts off the first or last word.
func cutSpace(s string, last bool) (word, rest string) {
	if !last {
		i := strings.IndexFunc(s, IsSpace)
		if i < 0 {
			i = len(s)
		}
		return s[:i], s[i:]
	}
	start := 0
	if i := strings.LastIndexFunc(s, IsSpace); i >= 0 {
		_, n := utf8.DecodeRuneInString(s[i:])
		start = i + n
	}
	return s[start:], s[:start]
}

// splitLines is str.splitlines, which knows more line ends than "\n".
func splitLines(s string, keepEnds bool) iter.Seq[string] {
	return func(yield func(string) bool) {
		start := 0
		for i, r := range s {
			if i < start {
				continue // the "\n" of "\r\n"
			}
			end := lineEnd(r, s[i:])
			if end == 0 {
				continue
			}
			line := s[start:i]
			if keepEnds {
				line = s[start : i+end]
			}
			if !yield(line) {
				return
			}
			start = i + end
		}
		if start < len(s) {
			yield(s[start:])
		}
	}
}

// lineEnd measures the end of a line that begins with r; 0 if there is none.
func lineEnd(r rune, s string) int {
	switch r {
	case '\r':
		if strings.HasPrefix(s[1:], "\n") {
			return 2
		}
		return 1
	case '\n', '\v', '\f', 0x1c, 0x1d, 0x1e:
		return 1
	case 0x85:
		return 2
	case 0x2028, 0x2029:
		return 3
	}
	return 0
}

func padMethods() map[string]*Builtin {
	m := map[string]*Builtin{}
	pad := func(name string, share func(n, width int) (left int)) {
		textMethod(m, name, "self, width, fill=' ', /", func(rt *Runtime, s string, a []Value) string {
			fill := textArg(a[1], "the fill character")
			if runeCount(fill) != 1 {
				Raise("TypeError", "The fill character must be exactly one character long")
			}
			width := rt.IntArg(a[0])
			n := width - runeCount(s)
			if n <= 0 {
				return s
			}
			left := share(n, width)
			return rt.padded(fill, left, s, n-left)
		})
	}
	pad("ljust", func(int, int) int { return 0 })
	pad("rjust", func(n, _ int) int { return n })
	pad("center", func(n, width int) int { return n/2 + n&width&1 })
	textMethod(m, "zfill", "self, width, /", func(rt *Runtime, s string, a []Value) string {
		n := rt.IntArg(a[0]) - runeCount(s)
		if n <= 0 {
			return s
		}
		sign := ""
		if s != "" && (s[0] == '+' || s[0] == '-') {
			sign, s = s[:1], s[1:]
		}
		return sign + rt.padded("0", n, s, 0)
	})
	textMethod(m, "expandtabs", "self, tabsize=8", func(rt *Runtime, s string, a []Value) string {
		return rt.expandTabs(s, rt.IntArg(a[0]))
	})
	m["format"] = Define("format", "self, /, *args, **kwargs", func(rt *Runtime, a []Value) Value {
		s, _ := Text(a[0])
		_, isMarkup := a[0].(Markup)
		text := rt.format(s, a[1].(*Tuple).Items, a[2].(*Dict), isMarkup)
		if isMarkup {
			return Markup(text)
		}
		return text
	})
	m["format_map"] = Define("format_map", "self, mapping, /", func(rt *Runtime, a []Value) Value {
		s, _ := Text(a[0])
		d, ok := a[1].(*Dict)
		if !ok && strings.Contains(strings.ReplaceAll(s, "{{", ""), "{") {
			Raise("TypeError", "format_map() needs a mapping")
		}
		if _, isMarkup := a[0].(Markup); isMarkup {
			return Markup(rt.format(s, nil, d, true))
		}
		return rt.format(s, nil, d, false)
	})
	m["encode"] = Define("encode", "self, encoding='utf-8', errors='strict'", func(rt *Runtime, a []Value) Value {
		s, _ := Text(a[0])
		rt.chargeText(s)
		return rt.encode(s, textArg(a[1], "encoding"), textArg(a[2], "errors"))
	})
	return m
}

// padded puts so many of fill before and after s.
func (rt *Runtime) padded(fill string, before int, s string, after int) string {
	rt.ChargeProduct(before+after, len(fill))
	w := &TextWriter{rt: rt}
	w.room((before+after)*len(fill) + len(s))
	w.fill(fill, before)
	w.Add(s)
	w.fill(fill, after)
	return w.Text()
}

func (rt *Runtime) expandTabs(s string, size int) string {
	b := &TextWriter{rt: rt}
	column := 0
	for _, r := range s {
		switch {
		case r == '\t' && size > 0:
			n := size - column%size
			b.fill(" ", n)
			column += n
		case r == '\t':
		default:
			b.writeRune(r)
			column++
			if r == '\n' || r == '\r' {
				column = 0
			}
		}
	}
	return b.Text()
}
