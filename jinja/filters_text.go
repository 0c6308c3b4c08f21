package jinja

import (
	"strings"
	"unicode"
)

// textFilter adds a filter from text to text that keeps Markup.
func textFilter(name, signature string, fn func(rt *state, s string, a []Value) string) {
	addFilter(name, signature, func(rt *state, a []Value) Value {
		if m, ok := a[0].(Markup); ok {
			rt.chargeText(string(m))
			return Markup(fn(rt, string(m), escapedArgs(rt, a[1:])))
		}
		s := rt.str(a[0])
		rt.chargeText(s)
		return fn(rt, s, a[1:])
	})
}

func textFilters() {
	textFilter("upper", "s", func(_ *state, s string, _ []Value) string { return upper(s) })
	textFilter("lower", "s", func(_ *state, s string, _ []Value) string { return lower(s) })
	textFilter("capitalize", "s", func(_ *state, s string, _ []Value) string { return capitalize(s) })
	addFilter("title", "s", func(rt *state, a []Value) Value { return rt.titleWords(rt.str(a[0])) })
	textFilter("trim", "value, chars=None", func(_ *state, s string, a []Value) string {
		return stripText(s, a[0], true, true)
	})
	textFilter("center", "value, width=80", func(rt *state, s string, a []Value) string {
		v := stringMethods["center"].fn(rt, []Value{s, a[0], " "})
		return v.(string)
	})
	addFilter("replace", "s, old, new, count=None", func(rt *state, a []Value) Value {
		count := -1
		if a[3] != None {
			count = intArg(rt, a[3])
		}
		if !rt.autoescape {
			return rt.replace(rt.str(a[0]), rt.str(a[1]), rt.str(a[2]), count)
		}
		return rt.replaceMarkup(a[0], a[1], a[2], count)
	})
	addFilter("format", "value, *args, **kwargs", func(rt *state, a []Value) Value {
		args, named := a[1].(*Tuple), a[2].(*Dict)
		if len(args.Items) > 0 && named.Len() > 0 {
			raise("FilterArgumentError", "can't handle positional and keyword arguments at the same time")
		}
		var arg Value = args
		if named.Len() > 0 {
			arg = named
		}
		if m, ok := a[0].(Markup); ok {
			return rt.formatPercent(m, string(m), arg)
		}
		return rt.formatPercent("", rt.str(a[0]), arg)
	})
	addFilter("wordcount", "s", func(rt *state, a []Value) Value {
		words := int64(0)
		for range strings.FieldsFuncSeq(rt.str(a[0]), func(r rune) bool {
			return r != '_' && !unicode.IsLetter(r) && !unicode.IsNumber(r)
		}) {
			words++
		}
		return words
	})
}

// replaceMarkup is replace where autoescape is on.
func (rt *state) replaceMarkup(s, from, to Value, count int) Value {
	_, safe := s.(Markup)
	_, safeFrom := from.(Markup)
	_, safeTo := to.(Markup)
	if !safe && !safeFrom && !safeTo {
		return rt.replace(rt.str(s), rt.str(from), rt.str(to), count)
	}
	return Markup(rt.replace(rt.escape(s), rt.escape(from), rt.escape(to), count))
}

// titleWords makes the first character of each word upper case, where words
// begin after spaces, hyphens and opening brackets only.
func (rt *state) titleWords(s string) string {
	b := &textWriter{rt: rt}
	start := true
	for _, r := range s {
		isBreak := isSpace(r) || strings.ContainsRune("-({[<", r)
		switch {
		case start && !isBreak:
			b.write(upper(string(r)))
		case isBreak:
			b.writeRune(r)
		default:
			b.write(lower(string(r)))
		}
		start = isBreak
	}
	return b.text()
}

func layoutFilters() {
	addFilter("indent", "s, width=4, first=False, blank=False", func(rt *state, a []Value) Value {
		s := textArg(a[0], "indent value")
		by, isText := asString(a[1])
		if !isText {
			by = rt.repeatText(" ", max(intArg(rt, a[1]), 0))
		}
		text := rt.indent(s, by, rt.isTrue(a[2]), rt.isTrue(a[3]))
		if _, ok := a[0].(Markup); ok {
			return Markup(text)
		}
		return text
	})
	addFilter("truncate", "s, length=255, killwords=False, end='...', leeway=None", func(rt *state, a []Value) Value {
		leeway := 5
		if a[4] != None {
			leeway = intArg(rt, a[4])
		}
		return truncateText(rt, a[0], intArg(rt, a[1]), rt.isTrue(a[2]), textArg(a[3], "end"), leeway)
	})
	addFilter("wordwrap", "s, width=79, break_long_words=True, wrapstring=None, break_on_hyphens=True",
		func(rt *state, a []Value) Value {
			sep := "\n"
			if a[3] != None {
				sep = textArg(a[3], "wrapstring")
			}
			w := wrapper{rt: rt, width: intArg(rt, a[1]), breakLong: rt.isTrue(a[2]), hyphens: rt.isTrue(a[4])}
			if w.width <= 0 {
				raise("ValueError", "invalid width %d (must be > 0)", w.width)
			}
			out := &textWriter{rt: rt}
			first := true
			for line := range splitLines(textArg(a[0], "wordwrap value"), false) {
				if !first {
					out.write(sep)
				}
				first = false
				w.wrap(out, line, sep)
			}
			return out.text()
		})
	addFilter("pprint", "value", func(rt *state, a []Value) Value {
		p := &prettyPrinter{textWriter{rt: rt}}
		p.value(a[0], 0, 0, 0)
		return p.text()
	})
}

func (rt *state) indent(s, by string, first, blank bool) string {
	rt.charge(len(s) + 1)
	b := &textWriter{rt: rt}
	if first {
		b.write(by)
	}
	isFirst := true
	for line := range splitLines(s+"\n", false) {
		if !isFirst {
			b.writeByte('\n')
			if blank || line != "" {
				b.write(by)
			}
		}
		isFirst = false
		b.write(line)
	}
	return b.text()
}

func truncateText(rt *state, v Value, length int, killWords bool, end string, leeway int) Value {
	n := runeCount(end)
	if length < n {
		raise("AssertionError", "expected length >= %d, got %d", n, length)
	}
	if leeway < 0 {
		raise("AssertionError", "expected leeway >= 0, got %d", leeway)
	}
	size, ok := rt.length(v)
	if !ok {
		raise("TypeError", "object of type '%s' has no len()", typeName(v))
	}
	if size <= length+leeway {
		return v
	}
	rt.chargeProduct(2, length+4*n)
	s := sliceString(textArg(v, "truncate value"), None, int64(length-n), None)
	if i := strings.LastIndexByte(s, ' '); !killWords && i >= 0 {
		s = s[:i]
	}
	if _, ok := v.(Markup); ok {
		return Markup(s + rt.escapeText(end))
	}
	return s + end
}
