package dockerapitest

import (
	"bytes"
	"context"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	api "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/slipway-build/slipway/imagetest/dockerapi"
)

// Run holds a backend to the contract of dockerapi.Backend, as Docker's Go client
// sees it through the API. The backend's store must hold the image Ref.
func Run(t *testing.T, b dockerapi.Backend) {
	for name, test := range map[string]func(*testing.T, *session){
		"output and exit code":    testRun,
		"image's configuration":   testConfig,
		"input":                   testInput,
		"commands beside":         testExec,
		"logs":                    testLogs,
		"start again":             testRestart,
		"removal at the end":      testAutoRemove,
		"what cannot start":       testStartError,
		"stop, then kill":         testStop,
		"files in and out":        testArchive,
		"published ports":         testPorts,
		"slow readers":            testSlowReader,
		"images":                  testImages,
		"tags of a test":          testTags,
		"health":                  testHealth,
		"names":                   testNames,
		"what is left out":        testLeftOut,
		"the end of the server":   testEnd,
		"wait before the start":   testWait,
		"environment and workdir": testExecConfig,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newSession(t, b))
		})
	}
}

// session is one server and a client of it.
type session struct {
	*client.Client
	t    *testing.T
	stop func() error
}

func newSession(t *testing.T, b dockerapi.Backend) *session {
	t.Helper()
	host, stop := Serve(t, b)
	cli, err := client.New(client.WithHost(host))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cli.Close() })
	return &session{cli, t, stop}
}

// Serve starts a server on b and returns its address. It ends with the test, or
// when stop is called, which returns Serve's error.
func Serve(t *testing.T, b dockerapi.Backend) (host string, stop func() error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "d.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- dockerapi.Serve(ctx, l, b) }()
	ended := false
	stop = func() error {
		if ended {
			return nil
		}
		ended = true
		cancel()
		select {
		case err := <-served:
			return err
		case <-time.After(time.Minute):
			t.Error("the server does not end")
			return nil
		}
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return "unix://" + path, stop
}

// create makes a container and fails the test if that fails.
func (s *session) create(o client.ContainerCreateOptions) string {
	s.t.Helper()
	if o.Config == nil {
		o.Config = &api.Config{}
	}
	if o.Config.Image == "" {
		o.Config.Image = Ref
	}
	made, err := s.ContainerCreate(s.t.Context(), o)
	if err != nil {
		s.t.Fatal(err)
	}
	return made.ID
}

func (s *session) start(id string) {
	s.t.Helper()
	if _, err := s.ContainerStart(s.t.Context(), id, client.ContainerStartOptions{}); err != nil {
		s.t.Fatal(err)
	}
}

// detached makes and starts a container that runs a shell script.
func (s *session) detached(name, script string) string {
	s.t.Helper()
	id := s.create(client.ContainerCreateOptions{Name: name, Config: shell(script)})
	s.start(id)
	return id
}

func shell(script string) *api.Config { return &api.Config{Cmd: []string{"sh", "-c", script}} }

// result is what a command left.
type result struct {
	Out, Err string
	Code     int
}

// run does what docker run does, with in as input if it is not nil.
func (s *session) run(o client.ContainerCreateOptions, in io.Reader) result {
	s.t.Helper()
	ctx := s.t.Context()
	if in != nil {
		o.Config.OpenStdin, o.Config.StdinOnce = true, true
	}
	id := s.create(o)
	conn, err := s.ContainerAttach(ctx, id, client.ContainerAttachOptions{Stream: true, Stdin: in != nil, Stdout: true, Stderr: true})
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	wait := s.ContainerWait(ctx, id, client.ContainerWaitOptions{Condition: api.WaitConditionNextExit})
	s.start(id)
	if in != nil {
		if _, err := io.Copy(conn.Conn, in); err != nil {
			s.t.Fatal(err)
		}
		if err := conn.CloseWrite(); err != nil {
			s.t.Fatal(err)
		}
	}
	out := s.split(conn.Reader)
	out.Code = s.await(wait)
	return out
}

func (s *session) await(wait client.ContainerWaitResult) int {
	s.t.Helper()
	select {
	case r := <-wait.Result:
		return int(r.StatusCode)
	case err := <-wait.Error:
		s.t.Fatal(err)
	case <-time.After(time.Minute):
		s.t.Fatal("the wait does not end")
	}
	return 0
}

func (s *session) split(r io.Reader) result {
	s.t.Helper()
	var out, errs bytes.Buffer
	if _, err := stdcopy.StdCopy(&out, &errs, r); err != nil {
		s.t.Fatal(err)
	}
	return result{Out: out.String(), Err: errs.String()}
}

// exec does what docker exec does.
func (s *session) exec(id string, o client.ExecCreateOptions) result {
	s.t.Helper()
	ctx := s.t.Context()
	o.AttachStdout, o.AttachStderr = true, true
	made, err := s.ExecCreate(ctx, id, o)
	if err != nil {
		s.t.Fatal(err)
	}
	conn, err := s.ExecAttach(ctx, made.ID, client.ExecAttachOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	out := s.split(conn.Reader)
	state, err := s.ExecInspect(ctx, made.ID, client.ExecInspectOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	if state.Running {
		s.t.Error("the command's output has ended and it still runs")
	}
	out.Code = state.ExitCode
	return out
}

func (s *session) logs(id string, o client.ContainerLogsOptions) result {
	s.t.Helper()
	if !o.ShowStdout {
		o.ShowStdout, o.ShowStderr = true, true
	}
	logs, err := s.ContainerLogs(s.t.Context(), id, o)
	if err != nil {
		s.t.Fatal(err)
	}
	defer logs.Close()
	return s.split(logs)
}

// eventually waits until a condition holds.
func (s *session) eventually(what string, holds func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("not in time: %s", what)
		}
	}
}

func (s *session) logged(id, text string) {
	s.t.Helper()
	s.eventually("log of "+text, func() bool { return strings.Contains(s.logs(id, client.ContainerLogsOptions{}).Out, text) })
}
