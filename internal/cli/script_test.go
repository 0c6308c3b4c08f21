package cli_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/slipway-build/slipway/imagetest"
	"github.com/slipway-build/slipway/internal/cli"
	"github.com/slipway-build/slipway/internal/enginetest"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// TestMain makes this test program the slipway of the scripts, and the docker
// and the supervisor of the tests those run.
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case "docker", imagetest.SupervisorName:
		os.Exit(slipway())
	}
	testscript.Main(m, map[string]func(){
		"slipway": func() { os.Exit(slipway()) },
	})
}

func slipway() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer tellUsed()
	return cli.Main(ctx, os.Args, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
}

// TestScripts runs testdata/script: one story of a user each, on a real engine
// with a root of its own. Every script gets busybox as $BUSYBOX, and a real registry with TLS and a
// password as $REGISTRY; $REGISTRY_NODELETE is open and deletes nothing. $OTHER_CERT with $OTHER_KEY is a certificate
// that vouches for nobody.
func TestScripts(t *testing.T) {
	enginetest.Need(t)
	server := registrytest.Start(t, registrytest.Config{TLS: true, User: "ann", Password: "S3CRETWORD"})
	otherCert, otherKey := registrytest.NewCA(t).Files(t, "other")
	keeper := registrytest.Start(t, registrytest.Config{NoDelete: true})
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("SLIPWAY_ROOT", filepath.Join(env.WorkDir, "root"))
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, "xdg"))
			env.Setenv("BUSYBOX", "/bin/busybox")
			env.Setenv("REGISTRY", server.Addr)
			env.Setenv("REGISTRY_CA", server.CA)
			env.Setenv("REGISTRY_NODELETE", keeper.Addr)
			if options := os.Getenv("GORACE"); options != "" { // where the race detector writes: see hack/prove
				env.Setenv("GORACE", options)
			}
			env.Setenv("OTHER_CERT", otherCert)
			env.Setenv("OTHER_KEY", otherKey)
			env.Setenv("DEBFULLNAME", "A Founder")
			env.Setenv("DEBEMAIL", "founder@example.com")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"tmpfs":     cmdTmpfs,
			"waitfor":   cmdWaitFor,
			"busybox":   cmdBusybox,
			"gitserver": cmdGitServer,
			"left":      cmdLeft,
			"ends":      cmdEnds,
			"publish":   cmdPublish,
		},
	})
}

// cmdTmpfs mounts a small disk: tmpfs SIZE DIR. It is gone with the test.
func cmdTmpfs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: tmpfs SIZE DIR")
	}
	dir := ts.MkAbs(args[1])
	ts.Check(os.MkdirAll(dir, 0o755))
	ts.Check(syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+args[0]))
	ts.Defer(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// cmdWaitFor waits until a file holds a text: waitfor FILE TEXT.
func cmdWaitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitfor FILE TEXT")
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		data, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && strings.Contains(string(data), args[1]) {
			return
		}
	}
	ts.Fatalf("%s never held %q", args[0], args[1])
}

// cmdEnds waits until no process has a text in its command line: ends TEXT.
func cmdEnds(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: ends TEXT")
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if exec.Command("pgrep", "-f", args[0]).Run() != nil {
			return
		}
	}
	ts.Fatalf("%s still runs", args[0])
}

// cmdLeft fails if processes, mounts, control groups or containers of the test's root or folder are there,
// or temporary files: left. With an exclamation mark it fails if there are none.
func cmdLeft(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 0 {
		ts.Fatalf("usage: left")
	}
	look := enginetest.Left
	if neg {
		look = enginetest.LeftNow
	}
	left, err := look(ts.Getenv("WORK"), ts.Getenv("SLIPWAY_ROOT"))
	ts.Check(err)
	entries, err := os.ReadDir(ts.Getenv("TMPDIR"))
	ts.Check(err)
	for _, e := range entries {
		left = append(left, "file "+e.Name())
	}
	switch {
	case !neg && len(left) > 0:
		ts.Fatalf("is left:\n%s", strings.Join(left, "\n"))
	case neg && len(left) == 0:
		ts.Fatalf("nothing is left")
	}
}

// cmdGitServer serves the repositories below a folder as git:// does it: gitserver DIR. Their address
// is $GIT_SERVER; the server ends with the test.
func cmdGitServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: gitserver DIR")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	port := listener.Addr().(*net.TCPAddr).Port
	ts.Check(listener.Close())
	dir := ts.MkAbs(args[0])
	cmd := exec.Command("git", "daemon", "--reuseaddr", "--export-all", "--listen=127.0.0.1", fmt.Sprintf("--port=%d", port), "--base-path="+dir, dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	ts.Check(cmd.Start())
	ts.Defer(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
	})
	address := fmt.Sprintf("127.0.0.1:%d", port)
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			ts.Setenv("GIT_SERVER", "git://"+address)
			return
		}
	}
	ts.Fatalf("git daemon does not answer")
}

// cmdBusybox copies the busybox into folders: busybox DIR...
func cmdBusybox(ts *testscript.TestScript, neg bool, args []string) {
	for _, dir := range args {
		in, err := os.Open(ts.Getenv("BUSYBOX"))
		ts.Check(err)
		ts.Check(os.MkdirAll(ts.MkAbs(dir), 0o755))
		out, err := os.OpenFile(filepath.Join(ts.MkAbs(dir), "busybox"), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o755)
		ts.Check(err)
		_, err = io.Copy(out, in)
		ts.Check(err)
		ts.Check(out.Close())
		ts.Check(in.Close())
	}
}
