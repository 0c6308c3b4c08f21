package python

import "math/big"

const dayMicros = 24 * 3600 * 1_000_000

// deltaValue is Python's datetime.timedelta, what is between two dates.
type deltaValue struct{ micros int64 }

func newDelta(micros int64) deltaValue { return deltaValue{micros} }

func (d deltaValue) big() *big.Int { return big.NewInt(d.micros) }

// parts are days, which may be negative, and what is left, which is not.
func (d deltaValue) parts() (days, seconds, micros int64) {
	rest := mod(d.micros, dayMicros)
	return (d.micros - rest) / dayMicros, rest / 1e6, rest % 1e6
}

func (d deltaValue) text() string {
	days, seconds, micros := d.parts()
	s := sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	if micros != 0 {
		s += sprintf(".%06d", micros)
	}
	switch days {
	case 0:
		return s
	case 1, -1:
		return sprintf("%d day, %s", days, s)
	}
	return sprintf("%d days, %s", days, s)
}

func (d deltaValue) repr() string {
	days, seconds, micros := d.parts()
	s := ""
	for _, part := range []struct {
		name string
		n    int64
	}{{"days", days}, {"seconds", seconds}, {"microseconds", micros}} {
		if part.n != 0 {
			if s != "" {
				s += ", "
			}
			s += sprintf("%s=%d", part.name, part.n)
		}
	}
	if s == "" {
		s = "0"
	}
	return "datetime.timedelta(" + s + ")"
}

func (d deltaValue) attr(name string) Value {
	days, seconds, micros := d.parts()
	switch name {
	case "days":
		return days
	case "seconds":
		return seconds
	case "microseconds":
		return micros
	}
	return nil
}

var deltaMethods = map[string]*Builtin{
	"total_seconds": Define("total_seconds", "self, /", func(_ *Runtime, a []Value) Value {
		return float64(a[0].(deltaValue).micros) / 1e6
	}),
}

var zoneMethods = map[string]*Builtin{
	"utcoffset": Define("utcoffset", "self, dt, /", func(_ *Runtime, a []Value) Value { return a[0].(zoneValue).delta() }),
	"tzname":    Define("tzname", "self, dt, /", func(_ *Runtime, a []Value) Value { return a[0].(zoneValue).name() }),
}
