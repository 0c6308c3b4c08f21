package config

import (
	"fmt"
	"math"
	"math/big"
	"runtime"
	"strings"
)

// The readers of this file take what docker-pkg takes: it never looks at a value's type, and prints
// or tests it as Python does. A value is an error where docker-pkg fails with it, whatever the fleet.

// printed reads a value that ends up in a text; null is the default.
func (r *reader) printed(key, ifNull string) string {
	v := r.vars[key]
	switch v.(type) {
	case nil:
		return ifNull
	case string, int, float64, *big.Int:
	default:
		r.warn(key, "is "+kind(v)+": it becomes text as Python prints it")
	}
	return pythonString(v)
}

// warn does not show the value, as fail does not.
func (r *reader) warn(key, text string) {
	s := r.at(key)
	r.l.warnings = append(r.l.warnings, fmt.Sprintf("%s:%d: key %s %s", s.path, s.line, key, text))
}

// aptProxy reads apt_only_proxy, which is none when Python's if says so.
func (r *reader) aptProxy() string {
	if !pythonTrue(r.vars["apt_only_proxy"]) {
		return ""
	}
	return r.printed("apt_only_proxy", "")
}

// username must be a text only where somebody logs in with it: with a password, and when Python's
// if does not hold it for none.
func (r *reader) username(login bool) string {
	const key = "username"
	switch {
	case !pythonTrue(r.vars[key]):
		return ""
	case login:
		return r.text(key, "")
	}
	return r.printed(key, "")
}

// namespace refuses what would take the registry's place, see joinPath: no image can be called so.
func (r *reader) namespace() string {
	name := r.text("namespace", "")
	if strings.HasPrefix(name, "/") {
		r.fail("namespace", fmt.Sprintf("begins with a slash: %q would replace the registry, and no image can have such a name", name),
			"remove the slash")
	} else if name != "" && r.l.settings["registry"].value == nil { // an empty text is a choice
		r.warn("namespace", "stands without the key registry: images are called "+name+"/NAME, and nothing is published")
	}
	return name
}

// distribution is empty unless a file has the key: the default that templates see is that of docker-pkg's
// own fleet, and no word for the changelogs of another.
func (r *reader) distribution() string {
	if r.l.settings["distribution"].value == nil {
		return ""
	}
	return r.text("distribution", "")
}

// seed reads seed_image, which is but a variable to docker-pkg: it may be anything.
func (r *reader) seed() string {
	name, _ := r.vars["seed_image"].(string)
	return name
}

// iterated reads a list of strings, as Python's for goes through it: a mapping by its keys, and what
// is empty not at all. A text would fall apart into characters: it is an error. Null is the default.
func (r *reader) iterated(key string, ifNull []string) []string {
	switch v := r.vars[key].(type) {
	case string:
		if v == "" {
			return nil
		}
	case *Map:
		keys := make([]any, 0, v.Len())
		for _, item := range v.Items() {
			keys = append(keys, item.Key)
		}
		return r.texts(key, keys)
	}
	return r.list(key, ifNull)
}

// workers reads scan_workers. Null leaves the number to Python's thread pool: four more than there
// are processors, 32 at most. The pool takes true for 1 and rounds up.
func (r *reader) workers() int {
	const key = "scan_workers"
	const most = 1 << 20 // more threads than any machine has
	n := 0.0
	switch v := r.vars[key].(type) {
	case nil:
		return min(runtime.NumCPU()+4, 32)
	case bool:
		if v {
			n = 1
		}
	case int:
		n = float64(v)
	case *big.Int:
		n, _ = new(big.Float).SetInt(v).Float64()
	case float64:
		n = v
	default:
		r.fail(key, "must be a number, got "+kind(v), "write a number without quotes, such as 8")
		return 0
	}
	if !(n > 0) {
		r.fail(key, "must be at least 1, got "+pythonString(r.vars[key]), "write how many definitions to read at once, such as 8")
		return 0
	}
	return int(math.Min(math.Ceil(n), most))
}

// boolean is Python's if.
func (r *reader) boolean(key string) bool {
	v := r.vars[key]
	switch v.(type) {
	case nil, bool, int:
	default:
		r.warn(key, fmt.Sprintf("is %s, which counts as %t: write true or false, without quotes", kind(v), pythonTrue(v)))
	}
	return pythonTrue(v)
}

// uids reads known_uid_mappings. What is empty maps nobody.
func (r *reader) uids() map[string]string {
	const key = "known_uid_mappings"
	uids := map[string]string{}
	v := r.vars[key]
	m, ok := v.(*Map)
	if !ok {
		if pythonTrue(v) || !isCollection(v) {
			r.fail(key, "must be a mapping of user names to user ids, got "+kind(v), "write each user on a line of its own, such as \"  www-data: 33\"")
		}
		return uids
	}
	for _, item := range m.Items() {
		user := pythonString(item.Key)
		switch item.Value.(type) {
		case int, string, *big.Int:
		default:
			r.warn(key, fmt.Sprintf("maps %q to %s, not to a whole number: it becomes text as Python prints it", user, kind(item.Value)))
		}
		uids[user] = pythonString(item.Value)
	}
	return uids
}

// isCollection reports what "in" may follow in Python. Null fails only where a template asks.
func isCollection(v any) bool {
	switch v.(type) {
	case nil, string, []any, *Map:
		return true
	}
	return false
}
