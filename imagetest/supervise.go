package imagetest

// SupervisorName is the name under which the program is called to watch over the processes of tests:
// its main function then calls Supervise.
const SupervisorName = "slipway-test-supervisor"

// Exit codes of Supervise, which says all else in its reports.
const (
	superviseOK    = 0
	superviseUsage = 2
)

// The supervisor's file descriptors beside the standard streams.
const (
	// jobsFD has what it is to do. Its end means that whoever wants the tests is gone.
	jobsFD = 3
	// reportsFD takes what came of it.
	reportsFD = 4
)

// job is what a supervisor is told, in JSON: a command to run, or to end the one that runs.
type job struct {
	Stop bool `json:",omitempty"`
	// Procs is the file of the control group to be in; empty is none.
	Procs string
	// Output is the path of the file for both outputs.
	Output  string
	Program string
	// Args begin with the name of the program; Env is the whole environment.
	Args, Env []string
}

// report is what a supervisor says of a command: once when it has started, once in the end.
type report struct {
	// Main is the command's process, and its group.
	Main int
	// Ended tells that Status is there, as wait(2) has it.
	Ended  bool
	Status uint32
	// Error is why the command could not be started.
	Error string `json:",omitempty"`
	// Left are processes that could not be ended. The supervisor ends with them.
	Left []int `json:",omitempty"`
}
