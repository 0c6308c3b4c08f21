package jinja

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/slipway-build/slipway/jinja/python"
)

// textFilter adds a filter that is a method of str.
func textFilter(name, signature, method string) {
	addFilter(name, signature, func(rt *python.Runtime, a []python.Value) python.Value { return rt.StrMethod(method, a[0], a[1:]...) })
}

func textFilters() {
	textFilter("upper", "s", "upper")
	textFilter("lower", "s", "lower")
	textFilter("capitalize", "s", "capitalize")
	textFilter("trim", "value, chars=None", "strip")
	addFilter("center", "value, width=80", func(rt *python.Runtime, a []python.Value) python.Value {
		return rt.StrMethod("center", a[0], a[1], " ")
	})
	addFilter("title", "s", func(rt *python.Runtime, a []python.Value) python.Value { return rt.TitleWords(rt.Str(a[0])) })
	addFilter("replace", "s, old, new, count=None", func(rt *python.Runtime, a []python.Value) python.Value {
		count := -1
		if a[3] != python.None {
			count = rt.IntArg(a[3])
		}
		if !rt.Autoescape {
			return rt.Replace(rt.Str(a[0]), rt.Str(a[1]), rt.Str(a[2]), count)
		}
		return replaceMarkup(rt, a[0], a[1], a[2], count)
	})
	addFilter("format", "value, *args, **kwargs", func(rt *python.Runtime, a []python.Value) python.Value {
		args, named := a[1].(*python.Tuple), a[2].(*python.Dict)
		if len(args.Items) > 0 && named.Len() > 0 {
			python.Raise("FilterArgumentError", "can't handle positional and keyword arguments at the same time")
		}
		var arg python.Value = args
		if named.Len() > 0 {
			arg = named
		}
		if m, ok := a[0].(python.Markup); ok {
			return rt.FormatPercent(m, string(m), arg)
		}
		return rt.FormatPercent("", rt.Str(a[0]), arg)
	})
	addFilter("wordcount", "s", func(rt *python.Runtime, a []python.Value) python.Value {
		words := int64(0)
		for range strings.FieldsFuncSeq(rt.Str(a[0]), func(r rune) bool {
			return r != '_' && !unicode.IsLetter(r) && !unicode.IsNumber(r)
		}) {
			words++
		}
		return words
	})
}

// replaceMarkup is replace where autoescape is on.
func replaceMarkup(rt *python.Runtime, s, from, to python.Value, count int) python.Value {
	_, safe := s.(python.Markup)
	_, safeFrom := from.(python.Markup)
	_, safeTo := to.(python.Markup)
	if !safe && !safeFrom && !safeTo {
		return rt.Replace(rt.Str(s), rt.Str(from), rt.Str(to), count)
	}
	return python.Markup(rt.Replace(rt.Escape(s), rt.Escape(from), rt.Escape(to), count))
}

func layoutFilters() {
	addFilter("indent", "s, width=4, first=False, blank=False", func(rt *python.Runtime, a []python.Value) python.Value {
		s := rt.TextArg(a[0], "indent value")
		by, isText := python.Text(a[1])
		if !isText {
			by = rt.RepeatText(" ", max(rt.IntArg(a[1]), 0))
		}
		text := rt.Indent(s, by, rt.IsTrue(a[2]), rt.IsTrue(a[3]))
		if _, ok := a[0].(python.Markup); ok {
			return python.Markup(text)
		}
		return text
	})
	addFilter("truncate", "s, length=255, killwords=False, end='...', leeway=None", func(rt *python.Runtime, a []python.Value) python.Value {
		leeway := 5
		if a[4] != python.None {
			leeway = rt.IntArg(a[4])
		}
		return truncateText(rt, a[0], rt.IntArg(a[1]), rt.IsTrue(a[2]), rt.TextArg(a[3], "end"), leeway)
	})
	addFilter("wordwrap", "s, width=79, break_long_words=True, wrapstring=None, break_on_hyphens=True",
		func(rt *python.Runtime, a []python.Value) python.Value {
			sep := "\n"
			if a[3] != python.None {
				sep = rt.TextArg(a[3], "wrapstring")
			}
			return rt.WordWrap(a[0], rt.IntArg(a[1]), rt.IsTrue(a[2]), rt.IsTrue(a[4]), sep)
		})
	addFilter("pprint", "value", func(rt *python.Runtime, a []python.Value) python.Value {
		return rt.Pprint(a[0])
	})
}

func truncateText(rt *python.Runtime, v python.Value, length int, killWords bool, end string, leeway int) python.Value {
	n := utf8.RuneCountInString(end)
	if length < n {
		python.Raise("AssertionError", "expected length >= %d, got %d", n, length)
	}
	if leeway < 0 {
		python.Raise("AssertionError", "expected leeway >= 0, got %d", leeway)
	}
	size, ok := rt.Length(v)
	if !ok {
		python.Raise("TypeError", "object of type '%s' has no len()", rt.TypeName(v))
	}
	if size <= length+leeway {
		return v
	}
	rt.ChargeProduct(2, length+4*n)
	s := rt.SliceText(rt.TextArg(v, "truncate value"), python.None, int64(length-n), python.None)
	if i := strings.LastIndexByte(s, ' '); !killWords && i >= 0 {
		s = s[:i]
	}
	if _, ok := v.(python.Markup); ok {
		return python.Markup(s + rt.EscapeText(end))
	}
	return s + end
}
