package config

import (
	"fmt"
	"maps"
	"math/big"
	"runtime"
	"slices"
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
	r := &reader{l, vars}
	c := &Config{
		Registry:       r.text("registry", ""),
		Namespace:      r.text("namespace", ""),
		Username:       r.text("username", ""),
		Password:       r.password(),
		HTTPProxy:      r.text("http_proxy", ""),
		APTOptions:     r.text("apt_options", ""),
		APKOnlyProxy:   r.text("apk_only_proxy", ""),
		DNFOnlyProxy:   r.text("dnf_only_proxy", ""),
		TemplatePaths:  r.templatePaths(),
		ImageDigests:   r.digests(),
		SeedImage:      r.text("seed_image", ""),
		BaseImages:     r.list("base_images", nil),
		ScanWorkers:    r.workers(),
		VerifyCommand:  r.text("verify_command", "/bin/bash"),
		VerifyArgs:     r.list("verify_args", []string{"-c", "{path}/test.sh {image}"}),
		VerifyTimeout:  r.timeout(),
		FallbackAuthor: r.text("fallback_author", "Author"),
		FallbackEmail:  r.text("fallback_email", "email@domain"),
		Distribution:   r.text("distribution", "wikimedia"),
		UpdateID:       r.text("update_id", ""),
		CABundle:       r.text("ca_bundle", ""),
		Driver:         r.text("driver", "docker"),
		variables:      vars,
	}
	c.APTOnlyProxy = c.HTTPProxy
	if ownAPTProxy {
		c.APTOnlyProxy = r.text("apt_only_proxy", "")
	}
	c.KnownUIDMappings = r.uids()
	c.ForceNumericUser = r.boolean("force_numeric_user")
	c.Strict = r.boolean("strict")
	c.ContainerLimits = r.limits()
	return c
}

// reader takes values out of the variables and notes those of the wrong type.
type reader struct {
	l    *loader
	vars map[string]any
}

func (r *reader) fail(key, problem, hint string) {
	s := r.l.settings[key]
	r.l.errs = append(r.l.errs, &Error{
		Path: s.path, Line: s.line, Msg: "cannot read configuration: key " + key + " " + problem, Hint: hint,
	})
}

const quoteHint = "put the value in quotes"

// text reads a string; null is the default. An update_id or a driver may look like a number.
func (r *reader) text(key, ifNull string) string {
	switch v := r.vars[key].(type) {
	case nil:
		return ifNull
	case string:
		return v
	case int:
		if key == "update_id" {
			return pythonString(v)
		}
		r.fail(key, "must be a string, got "+kind(v), quoteHint)
	case bool, float64, *big.Int, Date:
		r.fail(key, "must be a string, got "+kind(v), quoteHint)
	default:
		r.fail(key, "must be a string, got "+kind(v), "")
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
	texts := make([]string, 0, len(items))
	for i, item := range items {
		s, ok := item.(string)
		if !ok {
			r.fail(key, fmt.Sprintf("must be a list of strings, but item %d is %s", i+1, kind(item)), quoteHint)
			continue
		}
		texts = append(texts, s)
	}
	return texts
}

// workers reads scan_workers. Null leaves the number to Python's thread pool: four more than there
// are processors, 32 at most.
func (r *reader) workers() int {
	const key = "scan_workers"
	switch v := r.vars[key].(type) {
	case nil:
		return min(runtime.NumCPU()+4, 32)
	case int:
		if v > 0 {
			return v
		}
		r.fail(key, fmt.Sprintf("must be at least 1, got %d", v), "")
	default:
		r.fail(key, "must be an integer, got "+kind(v), "")
	}
	return 0
}

// boolean takes an integer too, as Python's if does.
func (r *reader) boolean(key string) bool {
	switch v := r.vars[key].(type) {
	case nil:
	case bool:
		return v
	case int:
		return v != 0
	default:
		r.fail(key, "must be a boolean, got "+kind(v), "write true or false, without quotes")
	}
	return false
}

const defaultVerifyTimeout = 10 * time.Minute

func (r *reader) timeout() time.Duration {
	const key = "verify_timeout"
	var d time.Duration
	switch v := r.vars[key].(type) {
	case nil:
		return defaultVerifyTimeout
	case string:
		var err error
		if d, err = time.ParseDuration(strings.TrimSpace(v)); err != nil {
			r.fail(key, fmt.Sprintf("must be a duration, got %q", v), `write seconds, or a number with a unit like "90s" or "10m"`)
			return 0
		}
	case int:
		d = seconds(float64(v))
	case float64:
		d = seconds(v)
	default:
		r.fail(key, "must be a duration, got "+kind(v), "")
		return 0
	}
	if d <= 0 {
		r.fail(key, "must be more than zero", "")
	}
	return d
}

// seconds is at most a year: a longer timeout is none, and must not overflow. No number is zero.
func seconds(f float64) time.Duration {
	const year = 365 * 24 * time.Hour
	switch {
	case f >= year.Seconds():
		return year
	case f > 0:
		return time.Duration(f * float64(time.Second))
	}
	return 0
}

func (r *reader) uids() map[string]string {
	const key = "known_uid_mappings"
	uids := map[string]string{}
	v := r.vars[key]
	m, ok := v.(*Map)
	if !ok && v != nil {
		r.fail(key, "must be a mapping of user names to user ids, got "+kind(v), "")
	}
	if !ok {
		return uids
	}
	for _, item := range m.Items() {
		user := pythonString(item.Key)
		switch id := item.Value.(type) {
		case int:
			uids[user] = pythonString(id)
		case string:
			uids[user] = id
		default:
			r.fail(key, fmt.Sprintf("must map %q to a number, got %s", user, kind(id)), "")
		}
	}
	return uids
}

func (r *reader) limits() Limits {
	const key = "container_limits"
	l, problems := parseLimits(r.vars[key])
	for _, p := range problems {
		r.fail(key, "is not usable: "+p, "")
	}
	return l
}

// KnownKeys returns the keys that act on Slipway, sorted. All others are variables for templates.
func KnownKeys() []string {
	keys := slices.Collect(maps.Keys(defaults()))
	keys = append(keys, "password", "password_file", "seed_image", "verify_timeout", "container_limits", "driver",
		"template_paths", "image_digests", "apk_only_proxy", "dnf_only_proxy")
	slices.Sort(keys)
	return keys
}
