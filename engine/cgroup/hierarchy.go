package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// hierarchy is one mounted tree of control groups.
type hierarchy struct {
	mount string   // where it is
	root  string   // the group that is seen there
	kinds []string // "" for version 2, else controllers and names as in cgroups(7)
}

// preferred are the hierarchies in which processes are kept together: version 2, and of version 1 those
// in which a group changes nothing for its processes.
var preferred = []string{"", "freezer", "pids", "name=systemd"}

// hierarchies are those that are mounted, the preferred ones first.
func hierarchies() ([]hierarchy, error) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot find control groups: %w", err)
	}
	list := parseMounts(string(data))
	slices.SortStableFunc(list, func(a, b hierarchy) int { return a.rank() - b.rank() })
	return list, nil
}

// parseMounts reads proc_pid_mountinfo(5).
func parseMounts(text string) []hierarchy {
	var list []hierarchy
	for line := range strings.Lines(text) {
		before, after, _ := strings.Cut(line, " - ")
		place, device := strings.Fields(before), strings.Fields(after)
		if len(place) < 5 || len(device) < 3 {
			continue
		}
		h := hierarchy{mount: unescape(place[4]), root: unescape(place[3])}
		switch device[0] {
		case "cgroup2":
			h.kinds = []string{""}
		case "cgroup":
			h.kinds = strings.Split(device[2], ",")
		default:
			continue
		}
		list = append(list, h)
	}
	return list
}

var escapes = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

func unescape(s string) string { return escapes.Replace(s) }

func (h hierarchy) rank() int {
	for i, kind := range preferred {
		if slices.Contains(h.kinds, kind) {
			return i
		}
	}
	return len(preferred)
}

// folder is where the group is that a process is in by its /proc/PID/cgroup.
func (h hierarchy) folder(own string) string {
	for line := range strings.Lines(own) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(fields) < 3 {
			continue
		}
		same := func(kind string) bool { return slices.Contains(h.kinds, kind) }
		if !slices.ContainsFunc(strings.Split(fields[1], ","), same) {
			continue
		}
		// A mount may show a part of the tree only, as in a container.
		if rel, ok := strings.CutPrefix(fields[2]+"/", strings.TrimSuffix(h.root, "/")+"/"); ok {
			return filepath.Join(h.mount, rel)
		}
	}
	return h.mount
}
