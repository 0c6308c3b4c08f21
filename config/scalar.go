package config

import (
	"fmt"
	"strings"
	"time"
)

// date is what a plain scalar like 2026-11-21 or 2026-11-21 10:00:00 is in YAML 1.1. In a template
// it is Python's datetime.date or datetime.datetime.
type date struct {
	Time     time.Time
	DateOnly bool // there is no time of day
	HasZone  bool // the offset was given; Time is in UTC otherwise
}

// Moment gives the date to the template engine.
func (d date) Moment() (t time.Time, dateOnly, hasZone bool) { return d.Time, d.DateOnly, d.HasZone }

// String prints the date as Python's str() does: "2026-11-21" or "2026-11-21 10:00:00+02:00".
func (d date) String() string {
	if d.DateOnly {
		return d.Time.Format("2006-01-02")
	}
	layout := "2006-01-02 15:04:05"
	if d.Time.Nanosecond() != 0 {
		layout += ".000000"
	}
	if d.HasZone {
		layout += "-07:00"
	}
	return d.Time.Format(layout)
}

// Repr prints the date as Python does inside a list or a mapping: "datetime.date(2026, 11, 21)".
func (d date) Repr() string {
	t := d.Time
	if d.DateOnly {
		return fmt.Sprintf("datetime.date(%d, %d, %d)", t.Year(), t.Month(), t.Day())
	}
	var b strings.Builder
	fmt.Fprintf(&b, "datetime.datetime(%d, %d, %d, %d, %d", t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute())
	if t.Second() != 0 || t.Nanosecond() != 0 {
		fmt.Fprintf(&b, ", %d", t.Second())
	}
	if t.Nanosecond() != 0 {
		fmt.Fprintf(&b, ", %d", t.Nanosecond()/1000)
	}
	if d.HasZone {
		b.WriteString(", tzinfo=" + d.zoneRepr())
	}
	return b.String() + ")"
}

// zoneRepr prints the offset as Python prints a datetime.timezone, which counts days down and
// seconds up for an offset west of Greenwich.
func (d date) zoneRepr() string {
	_, offset := d.Time.Zone()
	switch {
	case offset == 0:
		return "datetime.timezone.utc"
	case offset < 0:
		return fmt.Sprintf("datetime.timezone(datetime.timedelta(days=-1, seconds=%d))", offset+24*3600)
	}
	return fmt.Sprintf("datetime.timezone(datetime.timedelta(seconds=%d))", offset)
}

// binary is the value of a scalar with the tag !!binary; in a template it is Python's bytes.
type binary string

// Binary gives the bytes to the template engine.
func (b binary) Binary() []byte { return []byte(b) }

// String prints the bytes as Python does: b'abc\x00'.
func (b binary) String() string {
	quote := byte('\'')
	if strings.Contains(string(b), "'") && !strings.Contains(string(b), `"`) {
		quote = '"'
	}
	var s strings.Builder
	s.WriteByte('b')
	s.WriteByte(quote)
	for _, c := range []byte(b) {
		switch {
		case c == '\n':
			s.WriteString(`\n`)
		case c == '\r':
			s.WriteString(`\r`)
		case c == '\t':
			s.WriteString(`\t`)
		case c == quote || c == '\\':
			s.WriteByte('\\')
			s.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(&s, `\x%02x`, c)
		default:
			s.WriteByte(c)
		}
	}
	s.WriteByte(quote)
	return s.String()
}
