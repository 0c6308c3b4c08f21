package python

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// percentState formats one "%" expression, printf-style String Formatting of
// the Python library reference.
type percentState struct {
	rt     *Runtime
	args   []Value
	next   int
	dict   *Dict // named values, nil if the arguments are positional
	loose  bool  // what has subscripts may have more values than are used
	markup bool
	out    TextWriter
}

// FormatPercent is "format % arg".
func (rt *Runtime) FormatPercent(format Value, text string, arg Value) Value {
	p := &percentState{rt: rt, out: TextWriter{rt: rt}}
	_, p.markup = format.(Markup)
	switch arg := arg.(type) {
	case *Tuple:
		p.args = arg.Items
	case *Dict:
		p.dict, p.loose = arg, true
		p.args = []Value{arg}
	case *List, *rangeValue, *Undefined:
		p.loose = true
		p.args = []Value{arg}
	default:
		p.args = []Value{arg}
	}
	for {
		i := strings.IndexByte(text, '%')
		if i < 0 {
			break
		}
		p.out.Add(text[:i])
		text = p.conversion(text[i+1:])
	}
	p.out.Add(text)
	if p.next < len(p.args) && !p.loose {
		Raise("TypeError", "not all arguments converted during string formatting")
	}
	if p.markup {
		return Markup(p.out.Text())
	}
	return p.out.Text()
}

func (p *percentState) arg() Value {
	if p.next >= len(p.args) {
		Raise("TypeError", "not enough arguments for format string")
	}
	p.next++
	return p.args[p.next-1]
}

type percentSpec struct {
	left, plus, space, zero, alt bool
	width, precision             int // precision -1: not given
	verb                         byte
}

// conversion formats one conversion and returns the text after it.
func (p *percentState) conversion(s string) string {
	var key Value
	if strings.HasPrefix(s, "(") {
		end := closingParen(s)
		if p.dict == nil {
			Raise("TypeError", "format requires a mapping")
		}
		name := s[1:end]
		v, ok := p.dict.Get(p.rt, name)
		if !ok {
			Raise("KeyError", "%s", Quote(name))
		}
		key = v
		s = s[end+1:]
	}
	spec := percentSpec{precision: -1}
	s = p.flags(s, &spec)
	for s != "" && (s[0] == 'h' || s[0] == 'l' || s[0] == 'L') {
		s = s[1:]
	}
	if s == "" {
		Raise("ValueError", "incomplete format")
	}
	spec.verb = s[0]
	if spec.verb == '%' {
		p.out.AddByte('%')
		return s[1:]
	}
	if strings.IndexByte("diouxXeEfFgGcrsa", spec.verb) < 0 {
		r, _ := utf8.DecodeRuneInString(s)
		Raise("ValueError", "unsupported format character '%c' (0x%x)", r, r)
	}
	if key == nil {
		key = p.arg()
	}
	p.pad(p.convert(&spec, key), &spec)
	return s[1:]
}

func closingParen(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	Raise("ValueError", "incomplete format key")
	return 0
}

func (p *percentState) flags(s string, spec *percentSpec) string {
	for ; s != ""; s = s[1:] {
		switch s[0] {
		case '-':
			spec.left = true
			continue
		case '+':
			spec.plus = true
			continue
		case ' ':
			spec.space = true
			continue
		case '0':
			spec.zero = true
			continue
		case '#':
			spec.alt = true
			continue
		}
		break
	}
	spec.width, s = p.number(s, 0)
	if spec.width < 0 {
		spec.left, spec.width = true, -spec.width
	}
	if strings.HasPrefix(s, ".") {
		spec.precision, s = p.number(s[1:], 0)
		spec.precision = max(spec.precision, 0)
	}
	return s
}

// number reads a width or precision, which may be "*".
func (p *percentState) number(s string, byDefault int) (int, string) {
	if strings.HasPrefix(s, "*") {
		n, ok := smallInt(p.arg())
		if !ok {
			Raise("TypeError", "* wants int")
		}
		return p.bounded(n), s[1:]
	}
	i := 0
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	if i == 0 {
		return byDefault, s
	}
	n, err := strconv.Atoi(s[:i])
	if err != nil {
		Raise("ValueError", "width too big")
	}
	return p.bounded(n), s[i:]
}

// bounded refuses widths that would need more memory than there is.
func (p *percentState) bounded(n int) int {
	p.rt.Charge(max(n, -n))
	return n
}

// convert formats a value without padding, but with the sign.
func (p *percentState) convert(spec *percentSpec, v Value) string {
	switch spec.verb {
	case 's', 'r', 'a':
		s := p.text(spec.verb, v)
		if spec.precision >= 0 {
			s = sliceString(s, None, int64(spec.precision), None)
		}
		return s
	case 'c':
		return percentChar(v)
	case 'd', 'i', 'u':
		return p.signed(spec, percentInt(p.rt, v, spec.verb).String())
	case 'o', 'x', 'X':
		return p.signed(spec, percentBase(p.rt, spec, v))
	}
	p.rt.CheckUndefined(v)
	f, ok := asFloat(v)
	if !ok {
		Raise("TypeError", "must be real number, not %s", typeName(v))
	}
	precision := spec.precision
	if precision < 0 {
		precision = 6
	}
	return p.signed(spec, formatFloat(f, spec.verb, precision, spec.alt))
}

func (p *percentState) text(verb byte, v Value) string {
	var s string
	switch verb {
	case 's':
		if p.markup {
			return p.rt.Escape(v)
		}
		return p.rt.Str(v)
	case 'r':
		s = p.rt.repr(v)
	default:
		s = p.rt.asciiOnly(p.rt.repr(v))
	}
	if p.markup {
		s = p.rt.EscapeText(s)
	}
	return s
}

func (rt *Runtime) asciiOnly(s string) string {
	if isASCII(s) {
		return s
	}
	b := &TextWriter{rt: rt}
	for _, r := range s {
		if r < 0x80 {
			b.AddByte(byte(r))
		} else {
			b.Add(string(Escape(r)))
		}
	}
	return b.Text()
}

func percentChar(v Value) string {
	if s, ok := Text(v); ok && runeCount(s) == 1 {
		return s
	}
	n, ok := v.(int64)
	if !ok {
		Raise("TypeError", "%%c requires int or char")
	}
	if n < 0 || n > utf8.MaxRune {
		Raise("OverflowError", "%%c arg not in range(0x110000)")
	}
	return string(rune(n))
}

func percentInt(rt *Runtime, v Value, verb byte) *big.Int {
	rt.CheckUndefined(v)
	if f, ok := v.(float64); ok {
		return truncate(f)
	}
	n, ok := asInt(v)
	if !ok {
		Raise("TypeError", "%%%c format: a real number is required, not %s", verb, typeName(v))
	}
	if n.BitLen() > MaxIntDigits*3 {
		scalarText(normInt(n)) // refuses what is too long
	}
	return n
}

// truncate is int(f).
func truncate(f float64) *big.Int {
	if math.IsNaN(f) {
		Raise("ValueError", "cannot convert float NaN to integer")
	}
	if math.IsInf(f, 0) {
		Raise("OverflowError", "cannot convert float infinity to integer")
	}
	n, _ := big.NewFloat(f).Int(nil)
	return n
}

func percentBase(rt *Runtime, spec *percentSpec, v Value) string {
	rt.CheckUndefined(v)
	n, ok := asInt(v)
	if !ok {
		Raise("TypeError", "%%%c format: an integer is required, not %s", spec.verb, typeName(v))
	}
	base, prefix := 16, "0x"
	if spec.verb == 'o' {
		base, prefix = 8, "0o"
	}
	s := new(big.Int).Abs(n).Text(base)
	if spec.precision > len(s) {
		s = strings.Repeat("0", spec.precision-len(s)) + s
	}
	if spec.alt {
		s = prefix + s
	}
	if spec.verb == 'X' {
		s = strings.ToUpper(s)
	}
	if n.Sign() < 0 {
		s = "-" + s
	}
	return s
}

func (p *percentState) signed(spec *percentSpec, s string) string {
	if spec.verb == 'd' || spec.verb == 'i' || spec.verb == 'u' {
		digits := strings.TrimPrefix(s, "-")
		if spec.precision > len(digits) {
			s = s[:len(s)-len(digits)] + strings.Repeat("0", spec.precision-len(digits)) + digits
		}
	}
	if !strings.HasPrefix(s, "-") {
		if spec.plus {
			s = "+" + s
		} else if spec.space {
			s = " " + s
		}
	}
	return s
}

func (p *percentState) pad(s string, spec *percentSpec) {
	n := spec.width - runeCount(s)
	if n <= 0 {
		p.out.Add(s)
		return
	}
	isNumber := strings.IndexByte("diouxXeEfFgG", spec.verb) >= 0
	switch {
	case spec.left:
		p.out.Add(s)
		p.out.fill(" ", n)
	case spec.zero && isNumber:
		head := numberHead(s)
		p.out.Add(s[:head])
		p.out.fill("0", n)
		p.out.Add(s[head:])
	default:
		p.out.fill(" ", n)
		p.out.Add(s)
	}
}

// numberHead measures the sign and base prefix, which zeros come after.
func numberHead(s string) int {
	i := 0
	if s != "" && strings.IndexByte("+- ", s[0]) >= 0 {
		i = 1
	}
	if len(s) > i+1 && s[i] == '0' && strings.IndexByte("xXobOB", s[i+1]) >= 0 {
		i += 2
	}
	return i
}
