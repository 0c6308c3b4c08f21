package imagetest

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// testDir makes an image folder with a test script.
func testDir(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	if script != "" {
		if err := os.WriteFile(filepath.Join(dir, "test.sh"), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func defaultTest() Test {
	return Test{Command: "/bin/bash", Args: []string{"-c", "{path}/test.sh {image}"}, Env: []string{"PATH=/usr/bin:/bin"}}
}

func TestRun(t *testing.T) {
	tests := map[string]struct {
		script string
		out    string
		err    string
	}{
		"passes":    {"echo $1; env | sort | grep -v _=", "app:1\n", ""},
		"fails":     {"echo on error >&2; exit 3", "on error\n", "exit status 3"},
		"is killed": {"kill -9 $$", "", "killed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := defaultTest().Run(t.Context(), testDir(t, tt.script), "app:1", &out)
			if !strings.HasPrefix(out.String(), tt.out) || (err == nil) != (tt.err == "") || (err != nil && !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("output %q, error %v", &out, err)
			}
			if strings.Contains(out.String(), "HOME=") {
				t.Errorf("the test sees the caller's environment: %s", &out)
			}
		})
	}
}

// TestRunEndsAll: what a hanging test has started ends with it.
func TestRunEndsAll(t *testing.T) {
	test := defaultTest()
	test.Timeout = 300 * time.Millisecond
	dir := testDir(t, "trap '' TERM INT\n(sleep 100; touch $0.survived) &\nsleep 100")
	var out bytes.Buffer
	err := test.Run(t.Context(), dir, "app:1", &out)
	if err == nil || !strings.Contains(err.Error(), "did not end within 300ms") {
		t.Errorf("error %v", err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if err := defaultTest().Run(ctx, testDir(t, "sleep 100"), "app:1", &bytes.Buffer{}); err == nil {
		t.Error("no error")
	}
}

func TestRunWithoutTheCommand(t *testing.T) {
	test := Test{Command: "no-such-program", Env: []string{"PATH=/usr/bin"}}
	err := test.Run(t.Context(), t.TempDir(), "app:1", &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), `cannot find verify_command "no-such-program"`) {
		t.Errorf("error %v", err)
	}
}

func TestFill(t *testing.T) {
	if got := Fill("{{x}} {path} {image} {other}", "/d", "app:1"); got != "{x} /d app:1 {other}" {
		t.Errorf("got %q", got)
	}
}
