package enginetest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// DockerCommand is Debian's docker (docker.io, 20.10): what else is called so may be too new for its daemon.
const DockerCommand = "/usr/bin/docker"

// Dockerd runs Debian's Docker daemon until the test ends and returns its address. It has its own network,
// mounts and processes: it touches no bridge and no packet filter of this machine or of another daemon, and
// with its first process all that it started and mounted is gone.
func Dockerd(t testing.TB) (host string) {
	t.Helper()
	// t.TempDir is too long for the names of sockets.
	dir, err := os.MkdirTemp("", "slipway-docker-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	config := filepath.Join(dir, "daemon.json")
	if err := os.WriteFile(config, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	host = "unix://" + filepath.Join(dir, "sock")
	cmd := exec.Command("sh", "-c", `mount --make-rprivate / && mount -t proc proc /proc && exec "$0" "$@"`,
		"/usr/sbin/dockerd", "--config-file", config, "--host", host,
		"--data-root", filepath.Join(dir, "data"), "--exec-root", filepath.Join(dir, "exec"), "--pidfile", filepath.Join(dir, "pid"),
		"--iptables=false", "--ip6tables=false", "--ip-forward=false", "--log-level", "warn")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID}
	ended := Background(t, "dockerd", cmd)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if exec.CommandContext(t.Context(), DockerCommand, "--config", dir, "--host", host, "version").Run() == nil {
			return host
		}
		select {
		case <-ended:
			t.Fatal("dockerd ended at once")
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatal("dockerd does not answer")
	return ""
}

// Background runs a server until the test ends, and returns what is closed when the server has ended. What
// it said is part of a test that fails.
func Background(t testing.TB, name string, cmd *exec.Cmd) (ended <-chan struct{}) {
	t.Helper()
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	if err := cmd.Start(); err != nil {
		t.Fatalf("cannot start %s: %v", name, err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
		if t.Failed() {
			t.Logf("%s said:\n%s", name, &log)
		}
	})
	return done
}
