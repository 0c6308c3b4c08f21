package dockerapi

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/moby/moby/api/types/common"
	api "github.com/moby/moby/api/types/container"
	"github.com/slipway-build/slipway/engine/container"
)

// execution is one more command in a running container.
type execution struct {
	id       string
	instance *instance
	request  api.ExecCreateRequest

	mu      sync.Mutex
	started bool
	running container.Running
	code    *int
	in      *stdin
}

func (s *daemon) createExec(w http.ResponseWriter, r *http.Request) error {
	c, err := s.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	e := &execution{id: newID(), instance: c}
	if err := readJSON(r, &e.request); err != nil {
		return err
	}
	if len(e.request.Cmd) == 0 {
		return badRequest("no exec command specified")
	}
	if e.request.Privileged {
		return notDone("privileged commands (--privileged)")
	}
	if _, err := c.process(); err != nil {
		return err
	}
	s.mu.Lock()
	s.execs[e.id] = e
	s.mu.Unlock()
	writeJSON(w, http.StatusCreated, common.IDResponse{ID: e.id})
	return nil
}

func (s *daemon) findExec(id string) (*execution, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.execs[id]; ok {
		return e, nil
	}
	return nil, notFound("No such exec instance: %s", id)
}

// execsOf lists the commands of a container that have not ended.
func (s *daemon) execsOf(c *instance) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for id, e := range s.execs {
		if e.instance == c && e.exitCode() == nil {
			out = append(out, id)
		}
	}
	return out
}

// endExecs ends the input of commands whose container has ended.
func (s *daemon) endExecs(containerID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.execs {
		if e.instance.id == containerID {
			e.closeInput()
		}
	}
}

func (e *execution) closeInput() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.in != nil {
		e.in.reader.Close()
	}
}

func (e *execution) exitCode() *int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.code
}

func (s *daemon) startExec(w http.ResponseWriter, r *http.Request) error {
	e, err := s.findExec(r.PathValue("id"))
	if err != nil {
		return err
	}
	var request api.ExecStartRequest
	if err := readJSON(r, &request); err != nil {
		return err
	}
	if err := e.claim(); err != nil {
		return err
	}
	size := request.ConsoleSize
	if size == nil {
		size = e.request.ConsoleSize
	}
	ctx := context.WithoutCancel(r.Context())
	if request.Detach {
		if err := e.start(ctx, container.IO{}, size); err != nil {
			return err
		}
		go e.wait()
		w.WriteHeader(http.StatusOK)
		return nil
	}
	conn, err := s.hijack(w, r, e.request.Tty)
	if err != nil {
		return err
	}
	defer conn.Close()
	e.converse(ctx, conn, size)
	return nil
}

// converse runs the command on a connection. A command that cannot be run is
// reported there too: the answer has been given.
func (e *execution) converse(ctx context.Context, conn *hijacked, size *[2]uint) {
	out := &frames{w: conn, raw: e.request.Tty}
	var stdio container.IO
	if e.request.AttachStdout {
		stdio.Stdout = frameWriter{out, stdoutStream}
	}
	if e.request.AttachStderr {
		stdio.Stderr = frameWriter{out, stderrStream}
	}
	if e.request.AttachStdin {
		in := newStdin()
		e.mu.Lock()
		e.in = in
		e.mu.Unlock()
		stdio.Stdin = in.reader
		go func() {
			_, _ = io.Copy(in.writer, conn)
			in.writer.Close()
		}()
	}
	if err := e.start(ctx, stdio, size); err != nil {
		e.closeInput()
		_ = out.write(stdoutStream, []byte(err.Error()+"\r\n"))
		return
	}
	e.wait()
}

// claim makes sure that a command runs once.
func (e *execution) claim() error {
	if _, err := e.instance.process(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.started {
		return conflict("exec %s has already run", e.id)
	}
	e.started = true
	return nil
}

func (e *execution) start(ctx context.Context, stdio container.IO, size *[2]uint) error {
	c, q := e.instance, e.request
	p := container.Process{Args: q.Cmd, Env: mergeEnv(c.spec.Process.Env, q.Env), User: q.User, Dir: q.WorkingDir, TTY: q.Tty}
	if q.Tty {
		p.Env = mergeEnv([]string{"TERM=xterm"}, p.Env)
	}
	if p.User == "" {
		p.User = c.spec.Process.User
	}
	if p.Dir == "" {
		p.Dir = c.spec.Process.Dir
	}
	if size != nil {
		p.Rows, p.Cols = uint16(size[0]), uint16(size[1])
	}
	running, err := c.runtime.Exec(ctx, p, stdio)
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		code := startExitCode(err)
		e.code = &code
		return fmt.Errorf("OCI runtime exec failed: %w", err)
	}
	e.running = running
	return nil
}

func (e *execution) wait() {
	code, err := e.running.Wait()
	if err != nil {
		code = 128
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.code = &code
	if e.in != nil {
		e.in.reader.Close()
	}
}

func (s *daemon) resizeExec(_ http.ResponseWriter, r *http.Request) error {
	e, err := s.findExec(r.PathValue("id"))
	if err != nil {
		return err
	}
	rows, cols, err := size(r)
	if err != nil {
		return err
	}
	e.mu.Lock()
	running := e.running
	e.mu.Unlock()
	if running == nil {
		return conflict("exec %s is not running", e.id)
	}
	return running.Resize(rows, cols)
}

func (s *daemon) inspectExec(w http.ResponseWriter, r *http.Request) error {
	e, err := s.findExec(r.PathValue("id"))
	if err != nil {
		return err
	}
	e.mu.Lock()
	out := api.ExecInspectResponse{
		ID: e.id, ContainerID: e.instance.id, Running: e.started && e.code == nil, ExitCode: e.code,
		OpenStdin: e.request.AttachStdin, OpenStdout: e.request.AttachStdout, OpenStderr: e.request.AttachStderr,
		ProcessConfig: &api.ExecProcessConfig{Tty: e.request.Tty, Entrypoint: e.request.Cmd[0],
			Arguments: e.request.Cmd[1:], User: e.request.User},
	}
	if e.running != nil {
		out.Pid = e.running.Pid()
	}
	e.mu.Unlock()
	writeJSON(w, http.StatusOK, out)
	return nil
}
