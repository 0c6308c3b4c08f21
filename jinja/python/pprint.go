package python

import (
	"strings"
)

// prettyPrinter writes values as Python's pprint.pformat does: on one line of
// 80 characters if they fit, else one item per line; dicts sorted by key.
type prettyPrinter struct{ TextWriter }

const pprintWidth = 80

// Pprint is pprint.pformat(v).
func (rt *Runtime) Pprint(v Value) string {
	p := &prettyPrinter{TextWriter{rt: rt}}
	p.value(v, 0, 0, 0)
	return p.Text()
}

// value writes v; indent is where it starts, allowance what has to follow it.
func (p *prettyPrinter) value(v Value, indent, allowance, level int) {
	p.rt.Push()
	defer p.rt.Pop()
	rep := p.rt.repr(sortedDicts(p.rt, v))
	if runeCount(rep) > pprintWidth-indent-allowance {
		switch v := v.(type) {
		case *Dict:
			p.dict(v, indent, allowance+1, level+1)
			return
		case *List:
			p.items("[", v.Items, "]", indent, allowance, level+1)
			return
		case *Tuple:
			end := ")"
			if len(v.Items) == 1 {
				end = ",)"
			}
			p.items("(", v.Items, end, indent, allowance, level+1)
			return
		case string:
			p.long(v, indent, allowance, level+1)
			return
		}
	}
	p.Add(rep)
}

// sortedDicts copies a value with all its dicts sorted by key.
func sortedDicts(rt *Runtime, v Value) Value {
	switch v := v.(type) {
	case *List:
		return NewList(sortedItems(rt, v.Items))
	case *Tuple:
		return &Tuple{Items: sortedItems(rt, v.Items), Names: v.Names}
	case *Dict:
		rt.Push()
		defer rt.Pop()
		rt.Charge(3 * entrySize)
		d := NewDict()
		for _, k := range sortedKeys(rt, v) {
			x, _ := v.Get(rt, k)
			d.Set(rt, k, sortedDicts(rt, x))
		}
		return d
	}
	return v
}

func sortedItems(rt *Runtime, items []Value) []Value {
	rt.Push()
	defer rt.Pop()
	rt.Charge(listSize + itemSize*len(items))
	out := make([]Value, len(items))
	for i, item := range items {
		out[i] = sortedDicts(rt, item)
	}
	return out
}

// sortedKeys sorts keys; those that cannot be compared by the name of their type.
func sortedKeys(rt *Runtime, d *Dict) []Value {
	keys := rt.listView(&dictView{d, "dict_keys"})
	mixed := false
	for _, k := range keys {
		_, number := asNumber(k)
		_, firstNumber := asNumber(keys[0])
		mixed = mixed || number != firstNumber || !number && typeName(k) != typeName(keys[0])
	}
	if !mixed && len(keys) > 0 {
		switch keys[0].(type) {
		case noneType, *Tuple:
			return keys
		}
		return rt.Sorted(keys, func(v Value) Value { return v }, false)
	}
	return rt.Sorted(keys, func(v Value) Value { return typeName(v) }, false)
}

func (p *prettyPrinter) newline(indent int) {
	p.Add(",\n")
	p.fill(" ", indent)
}

func (p *prettyPrinter) dict(d *Dict, indent, allowance, level int) {
	p.AddByte('{')
	keys := sortedKeys(p.rt, d)
	for i, k := range keys {
		rep := p.rt.repr(k)
		p.Add(rep + ": ")
		after := 1
		if i == len(keys)-1 {
			after = allowance
		}
		v, _ := d.Get(p.rt, k)
		p.value(v, indent+1+runeCount(rep)+2, after, level)
		if i < len(keys)-1 {
			p.newline(indent + 1)
		}
	}
	p.AddByte('}')
}

func (p *prettyPrinter) items(begin string, items []Value, end string, indent, allowance, level int) {
	p.Add(begin)
	for i, item := range items {
		after := 1
		if i == len(items)-1 {
			after = allowance + len(end)
		} else if i > 0 {
			after = 1
		}
		p.value(item, indent+1, after, level)
		if i < len(items)-1 {
			p.newline(indent + 1)
		}
	}
	p.Add(end)
}

// long writes a long string as several literals, broken at spaces.
func (p *prettyPrinter) long(s string, indent, allowance, level int) {
	if level == 1 {
		indent++
		allowance++
	}
	width := pprintWidth - indent
	var chunks []string
	rest := s
	for line := range splitLines(s, true) {
		rest = rest[len(line):]
		last := rest == ""
		p.rt.ChargeProduct(2, textSize+quotedSize(line))
		rep := Quote(line)
		room := width
		if last {
			room -= allowance
		}
		if runeCount(rep) <= room {
			chunks = append(chunks, rep)
			continue
		}
		chunks = append(chunks, p.breakLine(line, width, allowance, last)...)
	}
	if len(chunks) == 1 {
		p.Add(chunks[0])
		return
	}
	if level == 1 {
		p.AddByte('(')
	}
	for i, chunk := range chunks {
		if i > 0 {
			p.AddByte('\n')
			p.fill(" ", indent)
		}
		p.Add(chunk)
	}
	if level == 1 {
		p.AddByte(')')
	}
}

func (p *prettyPrinter) breakLine(line string, width, allowance int, last bool) []string {
	var chunks, parts []string
	for rest := line; rest != ""; {
		i := strings.IndexFunc(rest, IsSpace)
		if i < 0 {
			i = len(rest)
		}
		i = len(rest) - len(strings.TrimLeftFunc(rest[i:], IsSpace))
		p.rt.Charge(6*textSize + 6*i)
		parts = append(parts, rest[:i])
		rest = rest[i:]
	}
	current := ""
	for j, part := range parts {
		if last && j == len(parts)-1 {
			width -= allowance
		}
		if runeCount(Quote(current+part)) > width {
			if current != "" {
				chunks = append(chunks, Quote(current))
			}
			current = part
		} else {
			current += part
		}
	}
	if current != "" {
		chunks = append(chunks, Quote(current))
	}
	return chunks
}
