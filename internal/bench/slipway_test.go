//go:build linux

package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// scratch is where the measured binary is built, for all benchmarks of a run.
var scratch string

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "slipway-bench-"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(scratch)
	m.Run()
}

// compile builds the program once per run.
var compile = sync.OnceValues(func() (string, error) {
	binary := filepath.Join(scratch, "slipway")
	out, err := exec.Command("go", "build", "-o", binary, "github.com/slipway-build/slipway/cmd/slipway").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("cannot build slipway: %w\n%s", err, out)
	}
	return binary, nil
})

// program is the real binary, a fleet and an engine root, each of its own.
type program struct {
	binary, fleet, root string
}

// newProgram builds the binary and makes an empty fleet.
func newProgram(b *testing.B) program {
	b.Helper()
	binary, err := compile()
	if err != nil {
		b.Fatal(err)
	}
	p := program{binary: binary, fleet: b.TempDir(), root: b.TempDir()}
	put(b, filepath.Join(p.fleet, "config.yaml"), "registry: registry.example\nnamespace: bench\n")
	return p
}

func (p program) images() string { return filepath.Join(p.fleet, "images") }

func (p program) command(ctx context.Context, args ...string) *exec.Cmd {
	common := []string{"-c", filepath.Join(p.fleet, "config.yaml"), "--root", p.root}
	cmd := exec.CommandContext(ctx, p.binary, append(common, args...)...)
	// The user's own configuration must not change what is measured.
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+p.fleet, "LC_ALL=C")
	return cmd
}

// outcome is the last line of "build --progress json".
type outcome struct {
	Event  string
	Images []struct {
		Image, Outcome string
		Seconds        float64
	}
	cost
	peak int64 // resident memory in bytes
}

// cost is what a build took: from the start of its process to the end, and of the processors, all
// that worked for it included.
type cost struct{ took, cpu time.Duration }

// used is the processor time of an ended command and of all its children.
func used(cmd *exec.Cmd) time.Duration {
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// build runs "slipway build" on the fleet and fails unless every image ends as wanted.
func (p program) build(b *testing.B, want string, flags ...string) outcome {
	b.Helper()
	args := append([]string{"build", "--local", "--progress", "json"}, flags...)
	cmd := p.command(b.Context(), append(args, p.images())...)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	start := time.Now()
	err := cmd.Run()
	took := time.Since(start)
	if err != nil {
		b.Fatalf("cannot build the fleet: %v\n%s%s", err, &stderr, &out)
	}
	lines := bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n"))
	o := outcome{cost: cost{took, used(cmd)}, peak: cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10}
	if err := json.Unmarshal(lines[len(lines)-1], &o); err != nil || o.Event != "finished" || len(o.Images) == 0 {
		b.Fatalf("cannot read the summary: %v\n%s%s", err, &stderr, &out)
	}
	for _, i := range o.Images {
		if i.Outcome != want {
			b.Fatalf("%s is %q, not %q", i.Image, i.Outcome, want)
		}
	}
	return o
}

// series is one quantity, measured again and again.
type series []float64

func (s *series) add(d time.Duration) { *s = append(*s, d.Seconds()) }

// median is the middle, of an even number the mean of the two.
func (s series) median() float64 {
	sorted := slices.Sorted(slices.Values(s))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func put(b *testing.B, name, data string) {
	b.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(data), 0o666); err != nil {
		b.Fatal(err)
	}
}

// changelog has one entry; its date is the fixed epoch of all images.
func changelog(name, version string) string {
	return fmt.Sprintf("%s (%s) stable; urgency=medium\n\n  * Measure.\n\n -- Ann Onymous <ann@example.org>  Thu, 01 Jan 2026 10:00:00 +0000\n", name, version)
}

// epoch is changelog's date in seconds since 1970.
const epoch = 1767261600

// putBusybox copies Debian's static busybox (busybox-static) into an image's folder.
func putBusybox(b *testing.B, dir string) {
	b.Helper()
	data, err := os.ReadFile("/bin/busybox")
	if err != nil {
		b.Fatal(err)
	}
	put(b, filepath.Join(dir, "busybox"), string(data))
	if err := os.Chmod(filepath.Join(dir, "busybox"), 0o755); err != nil {
		b.Fatal(err)
	}
}

// busyboxBase begins every Dockerfile that has no parent.
const busyboxBase = `FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
ENV PATH=/bin
`
