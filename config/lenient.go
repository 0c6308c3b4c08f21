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
func (r *reader) printed(k *key) string {
	v := r.value(k)
	switch v.(type) {
	case nil:
		return k.text()
	case string, int, float64, *big.Int:
	default:
		r.warn(k.name, "is "+kind(v)+": it becomes text as Python prints it")
	}
	return pythonString(v)
}

// updateID reads update_id: null is no letter.
func (r *reader) updateID(k *key) string {
	if r.value(k) == nil {
		return ""
	}
	return r.printed(k)
}

// warn does not show the value, as fail does not.
func (r *reader) warn(name, text string) {
	s := r.at(name)
	r.l.warn(fmt.Sprintf("%s:%d: key %s %s", s.path, s.line, name, text))
}

// aptProxy reads apt_only_proxy, which is none when Python's if says so.
func (r *reader) aptProxy(k *key) string {
	switch {
	case r.l.settings[k.name].value == nil:
		return r.c.HTTPProxy
	case !pythonTrue(r.value(k)):
		return ""
	}
	return r.printed(k)
}

// username must be a text only where somebody logs in with it: with a password, and when Python's
// if does not hold it for none.
func (r *reader) username(k *key) string {
	switch {
	case !pythonTrue(r.value(k)):
		return ""
	case r.c.Password != "":
		return r.text(k)
	}
	return r.printed(k)
}

// namespace refuses what would take the registry's place, see joinPath: no image can be called so.
func (r *reader) namespace(k *key) string {
	name := r.text(k)
	if strings.HasPrefix(name, "/") {
		r.fail(k.name, fmt.Sprintf("begins with a slash: %s would replace the registry, and no image can have such a name", quote(name)),
			"remove the slash")
	} else if name != "" && r.l.settings["registry"].value == nil { // an empty text is a choice
		r.warn(k.name, "stands without the key registry: images are called "+Clip(name)+"/NAME, and nothing is published")
	}
	return name
}

// distribution is empty unless a file has the key: the default that templates see is that of docker-pkg's
// own fleet, and no word for the changelogs of another.
func (r *reader) distribution(k *key) string {
	if r.l.settings[k.name].value == nil {
		return ""
	}
	return r.text(k)
}

// seed reads seed_image, which is but a variable to docker-pkg: it may be anything.
func (r *reader) seed(k *key) string {
	name, _ := r.value(k).(string)
	return name
}

// iterated reads a list of strings, as Python's for goes through it: a mapping by its keys, and what
// is empty not at all. A text would fall apart into characters: it is an error. Null is the default.
func (r *reader) iterated(k *key) []string {
	switch v := r.value(k).(type) {
	case string:
		if v == "" {
			return nil
		}
	case *Map:
		keys := make([]any, 0, v.Len())
		for _, item := range v.Items() {
			keys = append(keys, item.Key)
		}
		return r.texts(k, keys)
	}
	return r.list(k)
}

// workers reads scan_workers. Null leaves the number to Python's thread pool: four more than there
// are processors, 32 at most. The pool takes true for 1 and rounds up.
func (r *reader) workers(k *key) int {
	const most = 1 << 20 // more threads than any machine has
	n := 0.0
	switch v := r.value(k).(type) {
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
		r.fail(k.name, "must be a number, got "+kind(v), "write a number without quotes, such as 8")
		return 0
	}
	if !(n > 0) {
		r.fail(k.name, "must be at least 1, got "+Clip(pythonString(r.value(k))), "write how many definitions to read at once, such as 8")
		return 0
	}
	return int(math.Min(math.Ceil(n), most))
}

// boolean is Python's if.
func (r *reader) boolean(k *key) bool {
	v := r.value(k)
	switch v.(type) {
	case nil:
		v = k.value
	case bool, int:
	default:
		r.warn(k.name, fmt.Sprintf("is %s, which counts as %t: write true or false, without quotes", kind(v), pythonTrue(v)))
	}
	return pythonTrue(v)
}

// uids reads known_uid_mappings. What is empty maps nobody.
func (r *reader) uids(k *key) map[string]string {
	uids := map[string]string{}
	v := r.value(k)
	m, ok := v.(*Map)
	if !ok {
		if pythonTrue(v) || !isCollection(v) {
			r.fail(k.name, "must be a mapping of user names to user ids, got "+kind(v), "write each user on a line of its own, such as \"  www-data: 33\"")
		}
		return uids
	}
	for _, item := range m.Items() {
		user := pythonString(item.Key)
		switch item.Value.(type) {
		case int, string, *big.Int:
		default:
			r.warn(k.name, fmt.Sprintf("maps %s to %s, not to a whole number: it becomes text as Python prints it", quote(user), kind(item.Value)))
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
