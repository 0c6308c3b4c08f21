package dockercmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/moby/api/types/container"
	"github.com/spf13/pflag"
)

// options are what a command line of run says.
func options(t *testing.T, line ...string) (RunOptions, error) {
	t.Helper()
	var f Flags
	fs := pflag.NewFlagSet("run", pflag.ContinueOnError)
	f.Register(fs)
	if err := fs.Parse(line); err != nil {
		return RunOptions{}, err
	}
	return f.Options(fs, "image", nil)
}

// TestFlagOrder: what was given in an order is passed on in it, every time.
func TestFlagOrder(t *testing.T) {
	for range 20 {
		o, err := options(t, "-e", "B=1", "-v", "/z:/z", "-e", "A=2", "-v", "/a:/a", "--cap-add", "Y", "--cap-add", "X", "-e", "C=3", "--add-host", "b:192.0.2.1", "--add-host", "a:192.0.2.2")
		if err != nil {
			t.Fatal(err)
		}
		got := [][]string{o.Config.Env, o.Host.Binds, o.Host.CapAdd, o.Host.ExtraHosts}
		want := [][]string{{"B=1", "A=2", "C=3"}, {"/z:/z", "/a:/a"}, {"Y", "X"}, {"b:192.0.2.1", "a:192.0.2.2"}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	}
}

// TestEnvironment has the lines of a file of variables; a long one keeps none of the others away.
func TestEnvironment(t *testing.T) {
	t.Setenv("OWN", "mine")
	long := strings.Repeat("x", 70_000)
	file := filepath.Join(t.TempDir(), "env")
	for text, want := range map[string][]string{
		"A=1\nB=2":                           {"A=1", "B=2"},
		"A=1\r\nB=\r\n":                      {"A=1", "B="},
		"\ufeffA=1\n# no=1\n\n  B= 2 \n":     {"A=1", "B= 2 "},
		"OWN\nNOT_SET_AT_ALL\nA=x=y":         {"OWN=mine", "A=x=y"},
		"LONG=" + long + "\nA=1\n":           {"LONG=" + long, "A=1"},
		"# " + long + "=" + long + "\nA=1\n": {"A=1"},
		long + "=1\nA=1\n":                   nil, // a name of such length is reported, not dropped
		"A B=1":                              nil,
		"=1":                                 nil,
		"A=\xff":                             nil,
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := environment([]string{file}, []string{"Z=1"})
		if want == nil {
			if err == nil || !strings.Contains(err.Error(), "env:1: ") {
				t.Errorf("%.30q: %v", text, err)
			}
			continue
		}
		if diff := cmp.Diff(append(want, "Z=1"), got); diff != "" || err != nil {
			t.Errorf("%.30q: %v (-want +got)\n%.300s", text, err, diff)
		}
	}
}

func TestDevice(t *testing.T) {
	for text, want := range map[string]container.DeviceMapping{
		"/dev/a":           {PathOnHost: "/dev/a", PathInContainer: "/dev/a", CgroupPermissions: "rwm"},
		"/dev/a:r":         {PathOnHost: "/dev/a", PathInContainer: "/dev/a", CgroupPermissions: "r"},
		"/dev/a:/dev/b":    {PathOnHost: "/dev/a", PathInContainer: "/dev/b", CgroupPermissions: "rwm"},
		"/dev/a:/dev/b:rw": {PathOnHost: "/dev/a", PathInContainer: "/dev/b", CgroupPermissions: "rw"},
	} {
		if got, err := parseDevice(text); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", ":/dev/b", "/dev/a:/dev/b:x", "/a:/b:/c:rw"} {
		if _, err := parseDevice(text); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

func TestHealthFlags(t *testing.T) {
	o, err := options(t, "--health-cmd", "a b", "--health-interval", "2s", "--health-retries", "5", "--health-start-period", "1m")
	want := &container.HealthConfig{Test: []string{"CMD-SHELL", "a b"}, Interval: 2 * time.Second, Retries: 5, StartPeriod: time.Minute}
	if diff := cmp.Diff(want, o.Config.Healthcheck); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	o, err = options(t, "--no-healthcheck")
	if diff := cmp.Diff(&container.HealthConfig{Test: []string{"NONE"}}, o.Config.Healthcheck); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if o, err = options(t); err != nil || o.Config.Healthcheck != nil {
		t.Errorf("%+v, %v", o.Config.Healthcheck, err)
	}
	for _, line := range [][]string{{"--no-healthcheck", "--health-cmd", "a"}, {"--health-timeout", "-1s"}, {"--health-retries", "-1"}} {
		if _, err := options(t, line...); err == nil {
			t.Errorf("%v: no error", line)
		}
	}
}

// TestFlagErrors: docker's own words say what is wrong with a value.
func TestFlagErrors(t *testing.T) {
	for text, line := range map[string][]string{
		"invalid size":                      {"-m", "much"},
		"bad format for add-host":           {"--add-host", "x"},
		"not a valid domain":                {"--dns-search", "-"},
		"sysctl 'a.b=1' is not allowed":     {"--sysctl", "a.b=1"},
		"invalid environment variable":      {"-e", "=x"},
		"Slipway's containers have no GPUs": {"--gpus", "all"},
		"share the host's network":          {"--ip", "192.0.2.1"},
		"invalid argument \"x:80\"":         {"-p", "x:80"},
		"Valid memory swappiness range":     {"--memory-swappiness", "101"},
		"invalid ulimit argument":           {"--ulimit", "nofile"},
	} {
		if _, err := options(t, line...); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%v: %v, want %s", line, err, text)
		}
	}
	o, err := options(t, "-p", "published=8080,target=80,protocol=tcp", "-p", "127.0.0.1::81")
	if err != nil || len(o.Host.PortBindings) != 2 || len(o.Config.ExposedPorts) != 2 {
		t.Errorf("%+v, %v", o.Host.PortBindings, err)
	}
}
