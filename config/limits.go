package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/slipway-build/slipway/pattern"
)

// Limits bound what a RUN step may use. A zero field is no limit. The names are docker-pkg's, which
// are those of the Docker API's build call.
type Limits struct {
	Memory     int64  // memory: bytes
	MemSwap    int64  // memswap: bytes of memory and swap together; -1 is unlimited
	CPUShares  uint64 // cpushares: weight against other containers, 1024 being the usual one
	CPUSetCPUs string // cpusetcpus: the CPUs to run on, like "0-2" or "0,2"
}

var limitKeys = []string{"memory", "memswap", "cpushares", "cpusetcpus"}

// parseLimits reads the string "memory=4000000,cpusetcpus=0-2" or a mapping of the same keys. It
// returns every problem as a phrase.
func parseLimits(v any) (l Limits, problems []string) {
	add := func(key string, value any) {
		if err := l.set(key, value); err != nil {
			problems = append(problems, err.Error())
		}
	}
	switch v := v.(type) {
	case nil:
	case string:
		for setting := range strings.SplitSeq(v, ",") {
			key, value, ok := strings.Cut(setting, "=")
			switch {
			case ok:
				add(strings.TrimSpace(key), strings.TrimSpace(value))
			case strings.TrimSpace(v) != "":
				problems = append(problems, quote(setting)+" is not like key=value")
			}
		}
	case *Map:
		for _, item := range v.Items() {
			add(pythonString(item.Key), item.Value)
		}
	default:
		return l, []string{"it must be a string or a mapping, got " + kind(v)}
	}
	if len(problems) == 0 {
		problems = l.check()
	}
	return l, problems
}

func (l *Limits) set(key string, v any) error {
	if v == nil {
		return nil
	}
	text := pythonString(v)
	switch v.(type) {
	case string, int:
	default:
		return fmt.Errorf("%s must be a number or a string, got %s", Clip(key), kind(v))
	}
	var err error
	switch key {
	case "memory":
		l.Memory, err = parseSize(text)
	case "memswap":
		if text == "-1" {
			l.MemSwap = -1
			return nil
		}
		l.MemSwap, err = parseSize(text)
	case "cpushares":
		if l.CPUShares, err = strconv.ParseUint(text, 10, 63); err != nil {
			err = fmt.Errorf("%s is not a whole number", quote(text))
		}
	case "cpusetcpus":
		l.CPUSetCPUs, err = text, checkCPUSet(text)
	default:
		return fmt.Errorf("there is no limit %s, only %s", quote(key), strings.Join(limitKeys, ", "))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// check has the rules that Docker has for memory and swap.
func (l *Limits) check() []string {
	switch {
	case l.MemSwap > 0 && l.Memory == 0:
		return []string{"memswap needs memory too: it is the sum of memory and swap"}
	case l.MemSwap > 0 && l.MemSwap < l.Memory:
		return []string{"memswap is less than memory: it is the sum of memory and swap"}
	}
	return nil
}

var sizePattern = pattern.New(`^(\d+(?:\.\d+)?) ?(?i:([bkmgt]?)|([kmgt])i?b)$`)

// parseSize reads bytes, with the suffixes b, k, m, g and t that Docker takes: powers of 1024.
func parseSize(s string) (int64, error) {
	m := sizePattern.FindStringSubmatch(s)
	if m == nil {
		return 0, fmt.Errorf("%s is not a size like 4000000, 512m or 4g", quote(s))
	}
	power := max(slices.Index([]string{"b", "k", "m", "g", "t"}, strings.ToLower(m[2]+m[3])), 0)
	unit := int64(1) << (10 * power)
	if n, err := strconv.ParseInt(m[1], 10, 64); err == nil && n <= math.MaxInt64/unit {
		return n * unit, nil
	}
	f, err := strconv.ParseFloat(m[1], 64)
	if f *= float64(unit); err != nil || f >= math.MaxInt64 {
		return 0, fmt.Errorf("%s is too large", quote(s))
	}
	return int64(f), nil
}

// checkCPUSet accepts numbers and ranges between commas, as in cpuset(7).
func checkCPUSet(s string) error {
	for part := range strings.SplitSeq(s, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		a, err1 := strconv.ParseUint(first, 10, 16)
		b, err2 := strconv.ParseUint(last, 10, 16)
		if err1 != nil || err2 != nil || b < a {
			return fmt.Errorf("%s is not a list of CPUs like 0-2 or 0,2", quote(s))
		}
	}
	return nil
}
