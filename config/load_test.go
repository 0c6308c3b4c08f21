package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// tree writes files into a new folder and returns its path.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// loadText loads one configuration file without any environment; errors do not show the folder.
func loadText(t *testing.T, text string) (*Config, error) {
	t.Helper()
	dir := tree(t, map[string]string{"config.yaml": text})
	c, err := Load(Sources{File: filepath.Join(dir, "config.yaml")})
	if err != nil {
		err = fmt.Errorf("%s", strings.ReplaceAll(err.Error(), dir+"/", ""))
	}
	return c, err
}

func TestLoadDefaults(t *testing.T) {
	for _, text := range []string{"", "---\n", "# only a comment\n", "{}", "~"} {
		c, err := loadText(t, text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		want := &Config{
			ScanWorkers:      8,
			BaseImages:       []string{},
			KnownUIDMappings: map[string]string{"root": "0", "www-data": "33", "nobody": "65534"},
			VerifyCommand:    "/bin/bash",
			VerifyArgs:       []string{"-c", "{path}/test.sh {image}"},
			VerifyTimeout:    10 * time.Minute,
			RegistryTrust:    time.Minute,
			FallbackAuthor:   "Author",
			FallbackEmail:    "email@domain",
			UpdateID:         "s",
			Driver:           "docker",
			Slipway:          defaultOwn,
		}
		if diff := cmp.Diff(want, c, cmpopts.IgnoreUnexported(Config{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
		if diff := cmp.Diff(c.Variables(), Default().Variables(), cmp.AllowUnexported(Map{})); diff != "" {
			t.Errorf("%q (-Load +Default):\n%s", text, diff)
		}
		if diff := cmp.Diff(c, Default(), cmpopts.IgnoreUnexported(Config{})); diff != "" {
			t.Errorf("%q (-Load +Default):\n%s", text, diff)
		}
	}
}

func TestVariables(t *testing.T) {
	c, err := loadText(t, `
password: hunter2
http_proxy: http://proxy.example:8080
known_uid_mappings: {spark: 185, flink: "186"}
username: ~
my_list: [a, 1.10, yes]
verify_timeout: 90
`)
	if err != nil {
		t.Fatal(err)
	}
	got := NewMap()
	for _, name := range append(keys().top(), "my_list") {
		if v, ok := c.Variables()[name]; ok {
			got.set(name, v)
		}
	}
	want := `{"apt_only_proxy": "http://proxy.example:8080", "apt_options": "", "base_images": [], "ca_bundle": None, ` +
		`"distribution": "wikimedia", "fallback_author": "Author", "fallback_email": "email@domain", ` +
		`"force_numeric_user": False, "http_proxy": "http://proxy.example:8080", ` +
		`"known_uid_mappings": {"spark": 185, "flink": "186"}, "namespace": "", "registry": "", "scan_workers": 8, ` +
		`"update_id": "s", "username": None, "verify_args": ["-c", "{path}/test.sh {image}"], ` +
		`"verify_command": "/bin/bash", "verify_timeout": 90, "my_list": ["a", 1.1, True]}`
	if diff := cmp.Diff(strings.Split(want, ", "), strings.Split(dump(got), ", ")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.Len() != len(c.Variables()) {
		t.Errorf("%d variables, want %d", len(c.Variables()), got.Len())
	}
	c.Variables()["registry"] = "changed"
	if c.Variables()["registry"] != "" {
		t.Error("the map of variables is shared")
	}
	if diff := cmp.Diff(map[string]string{"spark": "185", "flink": "186"}, c.KnownUIDMappings); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLoadTypes(t *testing.T) {
	c, err := loadText(t, `
registry: registry.example:5000
namespace: ml
username: robot
apt_options: -o Foo=1
seed_image: debian:12
base_images:
  - debian:12
  - debian:13
scan_workers: 0x10
verify_command: /bin/sh
verify_args: []
verify_timeout: 1:30
update_id: 7
ca_bundle: /ca.pem
force_numeric_user: yes
container_limits: memory=4000000,cpusetcpus=0-2
driver: embedded
registry_trust: 5
trust_versions: true
`)
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Registry: "registry.example:5000", Namespace: "ml", Username: "robot", APTOptions: "-o Foo=1",
		SeedImage: "debian:12", BaseImages: []string{"debian:12", "debian:13"}, ScanWorkers: 16,
		VerifyCommand: "/bin/sh", VerifyArgs: []string{}, VerifyTimeout: 90 * time.Second, UpdateID: "7",
		CABundle: "/ca.pem", ForceNumericUser: true, Driver: "embedded", Slipway: defaultOwn,
		RegistryTrust: 5 * time.Second, TrustVersions: true,
		ContainerLimits: Limits{Memory: 4000000, CPUSetCPUs: "0-2"},
	}
	ignore := cmpopts.IgnoreFields(Config{}, "KnownUIDMappings", "FallbackAuthor", "FallbackEmail", "Distribution")
	if diff := cmp.Diff(want, c, ignore, cmpopts.IgnoreUnexported(Config{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLoadNull(t *testing.T) {
	var text strings.Builder
	for _, key := range keys().top() {
		text.WriteString(key + ":\n")
	}
	c, err := loadText(t, text.String())
	if err != nil {
		t.Fatal(err)
	}
	if c.UpdateID != "" || c.VerifyCommand != "/bin/bash" || len(c.KnownUIDMappings) != 0 || c.ScanWorkers < 1 {
		t.Errorf("got %+v", c)
	}
	for name, v := range c.Variables() {
		if v != nil {
			t.Errorf("variable %s is %v, not None", name, v)
		}
	}
}

func TestAPTOnlyProxy(t *testing.T) {
	for _, test := range []struct{ text, http, apt string }{
		{"", "", ""},
		{"http_proxy: http://a", "http://a", "http://a"},
		{"{http_proxy: http://a, apt_only_proxy: ~}", "http://a", "http://a"},
		{"{http_proxy: http://a, apt_only_proxy: ''}", "http://a", ""},
		{"{http_proxy: http://a, apt_only_proxy: http://b}", "http://a", "http://b"},
		{"apt_only_proxy: http://b", "", "http://b"},
	} {
		c, err := loadText(t, test.text)
		if err != nil {
			t.Fatal(err)
		}
		if c.HTTPProxy != test.http || c.APTOnlyProxy != test.apt {
			t.Errorf("%s: got %q and %q", test.text, c.HTTPProxy, c.APTOnlyProxy)
		}
	}
}

func TestLayers(t *testing.T) {
	const project = "registry: project\nknown_uid_mappings: {a: 1}\n"
	for _, test := range []struct {
		name      string
		user      map[string]string
		env       []string
		userFile  string
		wantSpace string
	}{
		{name: "no user file"},
		{name: "no home folder", user: map[string]string{"home/.config/slipway.yaml": "namespace: x"}, env: []string{"HOME", ""}},
		{name: "home", user: map[string]string{"home/.config/slipway.yaml": "namespace: home"}, wantSpace: "home"},
		{name: "XDG", user: map[string]string{"home/.config/slipway.yaml": "namespace: home", "xdg/slipway.yaml": "namespace: xdg"},
			env: []string{"XDG_CONFIG_HOME", "xdg"}, wantSpace: "xdg"},
		{name: "docker-pkg's", user: map[string]string{"home/.config/docker-pkg.yaml": "namespace: old"}, wantSpace: "old"},
		{name: "both", user: map[string]string{"home/.config/docker-pkg.yaml": "{namespace: old, x: 1}",
			"home/.config/slipway.yaml": "namespace: new"}, wantSpace: "new"},
		{name: "named", user: map[string]string{"home/.config/slipway.yaml": "namespace: home", "my.yaml": "namespace: named"},
			userFile: "my.yaml", wantSpace: "named"},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := map[string]string{"config.yaml": project}
			for name, text := range test.user {
				files[name] = text + "\n"
			}
			dir := tree(t, files)
			t.Chdir(dir)
			c, err := Load(Sources{File: "config.yaml", UserFile: test.userFile, Env: environment(append(test.env, "HOME", "home")...)})
			if err != nil {
				t.Fatal(err)
			}
			if c.Registry != "project" || c.Namespace != test.wantSpace {
				t.Errorf("got registry %q, namespace %q", c.Registry, c.Namespace)
			}
		})
	}
}

// A key of the project's file replaces the user's whole value.
func TestLayersAreShallow(t *testing.T) {
	dir := tree(t, map[string]string{
		"user.yaml":   "registry: user\nknown_uid_mappings: {a: 1, b: 2}\nmine: 1\nusername:\n  - not a string, but not used\n",
		"config.yaml": "registry: project\nknown_uid_mappings: {c: 3}\nusername: ~\n",
	})
	c, err := Load(Sources{File: filepath.Join(dir, "config.yaml"), UserFile: filepath.Join(dir, "user.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	if c.Registry != "project" || c.Username != "" || c.Variables()["mine"] != 1 || len(c.KnownUIDMappings) != 1 {
		t.Errorf("got %+v", c)
	}
}

func TestNames(t *testing.T) {
	for _, test := range []struct{ registry, namespace, want string }{
		{"", "", "a:1"},
		{"r.example", "", "r.example/a:1"},
		{"", "ns", "ns/a:1"},
		{"r.example:5000", "ns/sub", "r.example:5000/ns/sub/a:1"},
		{"r.example/", "ns/", "r.example/ns/a:1"},
		{"r.example", "/ns", "/ns/a:1"},
	} {
		c := &Config{Registry: test.registry, Namespace: test.namespace}
		if got := c.Ref("a", "1"); got != test.want || c.Name("a")+":1" != got {
			t.Errorf("registry %q, namespace %q: got %s, want %s", test.registry, test.namespace, got, test.want)
		}
	}
}
