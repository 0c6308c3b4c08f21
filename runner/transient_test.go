package runner_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/runner"
)

// failedStep is the error of a RUN as the engine makes it.
func failedStep(command string, exit int) error {
	return &engine.StepError{
		File: "Dockerfile", Line: 2, Text: "RUN", Exit: exit,
		Err: fmt.Errorf("process %q did not complete successfully: exit code: %d", "/bin/sh -c "+command, exit),
	}
}

func TestTransientFaults(t *testing.T) {
	for _, tt := range []struct {
		name, command string
		exit          int
		prints        string
		again         bool
	}{
		{"apk's server", "apk add bash", 1, "fetch https://mirror.example.org/v3/main/x86_64/APKINDEX.tar.gz\nWARNING: Ignoring https://mirror.example.org/v3/main: temporary error (try again later)\nERROR: unable to select packages:\n  bash (no such package):\n    required by: world[bash]\n", true},
		{"apk's server, many packages", "apk add much", 1, "WARNING: Ignoring https://mirror.example.org/v3/main: temporary error (try again later)\nERROR: unable to select packages:\n" + many("  p%d (no such package):\n    required by: world[p%[1]d]\n") + "ERROR: unable to select packages\n", true},
		{"apk 3", "apk add bash", 1, "WARNING: fetching https://mirror.example.org/x: DNS: transient error (try again later)\n", true},
		{"apk has no such package", "apk add nothing", 1, "ERROR: unable to select packages:\n  nothing (no such package):\n", false},
		{"apt went on without its lists", "apt-get update && apt-get install much", 100, "W: Failed to fetch http://deb.mirror.org/debian/dists/x/InRelease  Temporary failure resolving 'deb.mirror.org'\n" + many("E: Unable to locate package p%d\n"), true},
		{"apt's clock", "apt-get update", 100, "E: Release file for http://deb.mirror.org/debian/dists/x-updates/InRelease is not valid yet (invalid for another 12s). Updates for this repository will not be applied.\n", true},
		{"apt's list is too old", "apt-get update", 100, "E: Release file for http://deb.mirror.org/dists/x/InRelease is expired (invalid since 3d). Updates for this repository will not be applied.\n", false},
		{"curl", "curl -f https://h.org/x", 28, "curl: (28) Connection timed out after 5001 milliseconds\n", true},
		{"curl in dnf", "dnf install x", 1, "  - Curl error (28): Timeout was reached for https://h.org/repodata/repomd.xml [Operation too slow]\n", true},
		{"curl in git", "git clone https://h.org/x", 128, "error: RPC failed; curl 28 Operation too slow. Less than 1000 bytes/sec\nfatal: the end\n", true},
		{"curl in composer", "composer install", 100, "curl error 28 while downloading https://repo.h.org/packages.json: nothing\n", true},
		{"a curl that says nothing", "curl -s https://h.org/x", 28, "", true},
		{"the same code of something else", "./configure", 28, "", false},
		{"curl: not found", "curl -f https://h.org/x", 22, "curl: (22) The requested URL returned error: 404\n", false},
		{"a server that is down behind its proxy", "curl -f https://h.org/x", 22, "curl: (22) The requested URL returned error: 521\n", true},
		{"the same for apt", "apt-get update", 100, "E: Failed to fetch http://mirror.org/InRelease  521   [IP: 192.0.2.1 80]\n", true},
		{"the same for wget", "wget https://h.org/x", 8, "2026-11-01 10:00:00 ERROR 521: Web Server Is Down.\n", true},
		{"the same for npm", "npm install", 1, "npm error code E521\n", true},
		{"the same for pip", "pip install x", 1, "ERROR: HTTP error 521 while getting https://files.h.org/x.whl\n", true},
		{"the same for Go", "go mod download", 1, "go: x@v1: reading https://proxy.h.org/x: unexpected status code: 521\n", true},
		{"a server's answer in short", "./fetch", 1, "error: 503\n", true},
		{"a program's own number", "./compile", 1, "error 521 in line 3\n", false},
		{"its number with a text", "./compile", 1, "main.src:3: error 521: this is not known\n", false},
		{"a number like a well-known status", "./compile", 1, "syntax error 503 at main.src line 3\nerror: 500 line 7\n", false},
		{"501 comes again", "curl -f https://h.org/x", 22, "curl: (22) The requested URL returned error: 501\n", false},
		{"any program's broken connection", "./fetch", 1, "read: Connection reset by peer\n", true},

		{"a test's own connection, by its command", "go test ./...", 1, "client_test.go:12: read: connection reset by peer\n", false},
		{"by its report", "./run-all.sh", 1, "--- FAIL: TestReset (0.00s)\n    read: connection reset by peer\nFAIL\n", false},
		{"pytest", "python3 -m pytest", 1, "E       ConnectionResetError: [Errno 104] Connection reset by peer\n=== 1 failed, 3 passed in 0.10s ===\n", false},
		{"bats", "sh all.sh", 1, "not ok 3 resets\n# Connection refused\n", false},
		{"cargo", "cargo t", 101, "test reset ... FAILED\nconnection reset by peer\ntest result: FAILED. 0 passed; 1 failed\n", false},
		{"on the machine itself", "./try", 1, "Get \"http://127.0.0.1:4567/\": read: connection reset by peer\n", false},
		{"a smoke test on the machine itself", "./server & curl -f http://localhost:80/", 7, "curl: (7) Failed to connect to localhost port 80: Connection refused\n", false},
		{"a test that cannot fetch what it needs", "go mod download && go test ./...", 1, "go: x@v1: Get \"https://proxy.h.org/x\": dial tcp 192.0.2.1:443: connection refused\n", true},
		{"a package manager before a test", "apt-get update && apt-get install -y x && make check", 100, "E: Failed to fetch http://deb.mirror.org/x.deb  Connection failed [IP: 192.0.2.1 80]\n", true},
		{"apt through a proxy on the machine itself", "apt-get update", 100, "E: Failed to fetch http://deb.mirror.org/InRelease  Could not connect to localhost:3142 (127.0.0.1). - connect (111: Connection refused)\n", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inner := &flaky{failures: []failure{{tt.prints, failedStep(tt.command, tt.exit)}}}
			b := runner.Retrying{Builder: inner, Retries: 1, Delay: time.Millisecond}
			if _, err := b.Build(context.Background(), engine.Request{}); (err == nil) != tt.again {
				t.Errorf("tried again: %t", err == nil)
			}
		})
	}
	plain := &flaky{failures: []failure{{"", errors.New("unexpected status from GET request to https://r/v2/: 521 Web Server Is Down")}}}
	if _, err := (runner.Retrying{Builder: plain, Retries: 1, Delay: time.Millisecond}).Build(t.Context(), engine.Request{}); err != nil {
		t.Error(err)
	}
}

// many is 20 lines, or pairs of lines.
func many(format string) string {
	text := ""
	for i := range 20 {
		text += fmt.Sprintf(format, i)
	}
	return text
}
