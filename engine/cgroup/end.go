package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// endPatience is how long the processes of a group may take to die.
const endPatience = 5 * time.Second

// containerParent is the folder that BuildKit puts between the parent it is given and its containers.
const containerParent = "buildkit"

// endAll ends groups, of which some may not exist. Containers are the names of those that were in them.
func endAll(dirs []string) (containers []string, err error) {
	slices.Sort(dirs)
	var errs []error
	for _, dir := range slices.Compact(dirs) {
		entries, err := os.ReadDir(filepath.Join(dir, containerParent))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
		for _, e := range entries {
			if e.IsDir() {
				containers = append(containers, e.Name())
			}
		}
		errs = append(errs, end(dir))
	}
	slices.Sort(containers)
	return slices.Compact(containers), errors.Join(errs...)
}

// end kills the processes in a group and below and removes it.
func end(dir string) error {
	deadline := time.Now().Add(endPatience)
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		groups, err := tree(dir)
		if len(groups) == 0 {
			return err
		}
		for _, g := range slices.Backward(groups) { // what is below goes first
			kill(g)
			if e := syscall.Rmdir(g); e != nil && !errors.Is(e, fs.ErrNotExist) {
				err = fmt.Errorf("cannot remove control group %s: %w", g, e)
			}
		}
		if err == nil || !errors.Is(err, syscall.EBUSY) || time.Now().After(deadline) {
			return err
		}
		time.Sleep(wait)
	}
}

// tree are the group and those below it, each before its own. One that is not there has none.
func tree(dir string) (groups []string, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && d.IsDir() {
			groups = append(groups, path)
		}
		return err
	})
	return groups, err
}

// kill kills the processes of one group, but for this one.
func kill(dir string) {
	data, err := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	if err != nil || len(data) == 0 {
		return
	}
	own := strconv.Itoa(os.Getpid())
	list := strings.Fields(string(data))
	if !slices.Contains(list, own) && os.WriteFile(filepath.Join(dir, "cgroup.kill"), []byte("1"), 0) == nil {
		return // the kernel (5.14) leaves nobody the time to fork
	}
	for _, field := range list {
		// 0 is a process that this process' namespace does not know.
		if pid, err := strconv.Atoi(field); err == nil && pid > 1 && field != own {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}
