// Package cgroup keeps the control groups of a run under a name that says whose they are: the engine's
// root, the process and when it started. By it the next run finds what a killed one left, and ends it.
//
// Version 1 and 2 of cgroups(7) are used as they are mounted. Where none can be written, as in many
// containers, there are no groups, and nothing depends on them.
package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Run are the control groups of one process that holds an engine's root.
type Run struct {
	mark string // of the root, on this machine; the beginning of name
	name string // of this process' groups: "slipway-DEVICE.INODE-PID.START"
}

// Of is this process' Run for a root, which must exist. Nothing is made yet.
func Of(root string) (Run, error) {
	info, err := os.Stat(root)
	if err != nil {
		return Run{}, fmt.Errorf("cannot name control groups: %w", err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return Run{}, errors.New("cannot name control groups: the root has no device and inode")
	}
	start, err := startTime("self")
	if err != nil {
		return Run{}, fmt.Errorf("cannot name control groups: %w", err)
	}
	// Device and inode, as two containers may call two folders by one name.
	mark := fmt.Sprintf("slipway-%x.%x-", uint64(stat.Dev), stat.Ino)
	return Run{mark: mark, name: fmt.Sprintf("%s%d.%d", mark, os.Getpid(), start)}, nil
}

// startTime is when a process began, in the clock ticks of proc_pid_stat(5).
func startTime(pid string) (uint64, error) {
	data, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return 0, err
	}
	// The second field is the command's name in parentheses, which may hold anything.
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+1:]))
	if len(fields) < 20 {
		return 0, errors.New("cannot read /proc/" + pid + "/stat: it is too short")
	}
	return strconv.ParseUint(fields[19], 10, 64)
}

// Parent is the path below which the OCI runtime is to make its groups.
func (r Run) Parent() string { return "/" + r.name }

// Group is one control group, for whatever starts in it.
type Group struct{ dir string }

// New makes a group below this process' own, whose limits count for it. There is an error where
// control groups cannot be made.
func (r Run) New(sub string) (*Group, error) {
	if r.name == "" {
		return nil, errors.New("cannot make a control group: there is no engine")
	}
	list, err := hierarchies()
	if err != nil {
		return nil, err
	}
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, fmt.Errorf("cannot find this process' control group: %w", err)
	}
	err = errors.New("no hierarchy is mounted")
	for _, h := range list {
		dir := filepath.Join(h.folder(string(own)), r.name, sub)
		if err = os.MkdirAll(dir, 0o755); err == nil {
			return &Group{dir}, nil
		}
	}
	return nil, fmt.Errorf("cannot make a control group: %w", err)
}

// Procs is the file that moves the process that writes "0" into it, and all that it starts later.
func (g *Group) Procs() string { return filepath.Join(g.dir, "cgroup.procs") }

// End kills all processes of the group and removes it.
func (g *Group) End() error { return end(g.dir) }

// End ends this process' groups. Containers are the names of those that the OCI runtime had in them.
func (r Run) End() (containers []string, err error) {
	if r.name == "" { // without a name it would be everybody's
		return nil, nil
	}
	list, err := hierarchies()
	if err != nil {
		return nil, err
	}
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, fmt.Errorf("cannot find this process' control group: %w", err)
	}
	var dirs []string
	for _, h := range list {
		dirs = append(dirs, filepath.Join(h.mount, r.name), filepath.Join(h.folder(string(own)), r.name))
	}
	return endAll(dirs)
}

// Sweep ends the groups of the root's earlier holders. Only who holds the root may call it.
func (r Run) Sweep() (containers []string, err error) {
	if r.name == "" {
		return nil, nil
	}
	list, err := hierarchies()
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, h := range list {
		// A group may vanish while it is looked at.
		_ = filepath.WalkDir(h.mount, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil && d != nil && d.IsDir():
				return fs.SkipDir
			case err != nil || !d.IsDir():
				return nil
			case !strings.HasPrefix(d.Name(), r.mark):
				return nil
			}
			if d.Name() != r.name && !lives(strings.TrimPrefix(d.Name(), r.mark)) {
				dirs = append(dirs, path)
			}
			return fs.SkipDir
		})
	}
	return endAll(dirs)
}

// lives tells whether the process "PID.START" still runs.
func lives(process string) bool {
	pid, start, _ := strings.Cut(process, ".")
	if _, err := strconv.Atoi(pid); err != nil {
		return false
	}
	now, err := startTime(pid)
	return err == nil && strconv.FormatUint(now, 10) == start
}

// Remove ends the group at parent/name of every hierarchy, a container's.
func Remove(parent, name string) error {
	if strings.Trim(name, "./") == "" {
		return fmt.Errorf("internal error: %q is no container's control group", name)
	}
	list, err := hierarchies()
	if err != nil {
		return err
	}
	var dirs []string
	for _, h := range list {
		dirs = append(dirs, filepath.Join(h.mount, parent, name))
	}
	_, err = endAll(dirs)
	return err
}
