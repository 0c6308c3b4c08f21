package dockerapi

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	api "github.com/moby/moby/api/types/container"
	"github.com/slipway-build/slipway/engine/container"
	"github.com/slipway-build/slipway/ref"
)

// filters are the values asked for, by the filter's name.
type filters map[string][]string

// parseFilters reads both of the notations that Docker's clients use: a list of
// values, or a map of values to true.
func parseFilters(text string) (filters, error) {
	out := filters{}
	if text == "" {
		return out, nil
	}
	if json.Unmarshal([]byte(text), &out) == nil {
		return out, nil
	}
	var sets map[string]map[string]bool
	if err := json.Unmarshal([]byte(text), &sets); err != nil {
		return nil, badRequest("cannot read filters: %v", err)
	}
	out = filters{}
	for name, values := range sets {
		for value, on := range values {
			if on {
				out[name] = append(out[name], value)
			}
		}
	}
	return out, nil
}

// match says whether a container passes: one value of each filter must fit, all
// values of label.
func (f filters) match(c *instance, name string, state api.State) (bool, error) {
	for key, values := range f {
		var fits func(string) bool
		switch key {
		case "id":
			fits = func(v string) bool { return strings.HasPrefix(c.id, v) }
		case "name":
			fits = func(v string) bool { return matchName(v, name) }
		case "status":
			fits = func(v string) bool { return string(state.Status) == v }
		case "health":
			fits = func(v string) bool { return string(healthStatus(state)) == v }
		case "volume":
			fits = func(v string) bool { return c.hasMount(v) }
		case "exited":
			fits = func(v string) bool { return state.Status == api.StateExited && strconv.Itoa(state.ExitCode) == v }
		case "ancestor":
			fits = func(v string) bool {
				return v == c.config.Image || ref.Canonical(v) == c.image.Name || strings.HasPrefix(c.image.Digest, v)
			}
		case "label":
			for _, v := range values {
				if !matchLabel(v, c.config.Labels) {
					return false, nil
				}
			}
			continue
		default:
			return false, notDone("filtering containers by %q", key)
		}
		if !slices.ContainsFunc(values, fits) {
			return false, nil
		}
	}
	return true, nil
}

func healthStatus(state api.State) api.HealthStatus {
	if state.Health == nil {
		return api.NoHealthcheck
	}
	return state.Health.Status
}

// hasMount tells whether a volume of that name, or a mount with that target, is the container's.
func (c *instance) hasMount(value string) bool {
	return slices.ContainsFunc(c.spec.Mounts, func(m container.Mount) bool { return m.Volume == value || m.Target == value })
}

// matchName treats the value as a regular expression on the name with or
// without its slash, as Docker does.
func matchName(value, name string) bool {
	if value == name || value == "/"+name {
		return true
	}
	re, err := regexp.Compile(value)
	return err == nil && (re.MatchString(name) || re.MatchString("/"+name))
}

func matchLabel(value string, labels map[string]string) bool {
	key, want, hasValue := strings.Cut(value, "=")
	got, ok := labels[key]
	return ok && (!hasValue || got == want)
}

func itoa[T int | uint16](n T) string { return strconv.Itoa(int(n)) }

func atoi(s string) uint16 {
	n, _ := strconv.ParseUint(s, 10, 16)
	return uint16(n)
}

// writeBody adds a JSON value to an answer whose headers are sent.
func writeBody(w http.ResponseWriter, value any) {
	_ = json.NewEncoder(w).Encode(value)
}
