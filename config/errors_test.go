package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLoadErrors(t *testing.T) {
	const cannot = "cannot read configuration: "
	for _, test := range []struct{ name, text, want string }{
		{"string", "# c\nregistry: [a]\n", "config.yaml:2: " + cannot + "key registry must be a string, got a list\nhint: write a single value in quotes"},
		{"string, quotable", "namespace: 1.5\n", "config.yaml:1: " + cannot + "key namespace must be a string, got a number\nhint: put the value in quotes"},
		{"password", "password: 0123\n", "config.yaml:1: " + cannot + "key password must be a string, got an integer\nhint: put the value in quotes"},
		{"list", "base_images: debian:12\n", "config.yaml:1: " + cannot + "key base_images must be a list of strings, got a string\nhint: put each string on a line of its own after a dash"},
		{"platform", "slipway:\n  platforms: [amd64, linux/amd46]\n", "config.yaml:2: " + cannot + "key slipway.platforms cannot be used, item 2: \"linux/amd46\" is no platform\nhint: write it as images do: linux/amd64, linux/arm64, linux/arm/v7"},
		{"system", "slipway:\n  platforms: [windows/amd64]\n", "config.yaml:2: " + cannot + "key slipway.platforms cannot be used, item 1: an image for windows/amd64 cannot be built: only those for linux can\nhint: write it as images do: linux/amd64, linux/arm64, linux/arm/v7"},
		{"list item", "verify_args: [-c, 1]\n", "config.yaml:1: " + cannot + "key verify_args must be a list of strings, but item 2 is an integer\nhint: put the value in quotes"},
		{"integer", "scan_workers: many\n", "config.yaml:1: " + cannot + "key scan_workers must be a number, got a string\nhint: write a number without quotes, such as 8"},
		{"range", "scan_workers: 0\n", "config.yaml:1: " + cannot + "key scan_workers must be at least 1, got 0\nhint: write how many definitions to read at once, such as 8"},
		{"duration", "verify_timeout: soon\n", "config.yaml:1: " + cannot + "key verify_timeout must be a duration, got \"soon\"\nhint: write seconds, or a number with a unit like \"90s\" or \"10m\""},
		{"no duration", "verify_timeout: .nan\n", "config.yaml:1: " + cannot + "key verify_timeout must be more than zero\nhint: write seconds, or a number with a unit like \"90s\" or \"10m\""},
		{"uids", "known_uid_mappings: [root]\n", "config.yaml:1: " + cannot + "key known_uid_mappings must be a mapping of user names to user ids, got a list\nhint: write each user on a line of its own, such as \"  www-data: 33\""},
		{"limits", "container_limits: memory=x\n", "config.yaml:1: " + cannot + "key container_limits is not usable: memory: \"x\" is not a size like 4000000, 512m or 4g\nhint: write it like \"memory=4g,cpusetcpus=0-2\", or leave the key out for no limits"},
		{"one proxy for two keys", "http_proxy: []\n", "config.yaml:1: " + cannot + "key http_proxy must be a string, got a list\nhint: write a single value in quotes"},
		{"two problems, sorted", "registry: 1\nx: y\ndriver: 2\n", "config.yaml:1: " + cannot + "key registry must be a string, got an integer\nhint: put the value in quotes\n" +
			"config.yaml:3: " + cannot + "key driver must be a string, got an integer\nhint: put the value in quotes"},
		{"root", "- a\n", "config.yaml:1: " + cannot + "it must be a mapping of keys to values, got a list\nhint: write lines like \"registry: registry.example\""},
		{"root scalar", "hello\n", "config.yaml:1: " + cannot + "it must be a mapping of keys to values, got a string\nhint: write lines like \"registry: registry.example\""},
		{"key", "on: x\n", "config.yaml:1: cannot use key True: it is a boolean, not a string\nhint: put the key in quotes"},
		{"list as a key", "x:\n  ? [a]\n  : b\n", "config.yaml:2: cannot use a list as a key\nhint: a key must be a single value"},
		{"date", "x: 2026-02-30\n", "config.yaml:1: cannot read value: there is no such day\nhint: put it in quotes if it is meant as a string"},
		{"tag", "x: !python/tuple [a]\n", "config.yaml:1: cannot use tag: it has no meaning here\nhint: leave the tag out, or put the value in quotes if it is meant to begin with !"},
		{"merge", "x:\n  <<: 1\n", "config.yaml:2: cannot merge: << needs a mapping or a list of mappings, got an integer\nhint: write << with an alias such as *defaults, or put it in quotes"},
		{"cycle", "a: &a\n  b: [*a]\n", "config.yaml:2: cannot use alias: it is part of what it stands for\nhint: put the value in quotes if it is meant to begin with *"},
		{"cycle by merge", "a: &a\n  <<: *a\n", "config.yaml:2: cannot use alias: it is part of what it stands for\nhint: put the value in quotes if it is meant to begin with *\nconfig.yaml:2: cannot merge: << needs a mapping or a list of mappings, got null\nhint: write << with an alias such as *defaults, or put it in quotes"},
		{"two documents", "a: 1\n---\nb: 2\n", "config.yaml:2: " + cannot + "a second document begins here\nhint: keep everything in one document, without ---"},
		{"too large", "x: " + strings.Repeat("y", maxSize), "config.yaml: cannot read configuration: it has more than the 4194304 bytes allowed\nhint: run slipway in the folder that has config.yaml, or name the file with -c"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := loadText(t, test.text)
			if diff := cmp.Diff(test.want, fmt.Sprint(err)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The parser's own words may change with the library; the place may not.
func TestSyntaxErrors(t *testing.T) {
	for text, want := range map[string]string{
		"a: 1\nb: [1\n":               "config.yaml:2: cannot parse YAML: ",
		"a: 1\n\tb: 2\n":              "config.yaml:2: cannot parse YAML: ",
		"a: 1\nb:\n  - c\n d: 1\n":    "config.yaml:4: cannot parse YAML: ",
		"a: b: c\n":                   "config.yaml:1: cannot parse YAML: ",
		"a: 1\nb: *nothing\n":         "config.yaml:2: cannot parse YAML: an alias (*) has no anchor (&)\nhint: put the value in quotes if it is meant to begin with *",
		"a: 1\npassword: \"hunter2\n": "config.yaml:2: cannot parse YAML: ",
		"a: 1\nb: \xff\xfe\n":         "config.yaml:2: cannot parse YAML: ",
		"a: 1\n\nb: \x01\n":           "config.yaml:3: cannot parse YAML: ",
		"a: 1\nb: \"\\q\"\n":          "config.yaml:2: cannot parse YAML: ",
	} {
		_, err := loadText(t, text)
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: got %v, want %s…", text, err, want)
		}
	}
}

func TestMissingFiles(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	_, err := Load(Sources{File: "config.yaml"})
	want := "config.yaml: cannot read configuration: no such file or directory\n" +
		"hint: run slipway in the folder that has config.yaml, or name the file with -c"
	if fmt.Sprint(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = Load(Sources{File: "config.yaml", FileExplicit: true, UserFile: "."})
	want = ".: cannot read configuration: it is a folder\nhint: it is the user's own configuration: mend it or take it away\n" +
		"config.yaml: cannot read configuration: no such file or directory\nhint: check the path after -c/--configfile"
	if fmt.Sprint(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// Aliases of aliases stand for more values than fit anywhere; they are counted, not made.
func TestBillionLaughs(t *testing.T) {
	var lists, merges strings.Builder
	lists.WriteString("a0: &a0 [x, x]\n")
	merges.WriteString("a0: &a0\n")
	for i := range 2000 {
		fmt.Fprintf(&merges, "  k%d: 1\n", i)
	}
	for i := 1; i < 40; i++ {
		fmt.Fprintf(&lists, "a%d: &a%d [*a%d, *a%d]\n", i, i, i-1, i-1)
	}
	merges.WriteString("b:\n" + strings.Repeat("  <<: *a0\n", 2000))
	for _, text := range []string{lists.String(), merges.String()} {
		_, err := loadText(t, text)
		if err == nil || !strings.Contains(err.Error(), "with all aliases expanded it has more than 1000000 values") ||
			strings.Count(err.Error(), "cannot read") != 1 {
			t.Errorf("got %v", err)
		}
	}
}

// A long text that thousands of aliases stand for is one in memory, but each key's reader goes through all of
// them: a list of folders of this kind took minutes.
func TestLongAliases(t *testing.T) {
	text := "s: &s " + strings.Repeat("x", 100_000) + "\nl: &l [*s, *s, *s, *s, *s, *s, *s, *s, *s, *s]\n"
	if _, err := loadText(t, text+"m: [*l, *l, *l]\n"); err != nil {
		t.Errorf("got %v", err)
	}
	want := "config.yaml:3: cannot read configuration: its aliases stand for more than 4194304 bytes of text\n"
	_, err := loadText(t, text+"template_paths: [*l, *l, *l, *l]\n")
	if err == nil || !strings.Contains(err.Error(), want) || strings.Count(err.Error(), "cannot read") != 1 {
		t.Errorf("got %v", err)
	}
}

func TestDuplicateKeys(t *testing.T) {
	c, err := loadText(t, "registry: a\nx: {y: 1, z: 0,\n y: 2}\nregistry: b\n")
	if err != nil {
		t.Fatal(err)
	}
	x := c.Variables()["x"].(*Map)
	if y, _ := x.Get("y"); c.Registry != "b" || y != 2 || strings.Join(x.Keys(), " ") != "y z" {
		t.Errorf("got %q, %v %v", c.Registry, y, x.Keys())
	}
	for i, want := range []string{"config.yaml:3: key y replaces the one on line 2", "config.yaml:4: key registry replaces the one on line 1"} {
		if len(c.Warnings) != 2 || !strings.HasSuffix(c.Warnings[i], want) {
			t.Errorf("got warnings %q", c.Warnings)
		}
	}
}

func TestLimits(t *testing.T) {
	for _, test := range []struct {
		text, problem string
		want          Limits
	}{
		{text: "", want: Limits{}},
		{text: "''", want: Limits{}},
		{text: "memory=4000000,memswap=-1,cpushares=512,cpusetcpus=0-2", want: Limits{4000000, -1, 512, "0-2"}},
		{text: "' memory = 4g , memswap = 6GiB '", want: Limits{Memory: 4 << 30, MemSwap: 6 << 30}},
		{text: "{memory: 1.5k, cpusetcpus: '0,2-3', cpushares: 2}", want: Limits{1536, 0, 2, "0,2-3"}},
		{text: "{memory: 512m, memswap: 512MB, cpusetcpus: 1}", want: Limits{512 << 20, 512 << 20, 0, "1"}},
		{text: "{memory: ~, memswap: -1}", want: Limits{MemSwap: -1}},
		{text: "memory", problem: `"memory" is not like key=value`},
		{text: "memory=1,", problem: `"" is not like key=value`},
		{text: "mem=1", problem: `there is no limit "mem", only memory, memswap, cpushares, cpusetcpus`},
		{text: "memory=-1", problem: `memory: "-1" is not a size like 4000000, 512m or 4g`},
		{text: "memory=9e", problem: `memory: "9e" is not a size like 4000000, 512m or 4g`},
		{text: "memory=9999999t", problem: `memory: "9999999t" is too large`},
		{text: "cpushares=-1", problem: `cpushares: "-1" is not a whole number`},
		{text: "cpusetcpus=2-0", problem: `cpusetcpus: "2-0" is not a list of CPUs like 0-2 or 0,2`},
		{text: "cpusetcpus=all", problem: `cpusetcpus: "all" is not a list of CPUs like 0-2 or 0,2`},
		{text: "{memory: [1]}", problem: `memory must be a number or a string, got a list`},
		{text: "memswap=1g", problem: `memswap needs memory too: it is the sum of memory and swap`},
		{text: "memory=2g,memswap=1g", problem: `memswap is less than memory: it is the sum of memory and swap`},
		{text: "[a]", problem: `it must be a string or a mapping, got a list`},
	} {
		c, err := loadText(t, "container_limits: "+test.text+"\n")
		if test.problem != "" {
			if err == nil || !strings.Contains(err.Error()+"\n", "is not usable: "+test.problem+"\nhint: write it like ") {
				t.Errorf("%s: got %v, want %s", test.text, err, test.problem)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
		} else if diff := cmp.Diff(test.want, c.ContainerLimits); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.text, diff)
		}
	}
}

func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/yaml/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatalf("no test data: %v", err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("a: &a [*a]\n<<: [{b: 0x_, c: 1:30:.5}]\ncontainer_limits: memory=1,=\nverify_timeout: 1e400"))
	f.Fuzz(func(t *testing.T, data []byte) {
		settings, _, errs := keys().parse("f", data)
		l := &loader{sources: Sources{Env: func(string) string { return "" }}, table: keys(), settings: settings, errs: errs}
		delete(settings, "password_file") // no file is to be read here
		delete(settings, "template_paths")
		c := l.decode()
		if len(l.errs) == 0 && (c.ScanWorkers < 1 || c.VerifyTimeout <= 0 || c.ContainerLimits.Memory < 0) {
			t.Errorf("got %+v without an error", c)
		}
		for _, e := range l.errs {
			if e.Path != "f" {
				t.Errorf("error without a path: %v", e)
			}
		}
	})
}
