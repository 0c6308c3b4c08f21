package config

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/slipway-build/slipway/pattern"
	"github.com/slipway-build/slipway/platform"
)

// stars stand for a secret, as in all that is said.
const stars = "***"

// plain makes of a value what JSON has: nil, a bool, a number, a string, []any or map[string]any.
func plain(v any) any {
	switch v := v.(type) {
	case []any:
		return listFrom(v)
	case []string:
		return listFrom(v)
	case []Listed:
		return listFrom(v)
	case []platform.Platform:
		return listFrom(v)
	case []SecretGrant:
		return listFrom(v)
	case []AgentGrant:
		return listFrom(v)
	case *Map:
		m := map[string]any{}
		v.Each(func(key, value any) { m[pythonString(key)] = plain(value) })
		return m
	case map[string]string:
		m := map[string]any{}
		for name, value := range v {
			m[name] = value
		}
		return m
	case Limits:
		return filled("memory", v.Memory, "memswap", v.MemSwap, "cpushares", v.CPUShares, "cpusetcpus", v.CPUSetCPUs)
	case Listed:
		return v.plain()
	case SecretGrant:
		return filled("images", v.Images, "id", v.ID, "src", v.File, "env", v.Env)
	case AgentGrant:
		return filled("images", v.Images, "id", v.ID, "paths", v.Paths, "raw", v.Raw)
	case platform.Platform:
		return string(v)
	case Secret:
		if v == "" {
			return ""
		}
		return stars
	}
	return plainScalar(v)
}

func plainScalar(v any) any {
	switch v := v.(type) {
	case *big.Int:
		return json.Number(v.String())
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return pythonString(v)
		}
	case time.Duration:
		return durationText(v)
	case date, binary:
		return fmt.Sprint(v)
	}
	return v
}

func listFrom[T any](items []T) []any {
	list := make([]any, 0, len(items))
	for _, item := range items {
		list = append(list, plain(item))
	}
	return list
}

// filled is a mapping of names and values that follow one another in pairs, without the values that are zero.
func filled(pairs ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		switch value := plain(pairs[i+1]); {
		case isEmpty(value), value == false, value == int64(0), value == uint64(0):
		default:
			m[pairs[i].(string)] = value
		}
	}
	return m
}

// plain is the entry as a file would have it, without what is the default.
func (l Listed) plain() map[string]any {
	m := filled("name", l.Name, "from", l.From, "dockerfile", l.Dockerfile, "target", l.Target, "test", l.Test)
	for name, list := range map[string][]string{"tags": l.Tags, "platforms": l.Platforms, "depends": l.Depends} {
		if len(list) > 0 {
			m[name] = plain(list)
		}
	}
	if len(l.Args) > 0 {
		m["args"] = plain(l.Args)
	}
	if l.Submodules != nil {
		m["submodules"] = plain(l.Submodules)
	}
	if l.NoFilters {
		m["filters"] = false
	}
	return m
}

// durationText is 10m for what Go prints as 10m0s.
func durationText(d time.Duration) string {
	text := d.String()
	if rest, ok := strings.CutSuffix(text, "m0s"); ok {
		text = rest + "m"
	}
	if rest, ok := strings.CutSuffix(text, "h0m"); ok {
		text = rest + "h"
	}
	return text
}

// inAddress finds passwords in addresses, wherever they stand in a text.
var inAddress = pattern.New(`(://[^/\s:@]*:)[^/\s]*@`)

// masked hides in a plain value the passwords of addresses and, where a name may be a secret's, what looks
// like one by its name or its form.
func masked(name string, v any, likely bool) any {
	switch v := v.(type) {
	case string:
		if form := secretForm(v); likely && v != "" && (namedSecret(name, v) || form != "" && form != addressForm) {
			return stars
		}
		if password := AddressPassword(v); password != "" {
			v = strings.Replace(v, ":"+password+"@", ":"+stars+"@", 1)
		}
		return inAddress.ReplaceAllString(v, "${1}"+stars+"@")
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = masked(name, item, likely)
		}
		return list
	case map[string]any:
		m := make(map[string]any, len(v))
		for part, value := range v {
			m[part] = masked(part, value, likely)
		}
		return m
	case nil, bool:
		return v
	}
	if likely && namedSecret(name, fmt.Sprint(v)) { // a number may be a password
		return stars
	}
	return v
}
