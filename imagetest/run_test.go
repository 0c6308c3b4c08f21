package imagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/slipway-build/slipway/engine/cgroup"
)

// TestMain makes this test program the supervisor of the tests that it runs.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == SupervisorName {
		os.Exit(Supervise())
	}
	code := m.Run()
	if err := shared().Close(); err != nil {
		fmt.Println(err)
		code = 1
	}
	os.Exit(code)
}

// testDir makes an image folder with a test script.
func testDir(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "test.sh"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

var defaultTest = Test{Command: "/bin/bash", Args: []string{"-c", "{path}/test.sh {image}"}}

// shared is the sandbox of all tests here, so that each begins with what the last one left.
var shared = sync.OnceValue(func() *Sandbox {
	return &Sandbox{Supervisor: "/proc/self/exe", Env: []string{"PATH=/usr/bin:/bin"}, Left: func(err error) { panic(err) }}
})

// run runs a test in a sandbox without docker and control groups: the supervisor is all there is.
func run(t *testing.T, ctx context.Context, test Test, dir string, out io.Writer) error {
	t.Helper()
	box, err := shared().Open(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	return box.Run(ctx, test, dir, "app:1", out)
}

// ignored are the signals that this process ignores, as a test inherits them.
func ignored(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("/bin/grep", "SigIgn", "/proc/self/status").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestRun(t *testing.T) {
	tests := map[string]struct {
		script string
		out    string
		err    string
	}{
		"passes":           {"echo $1; env | sort | grep -v -e _= -e PWD= -e SHLVL=", "app:1\nPATH=/usr/bin:/bin\n", ""},
		"fails":            {"echo on error >&2; exit 3", "on error\n", "/test.sh app:1\": exit status 3"},
		"is killed":        {"kill -9 $$", "", "/test.sh app:1\": signal: killed"},
		"is interrupted":   {"kill -INT $$", "", "signal: interrupt"},
		"cannot be run":    {"#!/no/interpreter\n", "*", "exit status 12"},
		"has no input":     {"cat; echo end", "end\n", ""},
		"has signals":      {"grep SigIgn /proc/self/status", ignored(t), ""},
		"has three files":  {"cd /proc/$$/fd; for i in 3 4 5 6 7 8 9; do test -e $i && echo $i; done; true", "", ""},
		"kills its group":  {"trap '' TERM; kill -TERM 0; echo still here", "still here\n", ""},
		"kills its parent": {"kill -KILL $PPID; sleep 100", "", "the supervisor of the test was ended: signal: killed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := run(t, t.Context(), defaultTest, testDir(t, tt.script), &out)
			if tt.out != "*" && out.String() != tt.out || (err == nil) != (tt.err == "") || (err != nil && !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("output %q, error %v", &out, err)
			}
		})
	}
}

// alive tells whether the process still runs whose number is in a file.
func alive(t *testing.T, file string) bool {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	data, err = os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(data), ") Z ") // one that nobody has buried yet is dead
}

// ways are how a process can leave a test's group, session and parent.
var ways = map[string]string{
	"background":    "sleep 987 & echo $! >$(dirname $0)/pid",
	"session":       "setsid sleep 987 & sleep 0.2; pgrep -n -x -f 'sleep 987' >$(dirname $0)/pid",
	"orphan":        "(setsid sh -c 'sleep 987 & echo $! >'$(dirname $0)/pid'; wait' >/dev/null 2>&1 &)\nsleep 0.2",
	"deaf":          "setsid sh -c \"trap '' HUP INT TERM; echo \\$\\$ >$(dirname $0)/pid; while :; do sleep 1; done\" &\nsleep 0.2",
	"quickly again": "setsid sh -c 'echo $$ >'$(dirname $0)/pid'; while :; do (sleep 987 &) ; sleep 0.01; done' &\nsleep 0.2",
}

// TestRunEndsAll: what a test has started ends with it, wherever it went, whether the test ends itself
// or is ended.
func TestRunEndsAll(t *testing.T) {
	for name, script := range ways {
		t.Run(name, func(t *testing.T) {
			dir := testDir(t, script)
			if err := run(t, t.Context(), defaultTest, dir, io.Discard); err != nil {
				t.Fatal(err)
			}
			if alive(t, filepath.Join(dir, "pid")) {
				t.Error("a process outlives its test")
			}
			hangs := defaultTest
			hangs.Timeout = time.Second
			dir = testDir(t, script+"\ntrap '' TERM INT\nsleep 100")
			err := run(t, t.Context(), hangs, dir, io.Discard)
			if err == nil || !strings.Contains(err.Error(), "did not end within 1s") {
				t.Errorf("error %v", err)
			}
			if alive(t, filepath.Join(dir, "pid")) {
				t.Error("a process outlives a test that hangs")
			}
		})
	}
	if left := descendants(os.Getpid()); len(left) > 1 { // the supervisor may be there
		t.Errorf("processes are left: %v", left)
	}
}

// TestGroupEndsAll: with a control group, it is of no use to end the supervisor.
func TestGroupEndsAll(t *testing.T) {
	groups, err := cgroup.Of(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if g, err := groups.New("probe"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("control groups cannot be written, and in CI they must be: %v", err)
		}
		t.Skipf("needs control groups that can be written: %v", err)
	} else if err := g.End(); err != nil {
		t.Fatal(err)
	}
	sandbox := &Sandbox{Supervisor: "/proc/self/exe", Groups: groups, Left: func(err error) { t.Error(err) }}
	box, err := sandbox.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := testDir(t, "setsid sleep 987 >/dev/null 2>&1 &\necho $! >$(dirname $0)/pid; sleep 0.2; kill -9 $PPID; sleep 100")
	if err := box.Run(t.Context(), defaultTest, dir, "app:1", io.Discard); err == nil {
		t.Error("no error")
	}
	box.Close()
	if alive(t, filepath.Join(dir, "pid")) {
		t.Error("a process outlives its test")
	}
	if _, err := groups.End(); err != nil {
		t.Error(err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	time.AfterFunc(100*time.Millisecond, func() { cancel(stop) })
	if err := run(t, ctx, defaultTest, testDir(t, "sleep 100"), io.Discard); !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
}

func TestRunWithoutTheCommand(t *testing.T) {
	err := run(t, t.Context(), Test{Command: "no-such-program"}, t.TempDir(), io.Discard)
	if err == nil || !strings.Contains(err.Error(), `cannot find verify_command "no-such-program"`) {
		t.Errorf("error %v", err)
	}
	err = run(t, t.Context(), Test{Command: "/no/program"}, t.TempDir(), io.Discard)
	if err == nil || err.Error() != `"/no/program": fork/exec /no/program: no such file or directory` {
		t.Errorf("error %v", err)
	}
}

// TestEndedSupervisor: one that somebody has ended between two tests is no fault of the next.
func TestEndedSupervisor(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		dir := testDir(t, "true")
		if err := run(t, t.Context(), defaultTest, dir, io.Discard); err != nil {
			t.Fatal(err)
		}
		if err := shared().kept.cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		if err := run(t, t.Context(), defaultTest, dir, io.Discard); err != nil {
			t.Error(err)
		}
	}
}

func TestUnknownNetwork(t *testing.T) {
	if _, err := (&Sandbox{Network: "moon"}).Open(t.Context()); err == nil {
		t.Error("no error")
	}
}
