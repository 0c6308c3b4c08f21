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
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL,
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID}
	if err := cmd.Start(); err != nil {
		t.Fatalf("cannot start dockerd: %v", err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("dockerd said:\n%s", &log)
		}
	})
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if exec.CommandContext(t.Context(), DockerCommand, "--config", dir, "--host", host, "version").Run() == nil {
			return host
		}
		select {
		case <-ended:
			t.Fatalf("dockerd ended at once:\n%s", &log)
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatal("dockerd does not answer")
	return ""
}
