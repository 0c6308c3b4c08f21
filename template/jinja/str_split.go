package jinja

import "strings"

func splitMethods() map[string]*builtin {
	m := map[string]*builtin{}
	split := func(name string, fromRight bool) {
		m[name] = define(name, "self, sep=None, maxsplit=-1", func(rt *state, a []Value) Value {
			s, _ := asString(a[0])
			rt.chargeProduct(len(s)/2+1, 16)
			return newList(sameKind(a[0], splitText(s, a[1], intArg(rt, a[2]), fromRight)))
		})
	}
	split("split", false)
	split("rsplit", true)
	m["splitlines"] = define("splitlines", "self, keepends=False", func(rt *state, a []Value) Value {
		s, _ := asString(a[0])
		lines := splitLines(s, rt.isTrue(a[1]))
		rt.charge(16 * len(lines))
		return newList(sameKind(a[0], lines))
	})
	partition := func(name string, cut func(s, sep string) []string) {
		m[name] = define(name, "self, sep, /", func(_ *state, a []Value) Value {
			s, _ := asString(a[0])
			sep := textArg(a[1], "sep")
			if sep == "" {
				raise("ValueError", "empty separator")
			}
			return newTuple(sameKind(a[0], cut(s, sep))...)
		})
	}
	partition("partition", func(s, sep string) []string {
		before, after, found := strings.Cut(s, sep)
		if !found {
			return []string{s, "", ""}
		}
		return []string{before, sep, after}
	})
	partition("rpartition", func(s, sep string) []string {
		i := strings.LastIndex(s, sep)
		if i < 0 {
			return []string{"", "", s}
		}
		return []string{s[:i], sep, s[i+len(sep):]}
	})
	m["join"] = define("join", "self, iterable, /", func(rt *state, a []Value) Value {
		return rt.joinStrict(a[0], a[1])
	})
	return m
}

// sameKind gives the parts of a Markup as Markup.
func sameKind(of Value, parts []string) []Value {
	_, isMarkup := of.(Markup)
	out := make([]Value, len(parts))
	for i, p := range parts {
		if isMarkup {
			out[i] = Markup(p)
		} else {
			out[i] = p
		}
	}
	return out
}

// joinStrict is str.join, which takes only strings.
func (rt *state) joinStrict(sep, iterable Value) Value {
	text, _ := asString(sep)
	_, isMarkup := sep.(Markup)
	items := rt.toSlice(iterable)
	parts := make([]string, len(items))
	total := 0
	for i, item := range items {
		if isMarkup {
			parts[i] = rt.escape(item)
		} else if s, ok := asString(item); ok {
			parts[i] = s
		} else {
			raise("TypeError", "sequence item %d: expected str instance, %s found", i, typeName(item))
		}
		total += len(parts[i])
	}
	rt.charge(total)
	rt.chargeProduct(len(parts), len(text))
	joined := strings.Join(parts, text)
	if isMarkup {
		return Markup(joined)
	}
	return joined
}

func splitText(s string, sep Value, limit int, fromRight bool) []string {
	if limit < 0 {
		limit = len(s) + 1
	}
	if sep == None {
		return splitSpace(s, limit, fromRight)
	}
	by := textArg(sep, "sep")
	if by == "" {
		raise("ValueError", "empty separator")
	}
	if !fromRight {
		return strings.SplitN(s, by, limit+1)
	}
	var parts []string
	for ; limit > 0; limit-- {
		i := strings.LastIndex(s, by)
		if i < 0 {
			break
		}
		parts = append(parts, s[i+len(by):])
		s = s[:i]
	}
	return reversed(append(parts, s))
}

func reversed(parts []string) []string {
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return parts
}

// splitSpace splits at runs of white space; what is left over after the last
// split keeps its inner spaces.
func splitSpace(s string, limit int, fromRight bool) []string {
	var parts []string
	if fromRight {
		s = strings.TrimRightFunc(s, isSpace)
		for ; s != "" && limit > 0; limit-- {
			i := strings.LastIndexFunc(s, isSpace)
			start := 0
			if i >= 0 {
				for start = i + 1; start < len(s) && s[start]&0xc0 == 0x80; start++ {
				}
			}
			parts = append(parts, s[start:])
			s = strings.TrimRightFunc(s[:start], isSpace)
		}
		if s != "" {
			parts = append(parts, s)
		}
		return reversed(parts)
	}
	s = strings.TrimLeftFunc(s, isSpace)
	for ; s != "" && limit > 0; limit-- {
		i := strings.IndexFunc(s, isSpace)
		if i < 0 {
			i = len(s)
		}
		parts = append(parts, s[:i])
		s = strings.TrimLeftFunc(s[i:], isSpace)
	}
	if s != "" {
		parts = append(parts, s)
	}
	return parts
}

// splitLines is str.splitlines, which knows more line ends than "\n".
func splitLines(s string, keepEnds bool) []string {
	var lines []string
	start := 0
	for i, r := range s {
		if i < start {
			continue // the "\n" of "\r\n"
		}
		end := 0
		switch r {
		case '\r':
			end = 1
			if strings.HasPrefix(s[i+1:], "\n") {
				end = 2
			}
		case '\n', '\v', '\f', 0x1c, 0x1d, 0x1e:
			end = 1
		case 0x85:
			end = 2
		case 0x2028, 0x2029:
			end = 3
		default:
			continue
		}
		if keepEnds {
			lines = append(lines, s[start:i+end])
		} else {
			lines = append(lines, s[start:i])
		}
		start = i + end
	}
	if start < len(s) {
		lines = append(lines, s[start:])
	}
	return lines
}

func padMethods() map[string]*builtin {
	m := map[string]*builtin{}
	pad := func(name string, share func(n, width int) (left int)) {
		textMethod(m, name, "self, width, fill=' ', /", func(rt *state, s string, a []Value) string {
			fill := textArg(a[1], "the fill character")
			if runeCount(fill) != 1 {
				raise("TypeError", "The fill character must be exactly one character long")
			}
			width := intArg(rt, a[0])
			n := width - runeCount(s)
			if n <= 0 {
				return s
			}
			left := share(n, width)
			return rt.repeatText(fill, left) + s + rt.repeatText(fill, n-left)
		})
	}
	pad("ljust", func(int, int) int { return 0 })
	pad("rjust", func(n, _ int) int { return n })
	pad("center", func(n, width int) int { return n/2 + n&width&1 })
	textMethod(m, "zfill", "self, width, /", func(rt *state, s string, a []Value) string {
		n := intArg(rt, a[0]) - runeCount(s)
		if n <= 0 {
			return s
		}
		sign := ""
		if s != "" && (s[0] == '+' || s[0] == '-') {
			sign, s = s[:1], s[1:]
		}
		return sign + rt.repeatText("0", n) + s
	})
	textMethod(m, "expandtabs", "self, tabsize=8", func(rt *state, s string, a []Value) string {
		return rt.expandTabs(s, intArg(rt, a[0]))
	})
	m["format"] = define("format", "self, /, *args, **kwargs", func(rt *state, a []Value) Value {
		s, _ := asString(a[0])
		_, isMarkup := a[0].(Markup)
		text := rt.format(s, a[1].(*Tuple).Items, a[2].(*Dict), isMarkup)
		if isMarkup {
			return Markup(text)
		}
		return text
	})
	m["format_map"] = define("format_map", "self, mapping, /", func(rt *state, a []Value) Value {
		s, _ := asString(a[0])
		d, ok := a[1].(*Dict)
		if !ok {
			raise("TypeError", "format_map() needs a mapping")
		}
		return rt.format(s, nil, d, false)
	})
	m["encode"] = define("encode", "self, encoding='utf-8', errors='strict'", func(*state, []Value) Value {
		raise(RuntimeError, "bytes are not supported: str.encode()")
		return nil
	})
	return m
}

func (rt *state) expandTabs(s string, size int) string {
	var b strings.Builder
	column := 0
	for _, r := range s {
		switch {
		case r == '\t' && size > 0:
			n := size - column%size
			b.WriteString(rt.repeatText(" ", n))
			column += n
		case r == '\t':
		default:
			b.WriteRune(r)
			column++
			if r == '\n' || r == '\r' {
				column = 0
			}
		}
	}
	return b.String()
}
