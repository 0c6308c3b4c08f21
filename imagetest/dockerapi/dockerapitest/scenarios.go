package dockerapitest

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/google/go-cmp/cmp"
	api "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

func equal(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func testRun(t *testing.T, s *session) {
	got := s.run(client.ContainerCreateOptions{Config: shell("echo out; echo err >&2; exit 7")}, nil)
	equal(t, got, result{"out\n", "err\n", 7})
}

func testConfig(t *testing.T, s *session) {
	equal(t, s.run(client.ContainerCreateOptions{Config: &api.Config{}}, nil), result{Out: "hello, world\n"})
	equal(t, s.run(client.ContainerCreateOptions{Config: &api.Config{Env: []string{"TARGET=moon"}}}, nil), result{Out: "hello, moon\n"})
	equal(t, s.run(client.ContainerCreateOptions{Config: &api.Config{Entrypoint: []string{"echo", "a"}, Cmd: []string{"b"}}}, nil), result{Out: "a b\n"})
	equal(t, s.run(client.ContainerCreateOptions{Config: &api.Config{Entrypoint: []string{"echo"}}}, nil), result{Out: "\n"})
	id := s.create(client.ContainerCreateOptions{Config: &api.Config{Labels: map[string]string{"own": "1"}}})
	found, err := s.ContainerInspect(t.Context(), id, client.ContainerInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c := found.Container
	equal(t, c.Config.Labels, map[string]string{"team": "test", "own": "1"})
	equal(t, []any{c.Config.WorkingDir, c.State.Status, c.Path, c.Config.Hostname},
		[]any{"/srv", api.StateCreated, "sh", id[:12]})
}

func testInput(t *testing.T, s *session) {
	in := strings.Repeat("x", 300_000)
	equal(t, s.run(client.ContainerCreateOptions{Config: &api.Config{Cmd: []string{"wc", "-c"}}}, strings.NewReader(in)), result{Out: "300000\n"})
	// Without input the command sees its end at once.
	equal(t, s.run(client.ContainerCreateOptions{Config: &api.Config{Cmd: []string{"cat"}}}, nil), result{})
}

func testExec(t *testing.T, s *session) {
	id := s.detached("", "while :; do sleep 0.1; done")
	equal(t, s.exec(id, client.ExecCreateOptions{Cmd: []string{"sh", "-c", "echo out; echo err >&2; exit 5"}}), result{"out\n", "err\n", 5})
	missing := s.exec(id, client.ExecCreateOptions{Cmd: []string{"no-such-command"}})
	if missing.Code != 127 || !strings.Contains(missing.Out, "executable file not found") {
		t.Errorf("missing command: %+v", missing)
	}
	ctx := t.Context()
	made, err := s.ExecCreate(ctx, id, client.ExecCreateOptions{Cmd: []string{"cat"}, AttachStdin: true, AttachStdout: true, AttachStderr: true})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := s.ExecAttach(ctx, made.ID, client.ExecAttachOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn.Conn, "piped"); err != nil {
		t.Fatal(err)
	}
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	equal(t, s.split(conn.Reader), result{Out: "piped"})
	made, err = s.ExecCreate(ctx, id, client.ExecCreateOptions{Cmd: []string{"touch", "made"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ExecStart(ctx, made.ID, client.ExecStartOptions{Detach: true}); err != nil {
		t.Fatal(err)
	}
	s.eventually("detached command", func() bool {
		return s.exec(id, client.ExecCreateOptions{Cmd: []string{"test", "-e", "made"}}).Code == 0
	})
	stopped := s.create(client.ContainerCreateOptions{})
	if _, err := s.ExecCreate(ctx, stopped, client.ExecCreateOptions{Cmd: []string{"true"}}); !errdefs.IsConflict(err) {
		t.Errorf("command in a stopped container: %v", err)
	}
}

func testExecConfig(t *testing.T, s *session) {
	id := s.create(client.ContainerCreateOptions{Config: &api.Config{Cmd: []string{"sleep", "60"}, Env: []string{"A=1"}, WorkingDir: "/srv"}})
	s.start(id)
	got := s.exec(id, client.ExecCreateOptions{Env: []string{"A=2", "B=3"}, Cmd: []string{"sh", "-c", "echo $A $B $GREETING; basename $PWD"}})
	equal(t, got, result{Out: "2 3 hello\nsrv\n"})
}

func testLogs(t *testing.T, s *session) {
	id := s.detached("", "printf 'one\\ntwo\\n'; echo oops >&2; printf 'three\\nfo'; until test -e go; do sleep 0.05; done; echo ur")
	// The two outputs come on ways of their own.
	s.eventually("both outputs", func() bool {
		got := s.logs(id, client.ContainerLogsOptions{})
		return strings.HasSuffix(got.Out, "fo") && got.Err != ""
	})
	equal(t, s.logs(id, client.ContainerLogsOptions{}), result{Out: "one\ntwo\nthree\nfo", Err: "oops\n"})
	followed := make(chan result, 1)
	go func() { followed <- s.logs(id, client.ContainerLogsOptions{ShowStdout: true, Follow: true, Tail: "1"}) }()
	s.exec(id, client.ExecCreateOptions{Cmd: []string{"touch", "go"}})
	equal(t, s.await(s.ContainerWait(t.Context(), id, client.ContainerWaitOptions{})), 0)
	equal(t, <-followed, result{Out: "four\n"})
	equal(t, s.logs(id, client.ContainerLogsOptions{ShowStdout: true, Tail: "2"}), result{Out: "three\nfour\n"})
	equal(t, s.logs(id, client.ContainerLogsOptions{Tail: "0"}), result{})
	stamped := strings.Split(s.logs(id, client.ContainerLogsOptions{Timestamps: true}).Out, "\n")
	when, text, _ := strings.Cut(stamped[3], " ")
	if _, err := time.Parse(time.RFC3339Nano, when); err != nil || text != "four" {
		t.Errorf("line with timestamp: %q", stamped[3])
	}
	equal(t, s.logs(id, client.ContainerLogsOptions{Since: time.Now().Add(time.Hour).Format(time.RFC3339)}), result{})
}

func testRestart(t *testing.T, s *session) {
	id := s.create(client.ContainerCreateOptions{Config: shell("test -e file && exit 3; touch file; exit 2")})
	for _, want := range []int{2, 3, 3} {
		s.start(id)
		equal(t, s.await(s.ContainerWait(t.Context(), id, client.ContainerWaitOptions{})), want)
	}
	again := s.detached("", "touch file; while :; do sleep 0.1; done")
	none := 0
	s.eventually("file", func() bool {
		return s.exec(again, client.ExecCreateOptions{Cmd: []string{"test", "-e", "file"}}).Code == 0
	})
	if _, err := s.ContainerRestart(t.Context(), again, client.ContainerRestartOptions{Timeout: &none}); err != nil {
		t.Fatal(err)
	}
	equal(t, s.exec(again, client.ExecCreateOptions{Cmd: []string{"test", "-e", "file"}}).Code, 0)
}

func testWait(t *testing.T, s *session) {
	id := s.create(client.ContainerCreateOptions{Config: shell("exit 4")})
	equal(t, s.await(s.ContainerWait(t.Context(), id, client.ContainerWaitOptions{})), 0)
	wait := s.ContainerWait(t.Context(), id, client.ContainerWaitOptions{Condition: api.WaitConditionNextExit})
	s.start(id)
	equal(t, s.await(wait), 4)
}

func testAutoRemove(t *testing.T, s *session) {
	ctx := t.Context()
	id := s.create(client.ContainerCreateOptions{Name: "once", Config: shell("exit 6"), HostConfig: &api.HostConfig{AutoRemove: true}})
	wait := s.ContainerWait(ctx, id, client.ContainerWaitOptions{Condition: api.WaitConditionRemoved})
	s.start(id)
	equal(t, s.await(wait), 6)
	if _, err := s.ContainerInspect(ctx, id, client.ContainerInspectOptions{}); !errdefs.IsNotFound(err) {
		t.Errorf("inspect after removal: %v", err)
	}
	// The name is free as soon as the stop has returned.
	for range 3 {
		again := s.create(client.ContainerCreateOptions{Name: "once", Config: &api.Config{Cmd: []string{"sleep", "60"}},
			HostConfig: &api.HostConfig{AutoRemove: true}})
		s.start(again)
		none := 0
		if _, err := s.ContainerStop(ctx, "once", client.ContainerStopOptions{Timeout: &none}); err != nil {
			t.Fatal(err)
		}
	}
}

func testStartError(t *testing.T, s *session) {
	ctx := t.Context()
	id := s.create(client.ContainerCreateOptions{Config: &api.Config{Cmd: []string{"no-such-command"}}})
	_, err := s.ContainerStart(ctx, id, client.ContainerStartOptions{})
	if err == nil || !strings.Contains(err.Error(), "executable file not found") {
		t.Fatalf("start: %v", err)
	}
	found, err := s.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, []any{found.Container.State.ExitCode, found.Container.State.Status}, []any{127, api.StateCreated})
	equal(t, s.logs(id, client.ContainerLogsOptions{}), result{})
	gone := s.create(client.ContainerCreateOptions{Config: &api.Config{Cmd: []string{"no-such-command"}}, HostConfig: &api.HostConfig{AutoRemove: true}})
	wait := s.ContainerWait(ctx, gone, client.ContainerWaitOptions{Condition: api.WaitConditionRemoved})
	if _, err := s.ContainerStart(ctx, gone, client.ContainerStartOptions{}); err == nil {
		t.Error("started")
	}
	s.await(wait)
}

func testStop(t *testing.T, s *session) {
	ctx := t.Context()
	polite := s.detached("", "trap 'echo bye; exit 9' TERM; echo up; while :; do sleep 0.05; done")
	s.logged(polite, "up")
	if _, err := s.ContainerStop(ctx, polite, client.ContainerStopOptions{}); err != nil {
		t.Fatal(err)
	}
	equal(t, s.await(s.ContainerWait(ctx, polite, client.ContainerWaitOptions{})), 9)
	equal(t, s.logs(polite, client.ContainerLogsOptions{}).Out, "up\nbye\n")
	deaf := s.detached("", "trap '' TERM; echo up; while :; do sleep 0.05; done")
	s.logged(deaf, "up")
	second := 1
	began := time.Now()
	if _, err := s.ContainerStop(ctx, deaf, client.ContainerStopOptions{Timeout: &second}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < time.Second || took > 8*time.Second {
		t.Errorf("the stop took %v", took)
	}
	equal(t, s.await(s.ContainerWait(ctx, deaf, client.ContainerWaitOptions{})), 137)
	signalled := s.detached("", "trap 'exit 11' USR1; echo up; while :; do sleep 0.05; done")
	s.logged(signalled, "up")
	if _, err := s.ContainerKill(ctx, signalled, client.ContainerKillOptions{Signal: "USR1"}); err != nil {
		t.Fatal(err)
	}
	equal(t, s.await(s.ContainerWait(ctx, signalled, client.ContainerWaitOptions{})), 11)
	if _, err := s.ContainerKill(ctx, signalled, client.ContainerKillOptions{}); !errdefs.IsConflict(err) {
		t.Errorf("kill of a stopped container: %v", err)
	}
}

func testArchive(t *testing.T, s *session) {
	ctx := t.Context()
	id := s.create(client.ContainerCreateOptions{Config: shell("cat in.txt > out.txt; echo more >> out.txt")})
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	if err := w.WriteHeader(&tar.Header{Name: "in.txt", Mode: 0o644, Size: 5}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, "some\n"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if _, err := s.CopyToContainer(ctx, id, client.CopyToContainerOptions{DestinationPath: "/srv", Content: &packed}); err != nil {
		t.Fatal(err)
	}
	s.start(id)
	equal(t, s.await(s.ContainerWait(ctx, id, client.ContainerWaitOptions{})), 0)
	got, err := s.CopyFromContainer(ctx, id, client.CopyFromContainerOptions{SourcePath: "/srv/out.txt"})
	if err != nil {
		t.Fatal(err)
	}
	defer got.Content.Close()
	r := tar.NewReader(got.Content)
	head, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, []any{head.Name, string(data), got.Stat.Name, got.Stat.Size}, []any{"out.txt", "some\nmore\n", "out.txt", int64(10)})
	if _, err := s.CopyFromContainer(ctx, id, client.CopyFromContainerOptions{SourcePath: "/srv/none"}); !errdefs.IsNotFound(err) {
		t.Errorf("copy of a missing file: %v", err)
	}
}

// freePort finds a port that nobody listens on now.
func freePort(t *testing.T) uint16 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return uint16(l.Addr().(*net.TCPAddr).Port)
}

func testPorts(t *testing.T, s *session) {
	ctx := t.Context()
	inner := freePort(t)
	port := network.MustParsePort(fmt.Sprint(inner))
	config := shell(fmt.Sprintf("while :; do echo served | nc -l -p %d; done", inner))
	config.ExposedPorts = network.PortSet{port: {}}
	id := s.create(client.ContainerCreateOptions{Config: config, HostConfig: &api.HostConfig{PortBindings: network.PortMap{
		port: {{HostPort: fmt.Sprint(inner)}, {HostIP: netip.MustParseAddr("127.0.0.1"), HostPort: "0"}}}}})
	s.start(id)
	found, err := s.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	bindings := found.Container.NetworkSettings.Ports[port]
	if len(bindings) != 2 {
		t.Fatalf("bindings: %v", bindings)
	}
	for _, b := range bindings {
		s.eventually("answer on port "+b.HostPort, func() bool { return talk(net.JoinHostPort("127.0.0.1", b.HostPort)) == "served\n" })
	}
	second := s.create(client.ContainerCreateOptions{Config: &api.Config{Cmd: []string{"true"}, ExposedPorts: network.PortSet{port: {}}},
		HostConfig: &api.HostConfig{PortBindings: network.PortMap{network.MustParsePort("1"): {{HostPort: bindings[1].HostPort, HostIP: bindings[1].HostIP}}}}})
	if _, err := s.ContainerStart(ctx, second, client.ContainerStartOptions{}); err == nil || !strings.Contains(err.Error(), "port is already allocated") {
		t.Errorf("start on a port in use: %v", err)
	}
}

// talk returns what a server says.
func talk(address string) string {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return ""
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return ""
	}
	line := make([]byte, 7)
	if _, err := io.ReadFull(conn, line); err != nil {
		return ""
	}
	return string(line)
}

// testSlowReader has more output than is kept: an attached client gets all of it
// all the same, and one that does not read at all cannot keep a container alive.
func testSlowReader(t *testing.T, s *session) {
	ctx := t.Context()
	id := s.create(client.ContainerCreateOptions{Config: &api.Config{Cmd: []string{"dd", "if=/dev/zero", "bs=1024k", "count=30", "status=none"}}})
	conn, err := s.ContainerAttach(ctx, id, client.ContainerAttachOptions{Stream: true, Stdout: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s.start(id)
	time.Sleep(300 * time.Millisecond)
	equal(t, len(s.split(conn.Reader).Out), 30<<20)
	stuck := s.detached("", "dd if=/dev/zero bs=1024k count=60")
	deaf, err := s.ContainerAttach(ctx, stuck, client.ContainerAttachOptions{Stream: true, Stdout: true, Logs: true})
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	if _, err := s.ContainerKill(ctx, stuck, client.ContainerKillOptions{}); err != nil && !errdefs.IsConflict(err) {
		t.Fatal(err)
	}
	s.await(s.ContainerWait(ctx, stuck, client.ContainerWaitOptions{}))
}
