package jinja

import (
	"bytes"
	"html"
	"regexp"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/slipway-build/slipway/jinja/python"
)

func htmlFilters() {
	addFilter("escape", "s, /", func(rt *python.Runtime, a []python.Value) python.Value { return python.Markup(rt.Escape(a[0])) })
	alias("e", "escape")
	addFilter("forceescape", "value", func(rt *python.Runtime, a []python.Value) python.Value {
		return python.Markup(rt.EscapeText(rt.Str(a[0])))
	})
	addFilter("safe", "value", func(rt *python.Runtime, a []python.Value) python.Value { return python.Markup(rt.Str(a[0])) })
	addFilter("striptags", "value", func(rt *python.Runtime, a []python.Value) python.Value {
		s := rt.Str(a[0])
		rt.ChargeProduct(4, len(s))
		s = cutBetween(cutBetween(s, "<!--", "-->"), "<", ">")
		return html.UnescapeString(joinWords(s))
	})
	addFilter("urlencode", "value", func(rt *python.Runtime, a []python.Value) python.Value { return urlEncode(rt, a[0]) })
	addFilter("xmlattr", "d, autospace=True", func(rt *python.Runtime, a []python.Value) python.Value {
		return xmlAttr(rt, a[0], rt.IsTrue(a[1]))
	})
	addFilter("tojson", "value, indent=None", func(rt *python.Runtime, a []python.Value) python.Value { return rt.ToJSON(a[0], a[1]) })
	addFilter("urlize", "value, trim_url_limit=None, nofollow=False, target=None, rel=None, extra_schemes=None",
		func(rt *python.Runtime, a []python.Value) python.Value { return urlizeFilter(rt, a) })
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
	for word := range strings.FieldsFuncSeq(s, python.IsSpace) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
	}
	return b.String()
}

// quoteURL writes urllib.parse.quote of a text; "/" stays unless it is for a query.
func quoteURL(b *python.TextWriter, s string, query bool) {
	const hex = "0123456789ABCDEF"
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case isUnreserved(c) || c == '.' || c == '-' || c == '~' || c == '/' && !query:
			b.AddByte(c)
		case c == ' ' && query:
			b.AddByte('+')
		default:
			b.AddByte('%')
			b.AddByte(hex[c>>4])
			b.AddByte(hex[c&15])
		}
	}
}

// isUnreserved tells letters, digits and "_".
func isUnreserved(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func urlEncode(rt *python.Runtime, v python.Value) python.Value {
	b := rt.NewText()
	if d, ok := v.(*python.Dict); ok {
		v = python.NewList(rt.Pairs(d))
	}
	it := rt.Iterator(v)
	if _, isText := python.Text(v); isText || it == nil {
		quoteURL(b, rt.Str(v), false)
		return b.Text()
	}
	for pair, ok := it.Next(); ok; pair, ok = it.Next() {
		items := rt.ToSlice(pair)
		if len(items) != 2 {
			python.Raise("ValueError", "not enough values to unpack (expected 2, got %d)", len(items))
		}
		if b.Len() > 0 {
			b.AddByte('&')
		}
		quoteURL(b, rt.RawText(items[0]), true)
		b.AddByte('=')
		quoteURL(b, rt.RawText(items[1]), true)
	}
	return b.Text()
}

func xmlAttr(rt *python.Runtime, v python.Value, space bool) python.Value {
	rt.CheckUndefined(v)
	d, ok := v.(*python.Dict)
	if !ok {
		python.Raise("AttributeError", "%s object has no attribute 'items'", python.Quote(rt.TypeName(v)))
	}
	b := rt.NewText()
	for k, x := range d.All() {
		if _, ok := x.(*python.Undefined); ok || x == python.None {
			continue
		}
		key := rt.TextArg(k, "attribute name")
		if strings.ContainsAny(key, " \t\n\r\f\v/>=") {
			python.Raise("ValueError", "Invalid character in attribute name: %s", python.Quote(key))
		}
		if space || b.Len() > 0 {
			b.AddByte(' ')
		}
		b.Add(rt.Escape(k))
		b.Add(`="`)
		b.Add(rt.Escape(x))
		b.AddByte('"')
	}
	return rt.Markup(b.Text())
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
	rt          *python.Runtime
	limit       int // characters of a shown address, -1 for all
	rel, target string
	schemes     []string
}

func urlizeFilter(rt *python.Runtime, a []python.Value) python.Value {
	l := linker{rt: rt, limit: -1}
	if a[1] != python.None {
		l.limit = rt.IntArg(a[1])
	}
	rel := map[string]bool{"noopener": true}
	if a[4] != python.None {
		for _, r := range strings.FieldsFunc(rt.TextArg(a[4], "rel"), python.IsSpace) {
			rel[r] = true
		}
	}
	if rt.IsTrue(a[2]) {
		rel["nofollow"] = true
	}
	var rels []string
	for r := range rel {
		rels = append(rels, r)
	}
	sort.Strings(rels)
	l.rel = ` rel="` + rt.EscapeText(strings.Join(rels, " ")) + `"`
	if a[3] != python.None && rt.IsTrue(a[3]) {
		l.target = ` target="` + rt.Escape(a[3]) + `"`
	}
	if a[5] != python.None {
		for _, s := range rt.ToSlice(a[5]) {
			scheme := rt.TextArg(s, "scheme")
			if !schemeRE.MatchString(scheme) {
				python.Raise("FilterArgumentError", "%s is not a valid URI scheme prefix.", python.Quote(scheme))
			}
			l.schemes = append(l.schemes, scheme)
		}
	}
	text := rt.Escape(a[0])
	b := rt.NewText()
	for text != "" {
		i := strings.IndexFunc(text, python.IsSpace)
		if i < 0 {
			i = len(text)
		}
		b.Add(l.word(text[:i]))
		rest := strings.TrimLeftFunc(text[i:], python.IsSpace)
		b.Add(text[i : len(text)-len(rest)])
		text = rest
	}
	return rt.Markup(b.Text())
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
			l.rt.Charge(len(middle) + end)
			middle += tail[:end]
			tail = tail[end:]
		}
	}
	return head + l.link(middle) + tail
}

func (l *linker) link(s string) string {
	l.rt.ChargeProduct(4, len(s)+len(l.rel)+len(l.target))
	shown := s
	if l.limit >= 0 && utf8.RuneCountInString(s) > l.limit {
		shown = l.rt.SliceText(s, python.None, int64(l.limit), python.None) + "..."
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
