package cgroup

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestFolder(t *testing.T) {
	const v1 = `30 23 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
31 23 0:31 / /sys/fs/cgroup/systemd rw,relatime shared:9 - cgroup cgroup rw,xattr,name=systemd
32 23 0:33 / /sys/fs/cgroup/un\040ified rw,relatime - cgroup2 cgroup2 rw
33 23 0:34 / /proc rw - proc proc rw
`
	tests := map[string]struct{ mounts, own, want string }{
		"version 2": {"30 23 0:29 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n", "0::/user.slice/a.scope\n",
			"/sys/fs/cgroup/user.slice/a.scope"},
		"at its root":    {"30 23 0:29 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/\n", "/sys/fs/cgroup"},
		"in a container": {"30 23 0:29 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/docker/abc/x\n", "/sys/fs/cgroup/x"},
		"elsewhere":      {"30 23 0:29 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/docker/abcd\n", "/sys/fs/cgroup"},
		"both": {v1, "5:name=systemd:/s\n3:cpu,cpuacct:/c\n0::/u\n",
			"/sys/fs/cgroup/cpu,cpuacct/c /sys/fs/cgroup/systemd/s /sys/fs/cgroup/un ified/u"},
		"none": {"33 23 0:34 / /proc rw - proc proc rw\n", "0::/\n", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, h := range parseMounts(tt.mounts) {
				got = append(got, h.folder(tt.own))
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPreferred(t *testing.T) {
	list := parseMounts("1 2 0:1 / /c rw - cgroup cgroup rw,cpu\n1 2 0:1 / /p rw - cgroup cgroup rw,pids\n1 2 0:1 / /u rw - cgroup2 cgroup2 rw\n")
	slices.SortStableFunc(list, func(a, b hierarchy) int { return a.rank() - b.rank() })
	if list[0].mount != "/u" || list[1].mount != "/p" {
		t.Errorf("got %v", list)
	}
}

// writable is a Run for a new root, on a machine with control groups.
func writable(t *testing.T) Run {
	t.Helper()
	r, err := Of(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	g, err := r.New("probe")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("control groups cannot be written, and in CI they must be: %v", err)
		}
		t.Skipf("needs control groups that can be written: %v", err)
	}
	if err := g.End(); err != nil {
		t.Fatal(err)
	}
	return r
}

// sleep starts a process in a group and returns its end.
func sleep(t *testing.T, procs string) <-chan error {
	t.Helper()
	cmd := exec.Command("sh", "-c", `echo 0 >"$0"; exec sleep 987`, procs)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { cmd.Process.Kill() })
	for range 1000 {
		if data, _ := os.ReadFile(procs); len(data) > 0 {
			return ended
		}
	}
	t.Fatal("the process does not come")
	return nil
}

func TestEnd(t *testing.T) {
	r := writable(t)
	g, err := r.New("one")
	if err != nil {
		t.Fatal(err)
	}
	below := filepath.Join(g.dir, "below")
	if err := os.Mkdir(below, 0o755); err != nil {
		t.Fatal(err)
	}
	first, second := sleep(t, g.Procs()), sleep(t, filepath.Join(below, "cgroup.procs"))
	if err := g.End(); err != nil {
		t.Error(err)
	}
	<-first
	<-second
	if err := g.End(); err != nil {
		t.Errorf("the second time: %v", err)
	}
	container := filepath.Join(filepath.Dir(g.dir), "buildkit", "abc")
	if err := os.MkdirAll(container, 0o755); err != nil {
		t.Fatal(err)
	}
	if names, err := r.End(); err != nil || len(names) != 1 || names[0] != "abc" {
		t.Errorf("containers %v, error %v", names, err)
	}
	if _, err := os.Stat(filepath.Dir(g.dir)); !os.IsNotExist(err) {
		t.Errorf("it is left: %v", err)
	}
}

// TestSweep: what is left of the dead is ended; what the living and other roots have is not.
func TestSweep(t *testing.T) {
	dead, other := writable(t), writable(t)
	living := dead
	dead.name = dead.mark + "1.5" // no process 1 has begun then
	groups := map[string]*Group{}
	for name, r := range map[string]Run{"dead": dead, "living": living, "other": other} {
		g, err := r.New("test")
		if err != nil {
			t.Fatal(err)
		}
		groups[name] = g
		t.Cleanup(func() { r.End() })
	}
	ended := sleep(t, groups["dead"].Procs())
	if _, err := living.Sweep(); err != nil {
		t.Error(err)
	}
	<-ended
	for name, g := range groups {
		if _, err := os.Stat(g.dir); os.IsNotExist(err) != (name == "dead") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestZero: what has no name is nobody's, least of all everybody's.
func TestZero(t *testing.T) {
	if names, err := (Run{}).End(); names != nil || err != nil {
		t.Errorf("%v, %v", names, err)
	}
	if names, err := (Run{}).Sweep(); names != nil || err != nil {
		t.Errorf("%v, %v", names, err)
	}
	if _, err := (Run{}).New("x"); err == nil {
		t.Error("no error")
	}
	for _, name := range []string{"", ".", "..", "/"} {
		if Remove("/buildkit", name) == nil {
			t.Errorf("%q is removed", name)
		}
	}
}
