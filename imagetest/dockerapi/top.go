package dockerapi

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	api "github.com/moby/moby/api/types/container"
)

// topContainer shows the container's processes as ps(1) of the host sees them, as Docker does.
func (s *daemon) topContainer(w http.ResponseWriter, r *http.Request) error {
	c, err := s.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	main, err := c.process()
	if err != nil {
		return err
	}
	args := strings.Fields(r.URL.Query().Get("ps_args"))
	if len(args) == 0 {
		args = []string{"-ef"}
	}
	out, err := exec.CommandContext(r.Context(), "ps", args...).CombinedOutput()
	if err != nil {
		return failf(http.StatusInternalServerError, "error running ps: %v: %s", err, strings.TrimSpace(string(out)))
	}
	pids, err := siblings(main.Pid())
	if err != nil {
		return err
	}
	answer, err := psTable(string(out), pids)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// siblings are the numbers, on the host, of the processes in a process' namespace of process ids.
func siblings(pid int) ([]string, error) {
	own, err := os.Readlink(namespaceOf(strconv.Itoa(pid)))
	if err != nil {
		return nil, conflict("container is not running: %v", err)
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if other, err := os.Readlink(namespaceOf(e.Name())); err == nil && other == own {
			out = append(out, e.Name())
		}
	}
	return out, nil
}

func namespaceOf(pid string) string { return filepath.Join("/proc", pid, "ns/pid") }

// psTable keeps the lines of the processes. The last column may hold spaces.
func psTable(text string, pids []string) (api.TopResponse, error) {
	var out api.TopResponse
	column := -1
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if out.Titles == nil {
			out.Titles = fields
			if column = slices.Index(fields, "PID"); column < 0 {
				return out, badRequest("Couldn't find PID field in ps output")
			}
			continue
		}
		if len(fields) <= column || !slices.Contains(pids, fields[column]) {
			continue
		}
		if last := len(out.Titles) - 1; len(fields) > last {
			fields = append(fields[:last:last], strings.Join(fields[last:], " "))
		}
		out.Processes = append(out.Processes, fields)
	}
	return out, nil
}
