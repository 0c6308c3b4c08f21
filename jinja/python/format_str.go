package python

import (
	"strconv"
	"strings"
)

// formatter expands str.format, Format String Syntax of the Python library
// reference.
type formatter struct {
	rt     *Runtime
	args   []Value
	named  *Dict
	auto   int // next automatic index; -1 once explicit ones were used
	markup bool
}

func (rt *Runtime) format(s string, args []Value, named *Dict, markup bool) string {
	f := &formatter{rt: rt, args: args, named: named, markup: markup}
	return f.expand(s, 2)
}

func (f *formatter) expand(s string, depth int) string {
	if depth < 0 {
		Raise("ValueError", "Max string recursion exceeded")
	}
	b := &TextWriter{rt: f.rt}
	for s != "" {
		i := strings.IndexAny(s, "{}")
		if i < 0 {
			break
		}
		b.Add(s[:i])
		c := s[i]
		s = s[i+1:]
		if strings.HasPrefix(s, string(c)) {
			b.AddByte(c)
			s = s[1:]
			continue
		}
		if c == '}' {
			Raise("ValueError", "Single '}' encountered in format string")
		}
		end := fieldEnd(s)
		b.Add(f.field(s[:end], depth))
		s = s[end+1:]
	}
	b.Add(s)
	return b.Text()
}

func fieldEnd(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth == 0 {
				return i
			}
			depth--
		}
	}
	if s == "" {
		Raise("ValueError", "Single '{' encountered in format string")
	}
	Raise("ValueError", "expected '}' before end of string")
	return 0
}

func (f *formatter) field(s string, depth int) string {
	name, spec, conversion := s, "", byte(0)
	brackets := 0
	for i := 0; i < len(s); i++ {
		if s[i] == '[' {
			brackets++
		} else if s[i] == ']' {
			brackets--
		}
		if brackets > 0 || s[i] != '!' && s[i] != ':' {
			continue
		}
		name, spec = s[:i], s[i+1:]
		if s[i] == '!' {
			conversion, spec = f.conversion(s[i+1:])
		}
		break
	}
	v := f.lookup(name)
	switch conversion {
	case 's':
		v = f.rt.Str(v)
	case 'r':
		v = f.rt.repr(v)
	case 'a':
		v = f.rt.asciiOnly(f.rt.repr(v))
	}
	if strings.ContainsAny(spec, "{}") {
		spec = f.expand(spec, depth-1)
	}
	if m, ok := v.(Markup); ok && f.markup {
		if spec != "" {
			f.rt.formatValue(m, spec)
		}
		return string(m)
	}
	if m, ok := v.(Markup); ok {
		v = string(m)
	}
	text := f.rt.formatValue(v, spec)
	if f.markup {
		text = f.rt.EscapeText(text)
	}
	return text
}

func (f *formatter) conversion(s string) (byte, string) {
	if s == "" {
		Raise("ValueError", "end of string while looking for conversion specifier")
	}
	if len(s) > 1 && s[1] != ':' {
		Raise("ValueError", "expected ':' after conversion specifier")
	}
	if s[0] != 's' && s[0] != 'r' && s[0] != 'a' {
		Raise("ValueError", "Unknown conversion specifier %c", s[0])
	}
	if len(s) > 1 {
		return s[0], s[2:]
	}
	return s[0], ""
}

func (f *formatter) lookup(name string) Value {
	end := strings.IndexAny(name, ".[")
	if end < 0 {
		end = len(name)
	}
	v := f.first(name[:end])
	rest := name[end:]
	for rest != "" {
		if rest[0] == '.' {
			rest = rest[1:]
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			attr := rest[:end]
			if attr == "" {
				Raise("ValueError", "Empty attribute in format string")
			}
			x := f.rt.Attribute(v, attr)
			if x == nil {
				Raise("AttributeError", "%s object has no attribute %s", Quote(typeName(v)), Quote(attr))
			}
			v, rest = x, rest[end:]
			continue
		}
		end := strings.IndexByte(rest, ']')
		if rest[0] != '[' || end < 0 {
			Raise("ValueError", "Missing ']' in format string")
		}
		v = f.index(v, rest[1:end])
		rest = rest[end+1:]
		if rest != "" && rest[0] != '.' && rest[0] != '[' {
			Raise("ValueError", "Only '.' or '[' may follow ']' in format field specifier")
		}
	}
	return v
}

func (f *formatter) index(v Value, text string) Value {
	if text == "" {
		Raise("ValueError", "Empty attribute in format string")
	}
	var key Value = text
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		key = int64(n)
	}
	if x := f.rt.item(v, key); x != nil {
		return x
	}
	if _, ok := v.(*Dict); ok {
		Raise("KeyError", "%s", f.rt.repr(key))
	}
	if _, ok := key.(string); ok {
		Raise("TypeError", "%s indices must be integers or slices, not str", typeName(v))
	}
	Raise("IndexError", "%s index out of range", typeName(v))
	return nil
}

func (f *formatter) first(name string) Value {
	index, err := strconv.ParseUint(name, 10, 31)
	switch {
	case name == "":
		if f.auto < 0 {
			Raise("ValueError", "cannot switch from manual field specification to automatic field numbering")
		}
		index = uint64(f.auto)
		f.auto++
	case err == nil:
		if f.auto > 0 {
			Raise("ValueError", "cannot switch from automatic field numbering to manual field specification")
		}
		f.auto = -1
	default:
		v, ok := f.named.GetString(name)
		if !ok {
			Raise("KeyError", "%s", Quote(name))
		}
		return v
	}
	if f.args == nil && f.named != nil && f.named.Len() > 0 && name != "" {
		if v, ok := f.named.GetString(name); ok {
			return v
		}
	}
	if index >= uint64(len(f.args)) {
		Raise("IndexError", "Replacement index %d out of range for positional args tuple", index)
	}
	return f.args[index]
}
