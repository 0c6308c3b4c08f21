package python

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// stringMethods are the methods of str. Those that return text give Markup for
// a Markup, and escape their arguments then, as markupsafe does.
var stringMethods map[string]*Builtin

func init() {
	stringMethods = map[string]*Builtin{}
	for _, group := range []map[string]*Builtin{caseMethods(), testMethods(), searchMethods(), splitMethods(), padMethods()} {
		for name, m := range group {
			stringMethods[name] = m
		}
	}
}

// textMethod defines a method that maps text to text.
func textMethod(m map[string]*Builtin, name, signature string, fn func(rt *Runtime, s string, a []Value) string) {
	m[name] = Define(name, signature, func(rt *Runtime, a []Value) Value {
		s, _ := Text(a[0])
		rt.chargeText(s)
		if _, ok := a[0].(Markup); ok {
			return Markup(fn(rt, s, escapedArgs(rt, a[1:])))
		}
		return fn(rt, s, a[1:])
	})
}

func escapedArgs(rt *Runtime, args []Value) []Value {
	out := make([]Value, len(args))
	for i, a := range args {
		out[i] = a
		if s, ok := a.(string); ok {
			out[i] = rt.EscapeText(s)
		}
	}
	return out
}

// textArg is a str argument.
func textArg(v Value, what string) string {
	s, ok := Text(v)
	if !ok {
		if u, undefined := v.(*Undefined); undefined {
			panic(&Error{Kind: UndefinedError, Msg: u.Message()})
		}
		Raise("TypeError", "%s must be str, not %s", what, typeName(v))
	}
	return s
}

// IntArg is an int argument.
func (rt *Runtime) IntArg(v Value) int {
	n, ok := smallInt(v)
	if !ok {
		rt.CheckUndefined(v)
		if _, big := asInt(v); big {
			Raise("OverflowError", "Python int too large to convert to C ssize_t")
		}
		Raise("TypeError", "'%s' object cannot be interpreted as an integer", typeName(v))
	}
	return n
}

func caseMethods() map[string]*Builtin {
	m := map[string]*Builtin{}
	textMethod(m, "upper", "self, /", func(_ *Runtime, s string, _ []Value) string { return upper(s) })
	textMethod(m, "lower", "self, /", func(_ *Runtime, s string, _ []Value) string { return lower(s) })
	textMethod(m, "casefold", "self, /", func(_ *Runtime, s string, _ []Value) string { return casefold(s) })
	textMethod(m, "capitalize", "self, /", func(_ *Runtime, s string, _ []Value) string { return capitalize(s) })
	textMethod(m, "title", "self, /", func(_ *Runtime, s string, _ []Value) string { return title(s) })
	textMethod(m, "swapcase", "self, /", func(_ *Runtime, s string, _ []Value) string {
		var b strings.Builder
		for _, r := range s {
			switch {
			case unicode.IsUpper(r):
				b.WriteString(lower(string(r)))
			case unicode.IsLower(r):
				b.WriteString(upper(string(r)))
			default:
				b.WriteRune(r)
			}
		}
		return b.String()
	})
	return m
}

// upperSpecial is the characters that become several in upper case (Unicode's
// SpecialCasing, without the Greek iota forms).
var upperSpecial = map[rune]string{
	'ß': "SS", 'ŉ': "ʼN", 'ǰ': "J̌", 'ΐ': "Ϊ́", 'ΰ': "Ϋ́", 'և': "ԵՒ",
	'ẖ': "H̱", 'ẗ': "T̈", 'ẘ': "W̊", 'ẙ': "Y̊", 'ẚ': "Aʾ",
	'ﬀ': "FF", 'ﬁ': "FI", 'ﬂ': "FL", 'ﬃ': "FFI", 'ﬄ': "FFL", 'ﬅ': "ST", 'ﬆ': "ST",
	'ﬓ': "ՄՆ", 'ﬔ': "ՄԵ", 'ﬕ': "ՄԻ", 'ﬖ': "ՎՆ", 'ﬗ': "ՄԽ",
}

func upper(s string) string {
	if isASCII(s) {
		return strings.ToUpper(s)
	}
	var b strings.Builder
	for _, r := range s {
		if t, ok := upperSpecial[r]; ok {
			b.WriteString(t)
		} else {
			b.WriteRune(unicode.ToUpper(r))
		}
	}
	return b.String()
}

func lower(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	runes := []rune(s)
	var b strings.Builder
	for i, r := range runes {
		switch {
		case r == 'İ':
			b.WriteString("i̇")
		case r == 'Σ' && finalSigma(runes, i):
			b.WriteRune('ς')
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// finalSigma is Unicode's Final_Sigma: after a letter and not before one.
func finalSigma(runes []rune, i int) bool {
	letter := func(j, step int) bool {
		for ; j >= 0 && j < len(runes); j += step {
			if unicode.Is(unicode.Mn, runes[j]) || runes[j] == '\'' || runes[j] == '.' {
				continue
			}
			return unicode.IsLetter(runes[j])
		}
		return false
	}
	return letter(i-1, -1) && !letter(i+1, 1)
}

func casefold(s string) string {
	var b strings.Builder
	for _, r := range s {
		if t, ok := upperSpecial[r]; ok {
			b.WriteString(lower(t))
		} else if r == 'ς' {
			b.WriteRune('σ')
		} else {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

func titleRune(r rune) string {
	if t, ok := upperSpecial[r]; ok {
		first, n := utf8.DecodeRuneInString(t)
		return string(first) + lower(t[n:])
	}
	return string(unicode.ToTitle(r))
}

func capitalize(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return ""
	}
	return titleRune(r) + lower(s[n:])
}

func title(s string) string {
	var b strings.Builder
	inWord := false
	for _, r := range s {
		if inWord {
			b.WriteString(lower(string(r)))
		} else {
			b.WriteString(titleRune(r))
		}
		inWord = isCased(r)
	}
	return b.String()
}

func isCased(r rune) bool { return unicode.IsUpper(r) || unicode.IsLower(r) || unicode.IsTitle(r) }

func testMethods() map[string]*Builtin {
	m := map[string]*Builtin{}
	all := func(name string, test func(rune) bool) {
		m[name] = Define(name, "self, /", func(_ *Runtime, a []Value) Value {
			s, _ := Text(a[0])
			for _, r := range s {
				if !test(r) {
					return false
				}
			}
			return s != ""
		})
	}
	all("isalpha", unicode.IsLetter)
	all("isalnum", func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
	all("isdecimal", unicode.IsDigit)
	all("isdigit", func(r rune) bool {
		return unicode.IsDigit(r) || strings.ContainsRune("²³¹⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", r)
	})
	all("isnumeric", unicode.IsNumber)
	all("isspace", IsSpace)
	text := func(name string, test func(string) bool) {
		m[name] = Define(name, "self, /", func(_ *Runtime, a []Value) Value {
			s, _ := Text(a[0])
			return test(s)
		})
	}
	text("isascii", isASCII)
	text("isidentifier", IsIdentifier)
	text("isprintable", func(s string) bool {
		return !strings.ContainsFunc(s, func(r rune) bool { return !isPrintable(r) })
	})
	text("islower", isLowerText)
	text("isupper", isUpperText)
	text("istitle", isTitleText)
	return m
}

func isLowerText(s string) bool {
	return strings.ContainsFunc(s, unicode.IsLower) &&
		!strings.ContainsFunc(s, func(r rune) bool { return unicode.IsUpper(r) || unicode.IsTitle(r) })
}

func isUpperText(s string) bool {
	return strings.ContainsFunc(s, unicode.IsUpper) &&
		!strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLower(r) || unicode.IsTitle(r) })
}

func isTitleText(s string) bool {
	inWord, any := false, false
	for _, r := range s {
		big := unicode.IsUpper(r) || unicode.IsTitle(r)
		if big && inWord || unicode.IsLower(r) && !inWord {
			return false
		}
		inWord = isCased(r)
		any = any || inWord
	}
	return any
}

// FoldCase is what a value is sorted by where upper and lower case are one.
func (rt *Runtime) FoldCase(v Value, caseSensitive bool) Value {
	if s, ok := Text(v); ok && !caseSensitive {
		rt.Charge(textSize)
		rt.chargeText(s)
		return lower(s)
	}
	return v
}

// StrMethod calls a method of str on a text, or on what another value prints.
func (rt *Runtime) StrMethod(name string, v Value, args ...Value) Value {
	switch v.(type) {
	case string, Markup:
	default:
		v = rt.Str(v)
	}
	return stringMethods[name].fn(rt, append([]Value{v}, args...))
}

// TitleWords makes the first character of each word upper case, where words
// begin after spaces, hyphens and opening brackets only.
func (rt *Runtime) TitleWords(s string) string {
	b := &TextWriter{rt: rt}
	start := true
	for _, r := range s {
		isBreak := IsSpace(r) || strings.ContainsRune("-({[<", r)
		switch {
		case start && !isBreak:
			b.Add(upper(string(r)))
		case isBreak:
			b.writeRune(r)
		default:
			b.Add(lower(string(r)))
		}
		start = isBreak
	}
	return b.Text()
}

// IsIdentifier is s.isidentifier().
func IsIdentifier(s string) bool {
	for i, r := range s {
		switch {
		case r == '_' || unicode.IsLetter(r) || unicode.Is(unicode.Nl, r):
		case i > 0 && (unicode.IsDigit(r) || unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Mc, r) || unicode.Is(unicode.Pc, r)):
		default:
			return false
		}
	}
	return s != ""
}

// TextArg is an argument that must be a str; what names it in the error.
func (rt *Runtime) TextArg(v Value, what string) string { return textArg(v, what) }
