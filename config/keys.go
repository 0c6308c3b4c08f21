package config

import (
	"fmt"
	"math/big"
	"strings"
	"time"
)

// decode gives every known key its type. All problems are collected in l.errs.
func (l *loader) decode() *Config {
	vars := defaults()
	for name, s := range l.settings {
		vars[name] = s.value
	}
	ownAPTProxy := vars["apt_only_proxy"] != nil // an empty string is a choice, null is none
	if !ownAPTProxy {
		vars["apt_only_proxy"] = vars["http_proxy"]
	}
	delete(vars, "password")
	places := make(map[string]string, len(l.settings))
	for _, settings := range []map[string]setting{l.settings, l.nested} {
		for name, s := range settings {
			places[name] = fmt.Sprintf("%s:%d", s.path, s.line)
		}
	}
	r := &reader{l, vars}
	c := &Config{
		Registry:       r.text("registry", ""),
		Namespace:      r.namespace(),
		Password:       r.password(),
		HTTPProxy:      r.text("http_proxy", ""),
		APTOptions:     r.printed("apt_options", ""),
		APKOnlyProxy:   r.text("apk_only_proxy", ""),
		DNFOnlyProxy:   r.text("dnf_only_proxy", ""),
		TemplatePaths:  r.templatePaths(),
		ImageDigests:   r.digests(),
		SeedImage:      r.seed(),
		BaseImages:     r.iterated("base_images", nil),
		ScanWorkers:    r.workers(),
		VerifyCommand:  r.text("verify_command", "/bin/bash"),
		VerifyArgs:     r.iterated("verify_args", []string{"-c", "{path}/test.sh {image}"}),
		VerifyTimeout:  r.duration("verify_timeout", defaultVerifyTimeout, 1),
		FallbackAuthor: r.printed("fallback_author", "Author"),
		FallbackEmail:  r.printed("fallback_email", "email@domain"),
		Distribution:   r.distribution(),
		UpdateID:       r.printed("update_id", ""),
		CABundle:       r.text("ca_bundle", ""),
		Driver:         r.text("driver", "docker"),
		variables:      vars,
		private:        l.private(),
		places:         places,
		unknown:        l.unknownKeys(),
	}
	c.Username = r.username(c.Password != "")
	c.APTOnlyProxy = c.HTTPProxy
	if ownAPTProxy {
		c.APTOnlyProxy = r.aptProxy()
	}
	c.KnownUIDMappings = r.uids()
	c.ForceNumericUser = r.boolean("force_numeric_user")
	c.Strict = r.boolean("strict")
	c.TrustVersions = r.boolean("trust_versions")
	c.RegistryTrust = r.duration("registry_trust", defaultRegistryTrust, 0)
	c.Builder = r.builder()
	c.InsecureRegistries = r.list("insecure_registries", nil)
	c.ContainerLimits = r.limits()
	c.Slipway = r.own()
	return c
}

// reader takes values out of the variables and notes those of the wrong type.
type reader struct {
	l    *loader
	vars map[string]any
}

// at is the setting of a key, those below slipwayKey included.
func (r *reader) at(key string) setting {
	if s, nested := r.l.nested[key]; nested {
		return s
	}
	return r.l.settings[key]
}

func (r *reader) fail(key, problem, hint string) {
	s := r.at(key)
	r.l.errs = append(r.l.errs, &Error{
		Path: s.path, Line: s.line, Msg: "cannot read configuration: key " + key + " " + problem, Hint: hint,
	})
}

const quoteHint = "put the value in quotes"

// text reads a string; null is the default.
func (r *reader) text(key, ifNull string) string {
	switch v := r.vars[key].(type) {
	case nil:
		return ifNull
	case string:
		return v
	case bool, int, float64, *big.Int, Date:
		r.fail(key, "must be a string, got "+kind(v), quoteHint)
	default:
		r.fail(key, "must be a string, got "+kind(v), "write a single value in quotes")
	}
	return ""
}

// list reads a list of strings; null is the default.
func (r *reader) list(key string, ifNull []string) []string {
	v := r.vars[key]
	if v == nil {
		return ifNull
	}
	items, ok := v.([]any)
	if !ok {
		r.fail(key, "must be a list of strings, got "+kind(v), "put each string on a line of its own after a dash")
		return nil
	}
	if len(items) > maxTexts {
		r.fail(key, fmt.Sprintf("has %d items, more than %d", len(items), maxTexts), "remove those that are not needed")
		return nil
	}
	return r.texts(key, items)
}

// maxTexts is how many items a list of strings may have: one for each image of ten large fleets.
const maxTexts = 100_000

func (r *reader) texts(key string, items []any) []string {
	texts := make([]string, 0, len(items))
	for i, item := range items {
		s, ok := item.(string)
		if !ok {
			hint := quoteHint
			switch item.(type) {
			case []any, *Map:
				hint = "write a single value for each item; one with a colon or a comma needs quotes"
			}
			r.fail(key, fmt.Sprintf("must be a list of strings, but item %d is %s", i+1, kind(item)), hint)
			continue
		}
		texts = append(texts, s)
	}
	return texts
}

const (
	defaultVerifyTimeout = 10 * time.Minute
	defaultRegistryTrust = time.Minute
	durationHint         = `write seconds, or a number with a unit like "90s" or "10m"`
)

// duration reads a time like "90s", or a number of seconds.
func (r *reader) duration(key string, ifNull, least time.Duration) time.Duration {
	var d time.Duration
	switch v := r.vars[key].(type) {
	case nil:
		return ifNull
	case string:
		var err error
		if d, err = time.ParseDuration(strings.TrimSpace(v)); err != nil {
			r.fail(key, fmt.Sprintf("must be a duration, got %q", v), durationHint)
			return 0
		}
	case int:
		d = seconds(float64(v))
	case float64:
		d = seconds(v)
	default:
		r.fail(key, "must be a duration, got "+kind(v), durationHint)
		return 0
	}
	if d < 0 && least == 0 {
		r.fail(key, "must not be less than zero", durationHint)
	} else if d < least {
		r.fail(key, "must be more than zero", durationHint)
	}
	return d
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

func (r *reader) limits() Limits {
	const key = "container_limits"
	l, problems := parseLimits(r.vars[key])
	for _, p := range problems {
		r.fail(key, "is not usable: "+p, `write it like "memory=4g,cpusetcpus=0-2", or leave the key out for no limits`)
	}
	return l
}
