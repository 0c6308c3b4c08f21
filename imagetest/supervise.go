package imagetest

import (
	"encoding/json"
	"io"
)

// SupervisorName is the name under which the program is called to watch over the processes of a test:
// its main function then calls Supervise.
const SupervisorName = "slipway-test-supervisor"

// Exit codes of Supervise, which says all else in its report.
const (
	superviseOK    = 0
	superviseUsage = 2
)

// The supervisor's file descriptors beside the test's standard streams.
const (
	// leashFD is a pipe that nobody writes to: its end means that the test must end.
	leashFD = 3
	// reportFD takes the report.
	reportFD = 4
)

// report is what a supervisor says of the test's command: once when it has started, once in the end.
type report struct {
	// Main is the command's process, and its group.
	Main int
	// Ended tells that Status is there, as wait(2) has it.
	Ended  bool
	Status uint32
	// Error is why the command could not be started.
	Error string `json:",omitempty"`
	// Left are processes that could not be ended.
	Left []int `json:",omitempty"`
}

// maxReport is the most that is read of a supervisor's reports, in bytes.
const maxReport = 1 << 16

// readReport reads until the supervisor has ended; the last report counts.
func readReport(from io.Reader) (last report) {
	decoder := json.NewDecoder(io.LimitReader(from, maxReport))
	for {
		var r report
		if decoder.Decode(&r) != nil {
			return last
		}
		last = r
	}
}

// supervisorArgs is the command line of a supervisor: the file that puts it into its control group, or
// nothing; the program; and the command line of that.
func supervisorArgs(procs, program string, args []string) []string {
	return append([]string{SupervisorName, procs, program}, args...)
}
