package runner

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/slipway-build/slipway/event"
	"github.com/slipway-build/slipway/state"
)

// running starts a program that goes on until the test ends, and returns its process id and command
// line.
func running(t *testing.T) (pid int, command string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, "sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); cmd.Wait() })
	return cmd.Process.Pid, strings.Join(cmd.Args, " ")
}

func TestFindUnfinished(t *testing.T) {
	other, itsCommand := running(t)
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	const command, folder = "slipway build fleet", "/here"
	killed := state.Run{Command: command, Folder: folder, Suffix: "-1", PID: gone.ProcessState.Pid()}
	with := func(change func(*state.Run)) state.Run {
		r := killed
		change(&r)
		return r
	}
	for name, tt := range map[string]struct {
		runs    []state.Run // the oldest first; with an outcome they ended
		command string
		found   bool
	}{
		"none":                   {nil, command, false},
		"killed":                 {[]state.Run{killed}, command, true},
		"ended":                  {[]state.Run{killed, with(func(r *state.Run) { r.Outcome = state.OutcomeDone })}, command, false},
		"failed":                 {[]state.Run{with(func(r *state.Run) { r.Outcome = state.OutcomeFailed })}, command, false},
		"interrupted":            {[]state.Run{with(func(r *state.Run) { r.Outcome = state.OutcomeInterrupted })}, command, true},
		"other command after it": {[]state.Run{killed, with(func(r *state.Run) { r.Command, r.Outcome = "slipway build", state.OutcomeDone })}, command, true},
		"other folder after it":  {[]state.Run{killed, with(func(r *state.Run) { r.Folder, r.Outcome = "/there", state.OutcomeDone })}, command, true},
		"other command only":     {[]state.Run{with(func(r *state.Run) { r.Command = "slipway build" })}, command, false},
		"other folder only":      {[]state.Run{with(func(r *state.Run) { r.Folder = "/there" })}, command, false},
		"this process's number":  {[]state.Run{with(func(r *state.Run) { r.PID = os.Getpid() })}, command, true},
		"it goes on":             {[]state.Run{with(func(r *state.Run) { r.PID, r.Command = other, itsCommand })}, itsCommand, false},
	} {
		t.Run(name, func(t *testing.T) { checkUnfinished(t, tt.runs, tt.command, folder, tt.found) })
	}
	if _, err := os.Stat("/proc/self/cmdline"); err == nil {
		checkUnfinished(t, []state.Run{with(func(r *state.Run) { r.PID = other })}, command, folder, true)
	}
}

func checkUnfinished(t *testing.T, runs []state.Run, command, folder string, want bool) {
	t.Helper()
	ctx := t.Context()
	db, err := state.Open(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var first int64
	for i, r := range runs {
		r.Began = time.Unix(int64(i), 0)
		id, err := db.BeginRun(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		for ref, outcome := range map[string]event.Outcome{"a:1": event.Built, "b:1": event.Tested, "c:1": event.BuildError, "d:1": event.Interrupt} {
			b := state.Build{Run: id, Ref: ref, Platform: "linux/arm64", Began: r.Began, Ended: r.Began, Outcome: string(outcome)}
			if b.ID, err = db.BeginBuild(ctx, b); err == nil {
				err = db.EndBuild(ctx, b)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if r.Outcome != "" {
			if err := db.EndRun(ctx, id, r.Outcome, r.Began); err != nil {
				t.Fatal(err)
			}
		}
		if i == 0 {
			first = id
		}
	}
	u, err := FindUnfinished(ctx, db, command, folder)
	if err != nil || (u != nil) != want {
		t.Fatalf("found %+v, %v", u, err)
	}
	if u == nil {
		return
	}
	done := map[state.Target]bool{{Ref: "a:1", Platform: "linux/arm64"}: true, {Ref: "b:1", Platform: "linux/arm64"}: true}
	if u.Run.ID != first || u.Run.Suffix != "-1" || !maps.Equal(u.Done, done) {
		t.Errorf("run %d%s with %v", u.Run.ID, u.Run.Suffix, u.Done)
	}
}
