package python

import (
	"maps"
	"time"
)

var dateMethods, datetimeMethods map[string]*Builtin

func init() {
	dateMethods = commonDateMethods()
	datetimeMethods = maps.Clone(dateMethods)
	addDateMethods(dateMethods)
	addDatetimeMethods(datetimeMethods)
	refuseDates()
}

// commonDateMethods are those of both kinds.
func commonDateMethods() map[string]*Builtin {
	m := map[string]*Builtin{}
	dateMethod(m, "strftime", "self, format", func(rt *Runtime, d *dateValue, a []Value) Value {
		return rt.strftime(d, textArg(a[0], "strftime() argument 1"))
	})
	dateMethod(m, "ctime", "self, /", func(rt *Runtime, d *dateValue, _ []Value) Value { return d.t.Format("Mon Jan _2 15:04:05 2006") })
	dateMethod(m, "weekday", "self, /", func(_ *Runtime, d *dateValue, _ []Value) Value { return int64(d.t.Weekday()+6) % 7 })
	dateMethod(m, "isoweekday", "self, /", func(_ *Runtime, d *dateValue, _ []Value) Value { return int64(d.t.Weekday()+6)%7 + 1 })
	dateMethod(m, "toordinal", "self, /", func(_ *Runtime, d *dateValue, _ []Value) Value {
		first := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
		day := time.Date(d.t.Year(), d.t.Month(), d.t.Day(), 0, 0, 0, 0, time.UTC).Unix()
		return (day-first)/86400 + 1
	})
	dateMethod(m, "isocalendar", "self, /", func(_ *Runtime, d *dateValue, _ []Value) Value {
		year, week := d.t.ISOWeek()
		items := []Value{int64(year), int64(week), int64(d.t.Weekday()+6)%7 + 1}
		return &Tuple{Items: items, Names: []string{"year", "week", "weekday"}}
	})
	return m
}

func addDateMethods(m map[string]*Builtin) {
	dateMethod(m, "isoformat", "self, /", func(_ *Runtime, d *dateValue, _ []Value) Value { return d.iso("", "") })
	dateMethod(m, "replace", "self, year='', month='', day=''", func(rt *Runtime, d *dateValue, a []Value) Value {
		return d.replace(rt, a, true)
	})
}

func addDatetimeMethods(m map[string]*Builtin) {
	dateMethod(m, "isoformat", "self, sep='T', timespec='auto'", func(_ *Runtime, d *dateValue, a []Value) Value {
		sep := textArg(a[0], "isoformat() argument 1")
		if runeCount(sep) != 1 {
			Raise("TypeError", "isoformat() argument 1 must be a unicode character, not %s", typeName(a[0]))
		}
		return d.iso(sep, textArg(a[1], "isoformat() argument 2"))
	})
	dateMethod(m, "replace", "self, year='', month='', day='', hour='', minute='', second='', microsecond='', tzinfo=True",
		func(rt *Runtime, d *dateValue, a []Value) Value { return d.replace(rt, a, a[7] == true) })
	dateMethod(m, "date", "self, /", func(_ *Runtime, d *dateValue, _ []Value) Value {
		return &dateValue{t: time.Date(d.t.Year(), d.t.Month(), d.t.Day(), 0, 0, 0, 0, time.UTC), dateOnly: true}
	})
	dateMethod(m, "timestamp", "self, /", func(_ *Runtime, d *dateValue, _ []Value) Value { return float64(d.t.UnixMicro()) / 1e6 })
	ifZone := func(name string, value func(z zoneValue) Value) {
		dateMethod(m, name, "self, /", func(_ *Runtime, d *dateValue, _ []Value) Value {
			if !d.hasZone {
				return None
			}
			return value(d.zone())
		})
	}
	ifZone("tzname", func(z zoneValue) Value { return z.name() })
	ifZone("utcoffset", func(z zoneValue) Value { return z.delta() })
	ifZone("dst", func(zoneValue) Value { return None })
	dateMethod(m, "astimezone", "self, tz", func(_ *Runtime, d *dateValue, a []Value) Value {
		z, ok := a[0].(zoneValue)
		if !ok {
			Raise("TypeError", "tzinfo argument must be None or of a tzinfo subclass, not type '%s'", typeName(a[0]))
		}
		return newDate(&dateValue{t: d.t.In(time.FixedZone("", z.offset)), hasZone: true})
	})
}

// refuseDates names what Python has and templates have not.
func refuseDates() {
	for _, methods := range []map[string]*Builtin{dateMethods, datetimeMethods} {
		for _, name := range []string{"today", "now", "utcnow"} {
			methods[name] = Define(name, "self, *args, **kwargs", func(*Runtime, []Value) Value {
				panic(&Error{Kind: RuntimeError, Msg: name + "() is not supported: an image must not depend on the clock"})
			})
		}
	}
}

// dateMethod defines a method of dates.
func dateMethod(m map[string]*Builtin, name, signature string, fn func(rt *Runtime, d *dateValue, a []Value) Value) {
	m[name] = Define(name, signature, func(rt *Runtime, a []Value) Value {
		return fn(rt, a[0].(*dateValue), a[1:])
	})
}

// keepPart is what replace has for a part that is not given.
const keepPart = ""

// replace is the date with other parts.
func (d *dateValue) replace(rt *Runtime, a []Value, keepZone bool) Value {
	t := d.t
	parts := []int{t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond() / 1000}
	limits := []struct {
		name    string
		low, up int
	}{{"year", 1, 9999}, {"month", 1, 12}, {"", 1, 31}, {"hour", 0, 23}, {"minute", 0, 59}, {"second", 0, 59}, {"microsecond", 0, 999_999}}
	for i := range min(len(a), len(parts)) {
		if a[i] != keepPart {
			parts[i] = rt.IntArg(a[i])
		}
		l := limits[i]
		if parts[i] >= l.low && parts[i] <= l.up {
			continue
		}
		if l.name == "" {
			Raise("ValueError", "day is out of range for month")
		}
		if l.name == "year" {
			Raise("ValueError", "year %d is out of range", parts[i])
		}
		Raise("ValueError", "%s must be in %d..%d", l.name, l.low, l.up)
	}
	zone, hasZone := t.Location(), d.hasZone
	if !keepZone {
		zone, hasZone = time.UTC, false
		if z, ok := a[7].(zoneValue); ok {
			zone, hasZone = time.FixedZone("", z.offset), true
		} else if a[7] != None {
			Raise("TypeError", "tzinfo argument must be None or of a tzinfo subclass, not type '%s'", typeName(a[7]))
		}
	}
	made := time.Date(parts[0], time.Month(parts[1]), parts[2], parts[3], parts[4], parts[5], parts[6]*1000, zone)
	if made.Day() != parts[2] {
		Raise("ValueError", "day is out of range for month")
	}
	return &dateValue{made, d.dateOnly, hasZone}
}
