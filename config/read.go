package config

import (
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/slipway-build/slipway/problem"
)

// decode gives every key of the table its value. All problems are collected in l.errs.
func (l *loader) decode() *Config {
	vars := l.table.defaults()
	for name, s := range l.settings {
		vars[name] = s.value
	}
	if vars["apt_only_proxy"] == nil { // an empty string is a choice, null is none
		vars["apt_only_proxy"] = vars["http_proxy"]
	}
	for _, k := range l.table {
		if k.private != "" {
			delete(vars, k.name)
		}
	}
	c := &Config{variables: vars, private: l.private(), loaded: func() *loader { return l }}
	r := l.reader(vars, c)
	for i := range l.table {
		if k := &l.table[i]; k.end.read != nil {
			k.end.read(r, k)
		}
	}
	c.unknown = l.unknownKeys()
	return c
}

// reader takes values out of the variables and notes those of the wrong type.
type reader struct {
	l    *loader
	vars map[string]any
	own  map[string]any // of own keys that have their form
	c    *Config        // what is read so far
}

func (l *loader) reader(vars map[string]any, c *Config) *reader {
	r := &reader{l: l, vars: vars, own: map[string]any{}, c: c}
	for _, k := range l.table {
		if value := l.nested[k.name].value; k.own() && k.form.fault(value) == nil {
			r.own[k.name] = value
		}
	}
	return r
}

// value is what a flag gives a key, else what the files say; nil is nothing, or null.
func (r *reader) value(k *key) any {
	if v, given := r.l.flag(k); given {
		return v
	}
	switch {
	case k.own():
		return r.own[k.name]
	case k.private != "": // which no template sees
		return r.l.settings[k.name].value
	}
	return r.vars[k.name]
}

// flag is what a flag of the command line gives a key.
func (l *loader) flag(k *key) (v any, given bool) {
	if k.flag == "" || l.sources.Flag == nil {
		return nil, false
	}
	text, given := l.sources.Flag(k.flag)
	if !given {
		return nil, false
	}
	v, err := resolve(text)
	if err != nil {
		v = text
	}
	return v, true
}

// at is the setting of a key, those below slipwayKey included.
func (r *reader) at(name string) setting { return r.l.at(name) }

func (l *loader) at(name string) setting {
	if s, nested := l.nested[name]; nested {
		return s
	}
	return l.settings[name]
}

// fail notes what is wrong with a key. What is said quotes values by quote alone, which bounds them.
func (r *reader) fail(name, what, hint string) {
	s := r.at(name)
	r.l.fail(problem.Problem{Path: s.path, Line: s.line, Text: "cannot read configuration: key " + name + " " + what, Hint: hint})
}

const quoteHint = "put the value in quotes"

// raw is a value as the files have it: another package reads it.
func (r *reader) raw(k *key) any { return r.value(k) }

// text reads a string; null is the default.
func (r *reader) text(k *key) string {
	switch v := r.value(k).(type) {
	case nil:
		return k.text()
	case string:
		return v
	case bool, int, float64, *big.Int, date:
		r.fail(k.name, "must be a string, got "+kind(v), quoteHint)
	default:
		r.fail(k.name, "must be a string, got "+kind(v), "write a single value in quotes")
	}
	return ""
}

// list reads a list of strings; null is the default.
func (r *reader) list(k *key) []string {
	v := r.value(k)
	if v == nil {
		return k.list()
	}
	items, ok := v.([]any)
	if !ok {
		r.fail(k.name, "must be a list of strings, got "+kind(v), "put each string on a line of its own after a dash")
		return nil
	}
	if len(items) > maxTexts {
		r.fail(k.name, fmt.Sprintf("has %d items, more than %d", len(items), maxTexts), "remove those that are not needed")
		return nil
	}
	return r.texts(k, items)
}

// maxTexts is how many items a list of strings may have: one for each image of ten large fleets.
const maxTexts = 100_000

func (r *reader) texts(k *key, items []any) []string {
	texts := make([]string, 0, len(items))
	for i, item := range items {
		s, ok := item.(string)
		if !ok {
			hint := quoteHint
			switch item.(type) {
			case []any, *Map:
				hint = "write a single value for each item; one with a colon or a comma needs quotes"
			}
			r.fail(k.name, fmt.Sprintf("must be a list of strings, but item %d is %s", i+1, kind(item)), hint)
			continue
		}
		texts = append(texts, s)
	}
	return texts
}

const durationHint = `write seconds, or a number with a unit like "90s" or "10m"`

// atLeast reads a time like "90s", or a number of seconds.
func atLeast(least time.Duration) func(*reader, *key) time.Duration {
	return func(r *reader, k *key) time.Duration {
		v := r.value(k)
		if v == nil {
			v = k.value
		}
		d, problem := durationOf(v)
		switch {
		case problem != "":
			r.fail(k.name, "must be a duration, got "+problem, durationHint)
		case d < 0 && least == 0:
			r.fail(k.name, "must not be less than zero", durationHint)
		case d < least:
			r.fail(k.name, "must be more than zero", durationHint)
		}
		return d
	}
}

// durationOf is the time that a value means, or what it is if it means none.
func durationOf(v any) (d time.Duration, problem string) {
	switch v := v.(type) {
	case string:
		d, err := time.ParseDuration(strings.TrimSpace(v))
		if err != nil {
			return 0, quote(v)
		}
		return d, ""
	case int:
		return seconds(float64(v)), ""
	case float64:
		return seconds(v), ""
	}
	return 0, kind(v)
}

// seconds is at most a year: a longer timeout is none, and must not overflow. No number is zero.
func seconds(f float64) time.Duration {
	const year = 365 * 24 * time.Hour
	switch {
	case f >= year.Seconds():
		return year
	case f > -year.Seconds():
		return time.Duration(f * float64(time.Second))
	}
	return 0
}

func (r *reader) limits(k *key) Limits {
	l, problems := parseLimits(r.value(k))
	for _, p := range problems {
		r.fail(k.name, "is not usable: "+p, `write it like "memory=4g,cpusetcpus=0-2", or leave the key out for no limits`)
	}
	return l
}
