package python

import (
	"math/big"
	"time"
)

// moment is a date, or a date with the time of day, as FromGo accepts it: it
// becomes Python's datetime.date or datetime.datetime. A time without a zone is
// in UTC. Parts below a microsecond are dropped.
type moment interface {
	Moment() (t time.Time, dateOnly, hasZone bool)
}

// dateValue is Python's datetime.date and datetime.datetime.
type dateValue struct {
	t        time.Time
	dateOnly bool
	hasZone  bool
}

// zoneValue is Python's datetime.timezone: seconds east of Greenwich.
type zoneValue struct{ offset int }

func (d *dateValue) typeName() string {
	if d.dateOnly {
		return "datetime.date"
	}
	return "datetime.datetime"
}

// isoTime has the seconds that timespec asks for; "auto" leaves out what is zero.
var isoTime = map[string]string{
	"hours": "15", "minutes": "15:04", "seconds": "15:04:05",
	"milliseconds": "15:04:05.000", "microseconds": "15:04:05.000000",
}

// iso is isoformat of a date, and of a datetime with sep in the middle.
func (d *dateValue) iso(sep, spec string) string {
	day := d.t.Format(time.DateOnly)
	if d.dateOnly {
		return day
	}
	if spec == "auto" {
		spec = "seconds"
		if d.t.Nanosecond() != 0 {
			spec = "microseconds"
		}
	}
	layout, ok := isoTime[spec]
	if !ok {
		Raise("ValueError", "Unknown timespec value")
	}
	s := day + sep + d.t.Format(layout)
	if d.hasZone {
		s += d.t.Format("-07:00")
	}
	return s
}

func (d *dateValue) repr() string {
	t := d.t
	s := sprintf("%s(%d, %d, %d", d.typeName(), t.Year(), t.Month(), t.Day())
	if !d.dateOnly {
		s += sprintf(", %d, %d", t.Hour(), t.Minute())
		if t.Second() != 0 || t.Nanosecond() != 0 {
			s += sprintf(", %d", t.Second())
		}
		if t.Nanosecond() != 0 {
			s += sprintf(", %d", t.Nanosecond()/1000)
		}
		if d.hasZone {
			s += ", tzinfo=" + d.zone().repr()
		}
	}
	return s + ")"
}

func (d *dateValue) zone() zoneValue {
	_, offset := d.t.Zone()
	return zoneValue{offset}
}

func (z zoneValue) repr() string {
	if z.offset == 0 {
		return "datetime.timezone.utc"
	}
	return "datetime.timezone(" + z.delta().repr() + ")"
}

func (z zoneValue) name() string {
	if z.offset == 0 {
		return "UTC"
	}
	return time.Time{}.In(time.FixedZone("", z.offset)).Format("UTC-07:00")
}

func (z zoneValue) delta() deltaValue { return newDelta(int64(z.offset) * 1e6) }

// attr is what a date has beside its methods.
func (d *dateValue) attr(name string) Value {
	switch name {
	case "year":
		return int64(d.t.Year())
	case "month":
		return int64(d.t.Month())
	case "day":
		return int64(d.t.Day())
	case "min":
		return &dateValue{t: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), dateOnly: d.dateOnly}
	case "max":
		last := time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
		return &dateValue{t: last, dateOnly: d.dateOnly}
	case "resolution":
		if d.dateOnly {
			return newDelta(dayMicros)
		}
		return newDelta(1)
	}
	if d.dateOnly {
		return nil
	}
	switch name {
	case "hour":
		return int64(d.t.Hour())
	case "minute":
		return int64(d.t.Minute())
	case "second":
		return int64(d.t.Second())
	case "microsecond":
		return int64(d.t.Nanosecond() / 1000)
	case "fold":
		return int64(0)
	case "tzinfo":
		if d.hasZone {
			return d.zone()
		}
		return None
	}
	return nil
}

// sameKind says whether two dates can be ordered, and why they cannot.
func (d *dateValue) sameKind(o *dateValue) (bool, string) {
	switch {
	case d.dateOnly != o.dateOnly:
		return false, "can't compare datetime.datetime to datetime.date"
	case d.hasZone != o.hasZone:
		return false, "can't compare offset-naive and offset-aware datetimes"
	}
	return true, ""
}

// dateHash is the same for dates that are equal.
type dateHash struct {
	micros            int64
	dateOnly, hasZone bool
}

func (d *dateValue) hash() dateHash { return dateHash{d.t.UnixMicro(), d.dateOnly, d.hasZone} }

// moved is a date so many microseconds later; a date without a time moves by whole days.
func (d *dateValue) moved(delta *big.Int) Value {
	const most = 400_000_000_000_000_000
	if !delta.IsInt64() || delta.Int64() > most || delta.Int64() < -most {
		Raise("OverflowError", "date value out of range")
	}
	micros := delta.Int64()
	if d.dateOnly {
		micros -= mod(micros, dayMicros)
	}
	days := (micros - mod(micros, dayMicros)) / dayMicros
	t := d.t.AddDate(0, 0, int(days)).Add(time.Duration(mod(micros, dayMicros)) * time.Microsecond)
	return newDate(&dateValue{t, d.dateOnly, d.hasZone})
}

// newDate refuses years that Python has not.
func newDate(d *dateValue) *dateValue {
	if y := d.t.Year(); y < 1 || y > 9999 {
		Raise("OverflowError", "date value out of range")
	}
	return d
}

func isDated(v Value) bool {
	switch v.(type) {
	case *dateValue, deltaValue:
		return true
	}
	return false
}

// dateArith is + and - where one side is a date or a span of time; nil if
// Python has no such operation.
func dateArith(op string, a, b Value) Value {
	x, isDate := a.(*dateValue)
	y, isDateToo := b.(*dateValue)
	m, isDelta := a.(deltaValue)
	n, isDeltaToo := b.(deltaValue)
	switch {
	case op == "+" && isDate && isDeltaToo:
		return x.moved(n.big())
	case op == "+" && isDelta && isDateToo:
		return y.moved(m.big())
	case op == "-" && isDate && isDeltaToo:
		return x.moved(new(big.Int).Neg(n.big()))
	case op == "-" && isDate && isDateToo:
		if x.dateOnly != y.dateOnly {
			return nil
		}
		if x.hasZone != y.hasZone {
			Raise("TypeError", "can't subtract offset-naive and offset-aware datetimes")
		}
		return newDelta(x.t.UnixMicro() - y.t.UnixMicro())
	case op == "+" && isDelta && isDeltaToo:
		return newDelta(m.micros + n.micros)
	case op == "-" && isDelta && isDeltaToo:
		return newDelta(m.micros - n.micros)
	}
	return nil
}
