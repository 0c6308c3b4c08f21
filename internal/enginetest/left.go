package enginetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Left lists what of the machine belongs to a folder in which engines had the given root: "process …",
// "mount …", "cgroup …", "container …", sorted. Before the first of them, it is nothing. What goes away by
// itself within seconds is not listed: a container that begins, anybody's, sees all mounts of the machine.
func Left(folder, root string) (left []string, err error) {
	for range 50 {
		if left, err = LeftNow(folder, root); err != nil || len(left) == 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	return left, err
}

// LeftNow is Left without the wait.
func LeftNow(folder, root string) ([]string, error) {
	processes, err1 := leftProcesses(folder)
	mounts, err2 := leftMounts(folder)
	groups, err3 := leftGroups(root)
	containers, err4 := leftContainers(folder)
	left := slices.Concat(processes, mounts, groups, containers)
	slices.Sort(left)
	return left, errors.Join(err1, err2, err3, err4)
}

// leftProcesses are those whose command line or environment names the folder, or which see a mount of
// it that the machine itself does not have: those in containers.
func leftProcesses(folder string) (left []string, err error) {
	own, err := os.Readlink("/proc/self/ns/mnt")
	if err != nil {
		return nil, err
	}
	names, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil, err
	}
	for _, dir := range names {
		read := func(name string) []byte {
			data, _ := os.ReadFile(filepath.Join(dir, name)) // it may end meanwhile
			return data
		}
		command := read("cmdline")
		found := bytes.Contains(command, []byte(folder)) || bytes.Contains(read("environ"), []byte(folder))
		if ns, err := os.Readlink(filepath.Join(dir, "ns/mnt")); err == nil && ns != own && dir != "/proc/1" {
			found = found || bytes.Contains(read("mountinfo"), []byte(folder))
		}
		if found && filepath.Base(dir) != fmt.Sprint(os.Getpid()) {
			left = append(left, "process "+filepath.Base(dir)+" "+string(bytes.ReplaceAll(command, []byte{0}, []byte(" "))))
		}
	}
	return left, nil
}

func leftMounts(folder string) (left []string, err error) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(data)) {
		if strings.Contains(line, folder) {
			left = append(left, "mount "+strings.TrimSpace(line))
		}
	}
	return left, nil
}

// leftGroups are control groups with the root's mark.
func leftGroups(root string) (left []string, err error) {
	info, err := os.Stat(root)
	if err != nil {
		return nil, err
	}
	stat := info.Sys().(*syscall.Stat_t)
	mark := fmt.Sprintf("slipway-%x.%x-", stat.Dev, stat.Ino)
	_ = filepath.WalkDir("/sys/fs/cgroup", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || !d.IsDir(): // others' groups come and go
			return nil
		case d.Name() == "buildkit":
			return fs.SkipDir
		case strings.HasPrefix(d.Name(), mark):
			left = append(left, "cgroup "+path)
			return fs.SkipDir
		}
		return nil
	})
	return left, nil
}

// leftContainers are those that the OCI runtime knows.
func leftContainers(folder string) (left []string, err error) {
	var out []byte
	for range 20 { // it fails when a container goes away meanwhile
		if out, err = exec.Command("runc", "list", "--format", "json").Output(); err == nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	var list []struct{ ID, Bundle string }
	if err := json.Unmarshal(out, &list); err != nil {
		return nil, err
	}
	for _, c := range list {
		if strings.HasPrefix(c.Bundle, folder+"/") {
			left = append(left, "container "+c.ID)
		}
	}
	return left, nil
}
