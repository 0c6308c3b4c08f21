package imagetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// endPatience is how long a supervisor may take to end a test.
const endPatience = 10 * time.Second

// supervisor is a process that runs Supervise. It ends with its pipes, and those with this process,
// however that ends.
type supervisor struct {
	cmd     *exec.Cmd
	jobs    *os.File
	reports *os.File
	say     *json.Encoder
	hear    *json.Decoder
}

func startSupervisor(program string) (*supervisor, error) {
	jobs, toJobs, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer jobs.Close()
	fromReports, reports, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, toJobs.Close())
	}
	defer reports.Close()
	s := &supervisor{
		cmd: exec.Command(program), jobs: toJobs, reports: fromReports,
		say: json.NewEncoder(toJobs), hear: json.NewDecoder(fromReports),
	}
	s.cmd.Args = []string{SupervisorName}
	s.cmd.ExtraFiles = []*os.File{jobs, reports}            // jobsFD, reportsFD
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // what a terminal signals is not meant for it
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(err, toJobs.Close(), fromReports.Close())
	}
	return s, nil
}

// end ends a supervisor and what it watches over.
func (s *supervisor) end() error {
	s.jobs.Close()
	timer := time.AfterFunc(endPatience, func() { _ = s.cmd.Process.Kill() })
	defer timer.Stop()
	err := s.cmd.Wait()
	s.reports.Close()
	return err
}

// begin starts a command and returns its process.
func (s *supervisor) begin(j job) (report, error) {
	var r report
	err := s.say.Encode(j)
	if err == nil {
		err = s.hear.Decode(&r)
	}
	return r, err
}

// finish waits for the end of the command. When ctx ends, the command does, and if need be the supervisor.
func (s *supervisor) finish(ctx context.Context) (r report, err error) {
	heard, stopped := make(chan struct{}), make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		_ = s.say.Encode(job{Stop: true})
		select {
		case <-heard:
		case <-time.After(endPatience):
			_ = s.cmd.Process.Kill()
		}
	})
	err = s.hear.Decode(&r)
	close(heard)
	if !stop() {
		<-stopped // or the next command would be stopped
	}
	return r, err
}

// supervise runs a job under the sandbox's supervisor: it is kept for the next one, as a program of this
// size takes its time to start. Begun is called once the job has what it needs of this process.
func (s *Sandbox) supervise(ctx context.Context, j job, begun func()) (report, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var first report
	var err error
	for kept := s.kept != nil; ; kept = false {
		if s.kept == nil {
			if s.kept, err = startSupervisor(s.Supervisor); err != nil {
				return report{}, fmt.Errorf("cannot start the supervisor of a test: %w", err)
			}
		}
		if first, err = s.kept.begin(j); err == nil || !kept {
			break
		}
		s.discard() // somebody has ended it since the last test
	}
	begun()
	r := first
	if err == nil && !first.Ended {
		r, err = s.kept.finish(ctx)
	}
	if err == nil && len(r.Left) == 0 {
		return r, nil
	}
	ended := s.discard()
	if err == nil {
		return r, nil
	}
	if first.Main > 1 {
		_ = syscall.Kill(-first.Main, syscall.SIGKILL)
	}
	if ended != nil {
		err = ended
	}
	return report{}, fmt.Errorf("the supervisor of the test was ended: %w", err)
}

// discard ends the supervisor. The caller holds s.mu.
func (s *Sandbox) discard() error {
	if s.kept == nil {
		return nil
	}
	err := s.kept.end()
	s.kept = nil
	return err
}

// Close ends what the sandbox keeps from test to test. It may be used again.
func (s *Sandbox) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	// One that a test has killed is gone, as it should be.
	if err := s.discard(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		return fmt.Errorf("cannot end the supervisor of tests: %w", err)
	}
	return nil
}
