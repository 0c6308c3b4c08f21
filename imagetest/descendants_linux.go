package imagetest

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
)

// process is one of the machine's, as proc_pid_stat(5) has it.
type process struct {
	pid, parent int
	start       string // in clock ticks since the machine's
}

// descendants are the children of a process, theirs, and so on.
func descendants(of int) []process {
	names, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil
	}
	children := map[int][]process{}
	for _, name := range names {
		pid, err := strconv.Atoi(filepath.Base(name))
		if err != nil {
			continue
		}
		if p, err := readProcess(pid); err == nil {
			children[p.parent] = append(children[p.parent], p)
		}
	}
	var out []process
	for next := children[of]; len(next) > 0; next = next[1:] {
		out = append(out, next[0])
		next = append(next, children[next[0].pid]...)
	}
	return out
}

func readProcess(pid int) (process, error) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return process{}, err
	}
	// The second field is the command's name in parentheses, which may hold anything.
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	if len(fields) < 20 {
		return process{}, errors.New("it is too short")
	}
	parent, err := strconv.Atoi(string(fields[1]))
	return process{pid: pid, parent: parent, start: string(fields[19])}, err
}
