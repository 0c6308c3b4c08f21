package python

import (
	"strings"
	"unicode/utf8"
)

// bounds returns the part of s between two indexes, and where it begins; ok is
// false where start is beyond the end.
func bounds(s string, start, stop Value) (part string, offset int, ok bool) {
	n := runeCount(s)
	from, to, _ := sliceBounds(n, start, stop, None)
	if start != None && sliceIndex(start, 0) > n {
		return "", 0, false
	}
	if from > to {
		return "", 0, false
	}
	return sliceString(s, int64(from), int64(to), None), from, true
}

func searchMethods() map[string]*Builtin {
	m := map[string]*Builtin{}
	find := func(name string, last, mustExist bool) {
		m[name] = Define(name, "self, sub, start=None, end=None, /", func(_ *Runtime, a []Value) Value {
			s, _ := Text(a[0])
			i := findText(s, textArg(a[1], "sub"), a[2], a[3], last)
			if i < 0 && mustExist {
				Raise("ValueError", "substring not found")
			}
			return int64(i)
		})
	}
	find("find", false, false)
	find("rfind", true, false)
	find("index", false, true)
	find("rindex", true, true)
	m["count"] = Define("count", "self, sub, start=None, end=None, /", func(_ *Runtime, a []Value) Value {
		s, _ := Text(a[0])
		part, _, ok := bounds(s, a[2], a[3])
		if !ok {
			return int64(0)
		}
		return int64(strings.Count(part, textArg(a[1], "sub")))
	})
	affix := func(name string, has func(s, affix string) bool) {
		m[name] = Define(name, "self, affix, start=None, end=None, /", func(_ *Runtime, a []Value) Value {
			s, _ := Text(a[0])
			part, _, ok := bounds(s, a[2], a[3])
			if t, isTuple := a[1].(*Tuple); isTuple {
				for _, item := range t.Items {
					if x := textArg(item, "tuple for "+name); ok && has(part, x) {
						return true
					}
				}
				return false
			}
			return has(part, textArg(a[1], name+" first arg")) && ok
		})
	}
	affix("startswith", strings.HasPrefix)
	affix("endswith", strings.HasSuffix)
	textMethod(m, "removeprefix", "self, prefix, /", func(_ *Runtime, s string, a []Value) string {
		return strings.TrimPrefix(s, textArg(a[0], "argument"))
	})
	textMethod(m, "removesuffix", "self, suffix, /", func(_ *Runtime, s string, a []Value) string {
		return strings.TrimSuffix(s, textArg(a[0], "argument"))
	})
	textMethod(m, "replace", "self, old, new, count=-1, /", func(rt *Runtime, s string, a []Value) string {
		return rt.Replace(s, textArg(a[0], "replace() argument 1"), textArg(a[1], "replace() argument 2"), rt.IntArg(a[2]))
	})
	addStrip(m)
	addTranslate(m)
	return m
}

func addStrip(m map[string]*Builtin) {
	strip := func(name string, left, right bool) {
		textMethod(m, name, "self, chars=None, /", func(_ *Runtime, s string, a []Value) string {
			return stripText(s, a[0], left, right)
		})
	}
	strip("strip", true, true)
	strip("lstrip", true, false)
	strip("rstrip", false, true)
}

func findText(s, sub string, start, stop Value, last bool) int {
	part, offset, ok := bounds(s, start, stop)
	if !ok {
		return -1
	}
	i := strings.Index(part, sub)
	if last {
		i = strings.LastIndex(part, sub)
	}
	if i < 0 {
		return -1
	}
	return offset + runeCount(part[:i])
}

// Replace is str.replace; it counts the result before making it.
func (rt *Runtime) Replace(s, from, to string, count int) string {
	n := strings.Count(s, from)
	if count >= 0 {
		n = min(n, count)
	}
	rt.Charge(len(s))
	rt.ChargeProduct(n, len(to))
	if from == "" && n > 0 {
		return insertBetween(s, to, n)
	}
	return strings.Replace(s, from, to, n)
}

// insertBetween puts text before each of the first n characters; the end
// counts as one.
func insertBetween(s, text string, n int) string {
	var b strings.Builder
	b.Grow(len(s) + n*len(text))
	for s != "" && n > 0 {
		_, size := utf8.DecodeRuneInString(s)
		b.WriteString(text)
		b.WriteString(s[:size])
		s = s[size:]
		n--
	}
	if n > 0 {
		b.WriteString(text)
	}
	b.WriteString(s)
	return b.String()
}

func stripText(s string, chars Value, left, right bool) string {
	cut := IsSpace
	if chars != None {
		set := textArg(chars, "strip arg")
		cut = func(r rune) bool { return strings.ContainsRune(set, r) }
	}
	if left {
		s = strings.TrimLeftFunc(s, cut)
	}
	if right {
		s = strings.TrimRightFunc(s, cut)
	}
	return s
}

// addTranslate defines maketrans and translate, whose tables are dicts from
// character code to text, code or None.
func addTranslate(m map[string]*Builtin) {
	m["maketrans"] = Define("maketrans", "self, x, y=None, z=None, /", func(rt *Runtime, a []Value) Value {
		table := NewDict()
		if d, ok := a[1].(*Dict); ok && a[2] == None {
			for _, e := range d.entries {
				if s, isText := Text(e.key); isText {
					r, _ := utf8.DecodeRuneInString(s)
					table.Set(rt, int64(r), e.value)
				} else if e.key != nil {
					table.Set(rt, e.key, e.value)
				}
			}
			return table
		}
		rt.ChargeProduct(8, size(a[1])+size(a[2]))
		from, to := []rune(textArg(a[1], "argument")), []rune(textArg(a[2], "argument"))
		if len(from) != len(to) {
			Raise("ValueError", "the first two maketrans arguments must have equal length")
		}
		for i, r := range from {
			table.Set(rt, int64(r), int64(to[i]))
		}
		if a[3] != None {
			for _, r := range textArg(a[3], "argument") {
				table.Set(rt, int64(r), None)
			}
		}
		return table
	})
	textMethod(m, "translate", "self, table, /", func(rt *Runtime, s string, a []Value) string {
		switch a[0].(type) {
		case *Dict, *List, *Tuple, string, Markup, bytesValue, *rangeValue, *Undefined:
		default:
			if s == "" {
				return ""
			}
			Raise("TypeError", "'%s' object is not subscriptable", typeName(a[0]))
		}
		b := &TextWriter{rt: rt}
		for _, r := range s {
			v := rt.item(a[0], int64(r))
			switch v := v.(type) {
			case nil:
				b.writeRune(r)
			case noneType:
			case int64:
				b.writeRune(rune(v))
			default:
				b.Add(textArg(v, "character mapping"))
			}
		}
		return b.Text()
	})
}
