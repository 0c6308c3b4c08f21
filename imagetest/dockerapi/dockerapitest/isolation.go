package dockerapitest

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	api "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/client"
	"github.com/slipway-build/slipway/imagetest/dockerapi"
)

// RunIsolation holds a backend of real containers to what Run cannot ask of all:
// mounts, users, limits and name spaces.
func RunIsolation(t *testing.T, b dockerapi.Backend) {
	s := newSession(t, b)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "f"), []byte("bound\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		script string
		config api.Config
		host   api.HostConfig
		want   result
	}{
		"bind read-only": {"cat /in/f; touch /in/g", api.Config{}, api.HostConfig{Binds: []string{dir + ":/in:ro"}},
			result{"bound\n", "touch: /in/g: Read-only file system\n", 1}},
		"bind of a file": {"cat /etc/conf", api.Config{}, api.HostConfig{Mounts: []mount.Mount{{Type: mount.TypeBind, Source: filepath.Join(dir, "f"), Target: "/etc/conf"}}},
			result{Out: "bound\n"}},
		"bind of a new folder": {"echo x > /new/x", api.Config{}, api.HostConfig{Binds: []string{filepath.Join(dir, "new") + ":/new"}}, result{}},
		"read-only root": {"echo a > /t/a && cat /t/a; touch /x", api.Config{}, api.HostConfig{ReadonlyRootfs: true, Tmpfs: map[string]string{"/t": "size=1m"}},
			result{"a\n", "touch: /x: Read-only file system\n", 1}},
		"user":         {"id -u; id -g", api.Config{User: "app"}, api.HostConfig{}, result{Out: "1000\n1000\n"}},
		"new workdir":  {"pwd", api.Config{WorkingDir: "/some/where"}, api.HostConfig{}, result{Out: "/some/where\n"}},
		"host name":    {"hostname; grep -c extra /etc/hosts", api.Config{Hostname: "box"}, api.HostConfig{ExtraHosts: []string{"extra:192.0.2.1"}}, result{Out: "box\n1\n"}},
		"no network":   {"ls /sys/class/net", api.Config{}, api.HostConfig{NetworkMode: "none"}, result{Out: "lo\n"}},
		"processes":    {"echo $$", api.Config{}, api.HostConfig{}, result{Out: "1\n"}},
		"capabilities": {"grep CapEff /proc/self/status", api.Config{}, api.HostConfig{CapDrop: []string{"all"}, CapAdd: []string{"net_admin"}}, result{Out: "CapEff:\t0000000000001000\n"}},
		"open files":   {"ulimit -n", api.Config{}, api.HostConfig{Resources: api.Resources{Ulimits: []*api.Ulimit{{Name: "nofile", Soft: 100, Hard: 200}}}}, result{Out: "100\n"}},
		"volume":       {"test -d /data/v && echo yes", api.Config{Volumes: map[string]struct{}{"/data/v": {}}}, api.HostConfig{}, result{Out: "yes\n"}},
		"unknown user": {"true", api.Config{User: "nobody-here"}, api.HostConfig{}, result{Code: 128}},
		"killed":       {"sh -c 'kill -9 $$' 2>/dev/null; exit $?", api.Config{}, api.HostConfig{}, result{Code: 137}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &session{s.Client, t, s.stop}
			test.config.Cmd = []string{"sh", "-c", test.script}
			if test.want.Code == 128 {
				id := s.create(client.ContainerCreateOptions{Config: &test.config})
				if _, err := s.ContainerStart(t.Context(), id, client.ContainerStartOptions{}); err == nil || !strings.Contains(err.Error(), "unable to find user") {
					t.Errorf("start: %v", err)
				}
				return
			}
			equal(t, s.run(client.ContainerCreateOptions{Config: &test.config, HostConfig: &test.host}, nil), test.want)
		})
	}
}

// RunOutput holds a backend to the delivery of all output of a process to the
// slowest receiver, and to not waiting for quiet processes it leaves behind.
func RunOutput(t *testing.T, b dockerapi.Backend) {
	s := newSession(t, b)
	ctx := t.Context()
	const size = 5<<20 + 4321
	id := s.create(client.ContainerCreateOptions{Config: &api.Config{Cmd: []string{"dd", "if=/dev/zero", fmt.Sprint("bs=", size), "count=1", "status=none"}}})
	conn, err := s.ContainerAttach(ctx, id, client.ContainerAttachOptions{Stream: true, Stdout: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s.start(id)
	// Longer than any time that a runtime allows itself after a process' end.
	time.Sleep(4 * time.Second)
	equal(t, len(s.split(conn.Reader).Out), size)
	// A server that a command leaves in the background, quiet, holds up nobody.
	server := s.detached("", "while :; do sleep 0.1; done")
	equal(t, s.exec(server, client.ExecCreateOptions{Cmd: []string{"sh", "-c", "sleep 60 > /dev/null 2>&1 & echo begun"}}), result{Out: "begun\n"})
}

// RunTerminal holds a backend to terminals: one output, size, and resizing.
func RunTerminal(t *testing.T, b dockerapi.Backend) {
	s := newSession(t, b)
	ctx := t.Context()
	config := &api.Config{Cmd: []string{"sh", "-c", "stty size; read line; echo got $line >&2; stty size; exit 3"}, Tty: true, OpenStdin: true, StdinOnce: true}
	id := s.create(client.ContainerCreateOptions{Config: config, HostConfig: &api.HostConfig{ConsoleSize: [2]uint{30, 90}}})
	conn, err := s.ContainerAttach(ctx, id, client.ContainerAttachOptions{Stream: true, Stdin: true, Stdout: true, Stderr: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s.start(id)
	s.eventually("first size", func() bool {
		logs, err := s.ContainerLogs(ctx, id, client.ContainerLogsOptions{ShowStdout: true})
		if err != nil {
			t.Fatal(err)
		}
		defer logs.Close()
		data, err := io.ReadAll(logs)
		return err == nil && bytes.Contains(data, []byte("30 90"))
	})
	if _, err := s.ContainerResize(ctx, id, client.ContainerResizeOptions{Height: 40, Width: 100}); err != nil {
		t.Fatal(err)
	}
	// The size reaches the container through runc, some time after the answer.
	s.eventually("second size", func() bool {
		made, err := s.ExecCreate(ctx, id, client.ExecCreateOptions{Cmd: []string{"sh", "-c", "stty size < /proc/1/fd/0"}, AttachStdout: true, AttachStderr: true})
		if err != nil {
			t.Fatal(err)
		}
		c, err := s.ExecAttach(ctx, made.ID, client.ExecAttachOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return strings.Contains(s.split(c.Reader).Out, "40 100")
	})
	if _, err := io.WriteString(conn.Conn, "word\n"); err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(conn.Reader)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, string(out), "30 90\r\nword\r\ngot word\r\n40 100\r\n")
	equal(t, s.await(s.ContainerWait(ctx, id, client.ContainerWaitOptions{})), 3)
}
