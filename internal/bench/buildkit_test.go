//go:build linux

package bench_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// toolsVariable names the folder that hack/buildkit-tools filled.
const toolsVariable = "SLIPWAY_BUILDKIT_TOOLS"

// daemon is a buildkitd of the benchmark's own.
type daemon struct {
	buildctl, address string
	pid               int
}

// startDaemon runs buildkitd, with the worker Slipway has inside, until the benchmark ends.
func startDaemon(b *testing.B) daemon {
	b.Helper()
	tools := os.Getenv(toolsVariable)
	if tools == "" {
		b.Skip(toolsVariable + " is not set: hack/bench builds buildkitd and buildctl and sets it")
	}
	dir := b.TempDir()
	d := daemon{buildctl: filepath.Join(tools, "buildctl"), address: "unix://" + filepath.Join(dir, "buildkitd.sock")}
	put(b, filepath.Join(dir, "buildkitd.toml"), "")
	cmd := exec.Command(filepath.Join(tools, "buildkitd"),
		"--config", filepath.Join(dir, "buildkitd.toml"),
		"--root", filepath.Join(dir, "root"),
		"--addr", d.address,
		"--otel-socket-path", filepath.Join(dir, "otel.sock"),
		"--containerd-worker", "false",
		"--oci-worker", "true",
		"--oci-worker-binary", "runc",
		"--oci-worker-snapshotter", "overlayfs",
		"--oci-worker-net", "host")
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	// The daemon must not outlive a benchmark that is killed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		b.Fatalf("cannot start buildkitd: %v", err)
	}
	d.pid = cmd.Process.Pid
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	b.Cleanup(func() { stopDaemon(b, cmd.Process, ended) })
	if err := d.await(ended); err != nil {
		b.Fatalf("cannot start buildkitd: %v\n%s", err, &log)
	}
	return d
}

func stopDaemon(b *testing.B, p *os.Process, ended chan error) {
	if err := p.Signal(syscall.SIGTERM); err != nil {
		return
	}
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		b.Errorf("buildkitd did not stop: %v", p.Kill())
		<-ended
	}
}

// await returns once the daemon answers.
func (d daemon) await(ended chan error) error {
	var last error
	for range 100 {
		select {
		case err := <-ended:
			ended <- err
			return fmt.Errorf("it ended: %w", err)
		case <-time.After(100 * time.Millisecond):
		}
		if last = exec.Command(d.buildctl, "--addr", d.address, "debug", "workers").Run(); last == nil {
			return nil
		}
	}
	return errors.Join(errors.New("it does not answer"), last)
}

// build is the solve that slipway makes of the definition in dir; see engine/engine.go. The time is
// buildctl's whole process, the processors' that of the daemon too.
func (d daemon) build(b *testing.B, dockerfile, dir, ref string) cost {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), d.buildctl, "--addr", d.address, "build",
		"--progress", "plain",
		"--frontend", "dockerfile.v0",
		"--opt", "filename=Dockerfile",
		"--opt", "image-resolve-mode=local",
		"--opt", fmt.Sprintf("build-arg:SOURCE_DATE_EPOCH=%d", epoch),
		"--no-cache",
		"--local", "dockerfile="+dockerfile,
		"--local", "context="+dir,
		"--output", "type=image,name="+ref+",oci-mediatypes=true,compression=gzip")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	before := d.used(b)
	start := time.Now()
	err := cmd.Run()
	took := time.Since(start)
	if err != nil {
		b.Fatalf("buildctl: %v\n%s", err, &out)
	}
	return cost{took, used(cmd) + d.used(b) - before}
}

// used is the processor time of the running daemon and its ended children: in proc_pid_stat(5) fields
// 14 to 17, in hundredths of a second.
func (d daemon) used(b *testing.B) time.Duration {
	b.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", d.pid))
	if err != nil {
		b.Fatal(err)
	}
	// Field 2 is a name in parentheses, which may hold spaces.
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	var ticks int64
	for _, f := range fields[11:15] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			b.Fatalf("cannot read the processor time of buildkitd: %v", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
