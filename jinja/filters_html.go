package jinja

import (
	"bytes"
	"html"
	"regexp"
	"sort"
	"strings"
)

func htmlFilters() {
	addFilter("escape", "s, /", func(rt *state, a []Value) Value { return Markup(rt.escape(a[0])) })
	alias("e", "escape")
	addFilter("forceescape", "value", func(rt *state, a []Value) Value { return Markup(rt.escapeText(rt.str(a[0]))) })
	addFilter("safe", "value", func(rt *state, a []Value) Value { return Markup(rt.str(a[0])) })
	addFilter("striptags", "value", func(rt *state, a []Value) Value {
		s := rt.str(a[0])
		rt.chargeProduct(4, len(s))
		s = cutBetween(cutBetween(s, "<!--", "-->"), "<", ">")
		return html.UnescapeString(joinWords(s))
	})
	addFilter("urlencode", "value", func(rt *state, a []Value) Value { return rt.urlEncode(a[0]) })
	addFilter("xmlattr", "d, autospace=True", func(rt *state, a []Value) Value {
		return rt.xmlAttr(a[0], rt.isTrue(a[1]))
	})
	addFilter("tojson", "value, indent=None", func(rt *state, a []Value) Value { return rt.toJSON(a[0], a[1]) })
	addFilter("urlize", "value, trim_url_limit=None, nofollow=False, target=None, rel=None, extra_schemes=None",
		func(rt *state, a []Value) Value { return rt.urlizeFilter(a) })
}

// cutBetween removes everything from begin to the next end, until nothing is left to remove: what was
// on both sides may be the next begin. The end may share characters with begin.
func cutBetween(s, begin, end string) string {
	text := []byte(s)
	kept, read := 0, 0 // text[:kept] stays, text[read:] is to be looked at
	for {
		i := bytes.Index(text[read:], []byte(begin))
		if i < 0 {
			break
		}
		j := bytes.Index(text[read+i:], []byte(end))
		if j < 0 {
			break
		}
		kept += copy(text[kept:], text[read:read+i])
		read += i + j + len(end)
		again := min(kept, len(begin)-1)
		kept, read = kept-again, read-again
		copy(text[read:], text[kept:kept+again])
	}
	kept += copy(text[kept:], text[read:])
	return string(text[:kept])
}

// joinWords puts one space between words, whatever is between them in s.
func joinWords(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for word := range strings.FieldsFuncSeq(s, isSpace) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
	}
	return b.String()
}

// quoteURL is urllib.parse.quote; "/" stays unless it is for a query.
func (rt *state) quoteURL(s string, query bool) string {
	const hex = "0123456789ABCDEF"
	b := &textWriter{rt: rt}
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case isNameByte(c) || c == '.' || c == '-' || c == '~' || c == '/' && !query:
			b.writeByte(c)
		case c == ' ' && query:
			b.writeByte('+')
		default:
			b.writeByte('%')
			b.writeByte(hex[c>>4])
			b.writeByte(hex[c&15])
		}
	}
	return b.text()
}

func (rt *state) urlEncode(v Value) Value {
	if s, ok := asString(v); ok {
		return rt.quoteURL(s, false)
	}
	if d, ok := v.(*Dict); ok {
		v = newList(rt.listView(&dictView{d, "dict_items"}))
	}
	it := rt.iterator(v)
	if it == nil {
		return rt.quoteURL(rt.str(v), false)
	}
	b := &textWriter{rt: rt}
	for pair, ok := it.next(); ok; pair, ok = it.next() {
		items := rt.toSlice(pair)
		if len(items) != 2 {
			raise("ValueError", "not enough values to unpack (expected 2, got %d)", len(items))
		}
		if b.b.Len() > 0 {
			b.writeByte('&')
		}
		b.write(rt.quoteURL(rt.rawText(items[0]), true))
		b.writeByte('=')
		b.write(rt.quoteURL(rt.rawText(items[1]), true))
	}
	return b.text()
}

// rawText is the text of a value, or its bytes where it has such.
func (rt *state) rawText(v Value) string {
	if b, ok := v.(bytesValue); ok {
		return string(b)
	}
	return rt.str(v)
}

func (rt *state) xmlAttr(v Value, space bool) Value {
	rt.checkUndefined(v)
	d, ok := v.(*Dict)
	if !ok {
		raise("AttributeError", "%s object has no attribute 'items'", quote(typeName(v)))
	}
	b := &textWriter{rt: rt}
	for _, e := range d.entries {
		if e.key == nil || e.value == None {
			continue
		}
		if _, ok := e.value.(*Undefined); ok {
			continue
		}
		key := textArg(e.key, "attribute name")
		if strings.ContainsAny(key, " \t\n\r\f\v/>=") {
			raise("ValueError", "Invalid character in attribute name: %s", quote(key))
		}
		if space || b.b.Len() > 0 {
			b.writeByte(' ')
		}
		b.write(rt.escape(e.key))
		b.write(`="`)
		b.write(rt.escape(e.value))
		b.writeByte('"')
	}
	return rt.markup(b.text())
}

var (
	wordClass = `[\p{L}\p{N}_]`
	webRE     = regexp.MustCompile(`(?i)^((https?://|www\.)(([\p{L}\p{N}_%-]+\.)+)?([a-z]{2,63}|xn--[\p{L}\p{N}_%]{2,59})` +
		`|([\p{L}\p{N}_%-]{2,63}\.)+(com|net|int|edu|gov|org|info|mil)` +
		`|(https?://)((([\p{Nd}]{1,3})(\.[\p{Nd}]{1,3}){3})|(\[([\p{Nd}a-f]{0,4}:){2}([\p{Nd}a-f]{0,4}:?){1,6}\])))` +
		`(?::[\p{Nd}]{1,5})?(?:[/?#]\S*)?$`)
	mailRE   = regexp.MustCompile(`^\S+@` + wordClass + `[\p{L}\p{N}_.-]*\.` + wordClass + `+$`)
	schemeRE = regexp.MustCompile(`^([\p{L}\p{N}_.+-]{2,}:(/){0,2})$`)
	headRE   = regexp.MustCompile(`^([(<]|&lt;)+`)
	tailRE   = regexp.MustCompile(`([)>.,\n]|&gt;)+$`)
)

// linker makes links of the addresses in a text.
type linker struct {
	rt          *state
	limit       int // characters of a shown address, -1 for all
	rel, target string
	schemes     []string
}

func (rt *state) urlizeFilter(a []Value) Value {
	l := linker{rt: rt, limit: -1}
	if a[1] != None {
		l.limit = intArg(rt, a[1])
	}
	rel := map[string]bool{"noopener": true}
	if a[4] != None {
		for _, r := range strings.FieldsFunc(textArg(a[4], "rel"), isSpace) {
			rel[r] = true
		}
	}
	if rt.isTrue(a[2]) {
		rel["nofollow"] = true
	}
	var rels []string
	for r := range rel {
		rels = append(rels, r)
	}
	sort.Strings(rels)
	l.rel = ` rel="` + rt.escapeText(strings.Join(rels, " ")) + `"`
	if a[3] != None && rt.isTrue(a[3]) {
		l.target = ` target="` + rt.escape(a[3]) + `"`
	}
	if a[5] != None {
		for _, s := range rt.toSlice(a[5]) {
			scheme := textArg(s, "scheme")
			if !schemeRE.MatchString(scheme) {
				raise("FilterArgumentError", "%s is not a valid URI scheme prefix.", quote(scheme))
			}
			l.schemes = append(l.schemes, scheme)
		}
	}
	text := rt.escape(a[0])
	b := &textWriter{rt: rt}
	for text != "" {
		i := strings.IndexFunc(text, isSpace)
		if i < 0 {
			i = len(text)
		}
		b.write(l.word(text[:i]))
		rest := strings.TrimLeftFunc(text[i:], isSpace)
		b.write(text[i : len(text)-len(rest)])
		text = rest
	}
	return rt.markup(b.text())
}

func (l *linker) word(word string) string {
	head := headRE.FindString(word)
	middle, tail := word[len(head):], ""
	if loc := tailRE.FindStringIndex(middle); loc != nil {
		middle, tail = middle[:loc[0]], middle[loc[0]:]
	}
	for _, pair := range [][2]string{{"(", ")"}, {"<", ">"}, {"&lt;", "&gt;"}} {
		open := strings.Count(middle, pair[0])
		if open <= strings.Count(middle, pair[1]) {
			continue
		}
		for range min(open, strings.Count(tail, pair[1])) {
			end := strings.Index(tail, pair[1]) + len(pair[1])
			l.rt.charge(len(middle) + end)
			middle += tail[:end]
			tail = tail[end:]
		}
	}
	return head + l.link(middle) + tail
}

func (l *linker) link(s string) string {
	l.rt.chargeProduct(4, len(s)+len(l.rel)+len(l.target))
	shown := s
	if l.limit >= 0 && runeCount(s) > l.limit {
		shown = sliceString(s, None, int64(l.limit), None) + "..."
	}
	switch {
	case webRE.MatchString(s):
		url := s
		if !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") {
			url = "https://" + s
		}
		return `<a href="` + url + `"` + l.rel + l.target + `>` + shown + `</a>`
	case strings.HasPrefix(s, "mailto:") && mailRE.MatchString(s[7:]):
		return `<a href="` + s + `">` + s[7:] + `</a>`
	case strings.Contains(s, "@") && !strings.HasPrefix(s, "www.") && !strings.HasPrefix(s, "@") && !strings.Contains(s, ":") && mailRE.MatchString(s):
		return `<a href="mailto:` + s + `">` + s + `</a>`
	}
	for _, scheme := range l.schemes {
		if s != scheme && strings.HasPrefix(s, scheme) {
			s = `<a href="` + s + `"` + l.rel + l.target + `>` + s + `</a>`
		}
	}
	return s
}
