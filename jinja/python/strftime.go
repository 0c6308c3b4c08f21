package python

import (
	"strings"
	"time"
)

// strftime is Python's on Debian: the C library's, in the locale "C", with its
// flags and widths.
func (rt *Runtime) strftime(d *dateValue, format string) string {
	w := &TextWriter{rt: rt}
	for format != "" {
		i := strings.IndexByte(format, '%')
		if i < 0 {
			break
		}
		w.Add(format[:i])
		format = format[i:]
		n := w.directive(d, format)
		format = format[n:]
	}
	w.Add(format)
	return w.Text()
}

// timeSpec is one directive of strftime with its flags.
type timeSpec struct {
	pad   byte // '0', '_' or '-'; 0: as the directive has it
	upper bool
	swap  bool
	width int
}

// directive writes what the directive at the beginning of s stands for and
// returns its length. What is no directive stays as it is.
func (w *TextWriter) directive(d *dateValue, s string) int {
	i := 1
	var spec timeSpec
flags:
	for ; i < len(s); i++ {
		switch s[i] {
		case '-', '_', '0':
			spec.pad = s[i]
		case '^':
			spec.upper = true
		case '#':
			spec.swap = true
		default:
			break flags
		}
	}
	for ; i < len(s) && isDigit(s[i]); i++ {
		spec.width = min(spec.width*10+int(s[i]-'0'), 1000)
	}
	if i < len(s) && (s[i] == 'E' || s[i] == 'O') {
		i++
	}
	if i >= len(s) {
		w.Add(s)
		return len(s)
	}
	if number, width, pad := timeNumber(d.t, s[i]); width > 0 {
		w.number(number, width, pad, spec)
		return i + 1
	}
	text, ok := timeText(w.rt, d, s[i])
	if !ok {
		w.Add(s[:i+1])
		return i + 1
	}
	switch {
	case spec.swap && s[i] == 'p':
		text = strings.ToLower(text)
	case spec.swap && s[i] == 'Z':
		text = strings.ToLower(text)
	case spec.upper, spec.swap && strings.IndexByte("aAbBh", s[i]) >= 0:
		text = strings.ToUpper(text)
	}
	fill := " "
	if spec.pad == '0' {
		fill = "0"
	}
	w.fill(fill, spec.width-len(text))
	w.Add(text)
	return i + 1
}

func (w *TextWriter) number(n, width int, pad byte, spec timeSpec) {
	if spec.pad != 0 {
		pad = spec.pad
	}
	width = max(width, spec.width)
	text := sprintf("%d", n)
	switch pad {
	case '-':
		width = spec.width
		fallthrough
	case '0':
		w.fill("0", width-len(text))
	default:
		w.fill(" ", width-len(text))
	}
	w.Add(text)
}

// timeNumber gives a directive that is a number, its width and what fills it.
func timeNumber(t time.Time, verb byte) (n, width int, pad byte) {
	isoYear, isoWeek := t.ISOWeek()
	hour12 := (t.Hour()+11)%12 + 1
	weekday := int(t.Weekday())
	switch verb {
	case 'Y':
		return t.Year(), 1, '0'
	case 'G':
		return isoYear, 1, '0'
	case 'C':
		return t.Year() / 100, 1, '0'
	case 'y':
		return t.Year() % 100, 2, '0'
	case 'g':
		return isoYear % 100, 2, '0'
	case 'm':
		return int(t.Month()), 2, '0'
	case 'd':
		return t.Day(), 2, '0'
	case 'e':
		return t.Day(), 2, '_'
	case 'j':
		return t.YearDay(), 3, '0'
	case 'H':
		return t.Hour(), 2, '0'
	case 'k':
		return t.Hour(), 2, '_'
	case 'I':
		return hour12, 2, '0'
	case 'l':
		return hour12, 2, '_'
	case 'M':
		return t.Minute(), 2, '0'
	case 'S':
		return t.Second(), 2, '0'
	case 's':
		return int(t.Unix()), 1, '0'
	case 'u':
		return (weekday+6)%7 + 1, 1, '0'
	case 'w':
		return weekday, 1, '0'
	case 'U':
		return (t.YearDay() + 6 - weekday) / 7, 2, '0'
	case 'W':
		return (t.YearDay() + 6 - (weekday+6)%7) / 7, 2, '0'
	case 'V':
		return isoWeek, 2, '0'
	}
	return 0, 0, 0
}

// timeFormats are directives that stand for others.
var timeFormats = map[byte]string{
	'c': "%a %b %e %H:%M:%S %Y", 'x': "%m/%d/%y", 'X': "%H:%M:%S", 'D': "%m/%d/%y",
	'F': "%Y-%m-%d", 'T': "%H:%M:%S", 'R': "%H:%M", 'r': "%I:%M:%S %p",
}

// timeText gives a directive that is a text.
func timeText(rt *Runtime, d *dateValue, verb byte) (text string, ok bool) {
	t := d.t
	switch verb {
	case '%':
		return "%", true
	case 'n':
		return "\n", true
	case 't':
		return "\t", true
	case 'a':
		return t.Format("Mon"), true
	case 'A':
		return t.Format("Monday"), true
	case 'b', 'h':
		return t.Format("Jan"), true
	case 'B':
		return t.Format("January"), true
	case 'p':
		return t.Format("PM"), true
	case 'P':
		return t.Format("pm"), true
	case 'f':
		return sprintf("%06d", t.Nanosecond()/1000), true
	case 'z':
		if !d.hasZone {
			return "", true
		}
		return t.Format("-0700"), true
	case 'Z':
		if !d.hasZone {
			return "", true
		}
		return d.zone().name(), true
	}
	if format, ok := timeFormats[verb]; ok {
		return rt.strftime(d, format), true
	}
	return "", false
}
