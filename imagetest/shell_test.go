package imagetest

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPrograms(t *testing.T) {
	tests := map[string][]int{
		"/bin/bash -c PROGRAM":              {2},
		"bash -e -o pipefail -c PROGRAM":    {5},
		"sh -ec PROGRAM {path}/test.sh":     {2},
		"bash -c -e PROGRAM":                {3},
		"bash --norc -c PROGRAM":            {3},
		"env LANG=C timeout 60 sh -c P x":   {6},
		"su -s /bin/sh -c P nobody":         {4},
		"runuser -u nobody -- sh -c P":      {6},
		"busybox ash -c P":                  {3},
		"bash {path}/test.sh -c {image}":    nil,
		"bash":                              nil,
		"bash -c":                           nil,
		"python3 -c P":                      nil,
		"{path}/test.sh -c {image}":         nil,
		"/bin/bash +e -c P":                 {3},
		"sh -c P sh -c Q":                   {2, 5},
		"bash +c {path}/test.sh":            nil,
		"/usr/bin/dgoss run -e A=b {image}": nil,
	}
	for line, want := range tests {
		var got []int
		found := programs(strings.Fields(line))
		for i := range strings.Fields(line) {
			if found[i] {
				got = append(got, i)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", line, got, want)
		}
	}
}

// evil are paths that a shell takes for something else when it is allowed to.
var evil = []string{"/plain/path-1.2_3", "/a b", "/a;touch evil", "/a'b", `/a"b`, "/a$HOME", "/a$(touch evil)", "/a`touch evil`", `/a\b`, "/a&b", "/a*", "/a\nb", "/{image}", "/~", "/ä", "/a#b", "/a)b", "/a!b"}

// TestFillShell: whatever the place, the shell sees the path and nothing else. The shell itself is asked.
func TestFillShell(t *testing.T) {
	programs := map[string]string{ // and what they print for the path P
		`printf %s {path}`:                           "P",
		`printf %s {path}/x;`:                        "P/x",
		`printf %s "{path}"`:                         "P",
		`printf %s '{path}'`:                         "P",
		`printf %s $'{path}'`:                        "P",
		`printf %s "a\"{path}"`:                      `a"P`,
		`printf %s 'a'"b"\'{path}`:                   `ab'P`,
		`printf %s "$(printf %s {path})"`:            "P",
		`printf %s "$(printf %s "{path}")"{path}`:    "PP",
		"printf %s \"`printf %s '{path}'`\"{path}":   "PP",
		`(printf %s {path}); printf %s {path}`:       "PP",
		"# don't\nprintf %s {path}":                  "P",
		`printf %s a#'{path}'`:                       "a#P",
		`X={path}; printf %s "$X"`:                   "P",
		`f() {{ printf %s "$1"; }}; f {path}`:        "P",
		`X=1; printf %s "${{X}}{path}{image}"`:       "1Papp:1",
		`printf %s "{{path}}"`:                       "{path}",
		`case {path} in /*) printf %s {path};; esac`: "P",
	}
	for program, want := range programs {
		for _, path := range evil {
			if strings.Contains(program, "`") && strings.ContainsAny(path, "`\\$") {
				continue // backquotes take backslashes away once more
			}
			cmd := exec.Command("/bin/bash", "-c", fillShell(program, path, "app:1"))
			cmd.Dir, cmd.Env = t.TempDir(), []string{"PATH=/usr/bin:/bin", "HOME=/root"}
			out, err := cmd.CombinedOutput()
			if wanted := strings.ReplaceAll(want, "P", path); string(out) != wanted || err != nil {
				t.Errorf("%s\nwith %q as\n%s\ngot %q, want %q, error %v", program, path, fillShell(program, path, "app:1"), out, wanted, err)
			}
			if files, _ := filepath.Glob(filepath.Join(cmd.Dir, "*")); len(files) > 0 {
				t.Errorf("%s with %q ran something", program, path)
			}
		}
	}
}

// TestFillShellPlain: what worked before is called as before.
func TestFillShellPlain(t *testing.T) {
	for _, program := range []string{"{path}/test.sh {image}", "'{path}/test.sh' {image}", `cd {path} && ./test.sh "{image}"`, "{{x}} \\{path} {other}"} {
		want := Fill(program, "/srv/fleet/app_1.2", "registry.example:5000/team/app@sha256:abc")
		if got := fillShell(program, "/srv/fleet/app_1.2", "registry.example:5000/team/app@sha256:abc"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestNames(t *testing.T) {
	tests := map[string]struct {
		test Test
		want []string
	}{
		"default":      {defaultTest, []string{"{path}/test.sh"}},
		"two":          {Test{Command: "sh", Args: []string{"-c", "'{path}/my test.sh' {path}/data {image}"}}, []string{"{path}/my test.sh", "{path}/data"}},
		"one argument": {Test{Command: "bash", Args: []string{"{path}/my test.sh", "{image}"}}, []string{"{path}/my test.sh"}},
		"listed":       {defaultTest.Script(`it's {a} "test".sh`), []string{`{path}/it's {{a}} "test".sh`}},
		"an option":    {Test{Command: "goss", Args: []string{"--file={path}/goss.yaml"}}, []string{"--file={path}/goss.yaml"}},
	}
	for name, tt := range tests {
		if got, err := tt.test.Names(); err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, error %v", name, got, err)
		}
	}
}

func TestAttached(t *testing.T) {
	test := Test{Command: "bash", Args: []string{"-c", "{path}/a.sh; x={path}/b.sh; ({path}/c.sh {image})&& {path}/d.sh>/dev/null", "--file={path}/e"}}
	names, err := test.Names()
	want := []string{"{path}/a.sh;", "x={path}/b.sh;", "({path}/c.sh", "{path}/d.sh>/dev/null", "--file={path}/e"}
	if got := Attached(append(names, "{path}/test.sh")); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, error %v", got, err)
	}
}
