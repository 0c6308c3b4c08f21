package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/slipway-build/slipway/internal/nasty"
)

// What one command may take for a fleet of a megabyte. Bytes allocated count the work: they are the same on a
// busy machine.
const (
	mostMemory    = 300 << 20
	mostAllocated = 2 << 30
)

// used is what a slipway that ends tells to the test that started it.
type used struct{ Peak, Allocated int64 }

// usedVariable names the file that it is told in.
const usedVariable = "SLIPWAY_TEST_USED"

// tellUsed is called by a slipway that ends.
func tellUsed() {
	file := os.Getenv(usedVariable)
	if file == "" {
		return
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	status, _ := os.ReadFile("/proc/self/status")
	found := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)
	peak, _ := strconv.ParseInt(string(found[1]), 10, 64)
	data, _ := json.Marshal(used{peak << 10, int64(m.TotalAlloc)})
	_ = os.WriteFile(file, data, 0o644)
}

// bounded runs a slipway that cannot have more than 3 GB of addresses, for not more than two minutes.
func bounded(t testing.TB, dir string, args ...string) (u used, output string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "slipway")
	if err := os.Symlink(exe, link); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "used")
	args = append([]string{"-c", `ulimit -v 3000000; exec "$0" "$@"`, link, "-c", "config.yaml", "--root", filepath.Join(dir, "root")}, args...)
	cmd := exec.CommandContext(ctx, "sh", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), usedVariable+"="+file, "XDG_CONFIG_HOME="+dir)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != 0 && cmd.ProcessState.ExitCode() != 1 {
		t.Fatalf("%q: %v\n%.2000s", args[3:], err, out.String())
	}
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, &u)
	}
	if err != nil {
		t.Fatal(err)
	}
	return u, out.String()
}

// TestNastyDefinitions: whatever a definition is, reading it takes bounded memory and work, and ends with a
// result or with the error of what is wrong. One of the commands for each, all where it is proven.
func TestNastyDefinitions(t *testing.T) {
	families := nasty.Families()
	commands := [][]string{{"plan", "images"}, {"lint", "images"}, {"lint", "--sarif", "images"}}
	largest, most, runs, which := int64(0), int64(0), 0, ""
	for i, family := range families {
		files := family.Files(1_000_000)
		for k, command := range commands {
			if os.Getenv("SLIPWAY_PROVE") == "" && (i+k)%len(commands) != 0 {
				continue
			}
			dir := t.TempDir()
			if err := files.Write(dir); err != nil {
				t.Fatal(err)
			}
			u, output := bounded(t, dir, command...)
			name := family.Name + ": slipway " + strings.Join(command, " ")
			if u.Peak > mostMemory || u.Allocated > mostAllocated {
				t.Errorf("%s takes %d MB, and allocates %d MB", name, u.Peak>>20, u.Allocated>>20)
			}
			if regexp.MustCompile(`internal error|goroutine \d+ \[|^panic:`).MatchString(output) {
				t.Errorf("%s says:\n%.2000s", name, output)
			}
			if u.Peak > largest {
				largest, which = u.Peak, name
			}
			most, runs = max(most, u.Allocated), runs+1
			os.RemoveAll(dir)
		}
	}
	t.Log(fmt.Sprintf("%d families, %d runs: at most %d MB of memory (%s), and %d MB allocated", len(families), runs, largest>>20, which, most>>20))
}

// BenchmarkNastyDefinitions shows the seconds: each family must stay below ten.
func BenchmarkNastyDefinitions(b *testing.B) {
	for _, family := range nasty.Families() {
		b.Run(strings.ReplaceAll(family.Name, " ", "_"), func(b *testing.B) {
			dir := b.TempDir()
			if err := family.Files(1_000_000).Write(dir); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				bounded(b, dir, "lint", "images")
			}
		})
	}
}
