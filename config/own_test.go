package config

import (
	gocmp "cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/platform"
)

// defaultOwn are the own keys of a file that has none.
var defaultOwn = Own{GitModes: true, CABundleMode: "replace", MediaTypes: "oci"}

// The keys below slipway replace one another file by file, each for itself; templates see the value of
// the project's file, as of every key.
func TestOwnKeys(t *testing.T) {
	dir := tree(t, map[string]string{
		"user/slipway.yaml":   "slipway: {exclude: [a], link_roots: [shared]}\n",
		"user/shared/x":       "",
		"project/config.yaml": "base: &base\n  exclude: [merged]\nslipway:\n  <<: *base\n  link_roots:\n  - ../jjb\n",
		"jjb/x":               "",
		"plain/config.yaml":   "slipway:\n  exclude:\n  - old/*\n",
	})
	load := func(name string) *Config {
		t.Helper()
		c, err := Load(Sources{File: filepath.Join(dir, name), UserFile: filepath.Join(dir, "user/slipway.yaml")})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := load("project/config.yaml")
	if diff := cmp.Diff(Own{Exclude: []string{"merged"}, LinkRoots: []string{filepath.Join(dir, "jjb")}, GitModes: true, CABundleMode: "replace", MediaTypes: "oci"}, c.Slipway); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := c.Place("slipway.link_roots"); got != filepath.Join(dir, "project/config.yaml")+":5" {
		t.Errorf("place %s", got)
	}
	c = load("plain/config.yaml")
	if diff := cmp.Diff(Own{Exclude: []string{"old/*"}, LinkRoots: []string{filepath.Join(dir, "user/shared")}, GitModes: true, CABundleMode: "replace", MediaTypes: "oci"}, c.Slipway); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got, ok := c.Variables()["slipway"].(*Map); !ok || !slices.Equal(got.Keys(), []string{"exclude"}) {
		t.Errorf("variable %v", c.Variables()["slipway"])
	}
	if _, given := Default().Variables()["slipway"]; given || len(c.Variables()) != len(Default().Variables())+1 {
		t.Error("a variable that no file has")
	}
}

// Platforms have one spelling, and count once.
func TestPlatforms(t *testing.T) {
	for text, want := range map[string][]platform.Platform{
		"": nil, "slipway: {platforms: }": nil, "slipway: {platforms: []}": nil,
		"slipway: {platforms: [arm64, linux/amd64, aarch64, linux/arm]}": {"linux/arm64", "linux/amd64", "linux/arm/v7"},
		"slipway: {platforms: linux/arm64}":                              nil, // a variable of somebody's, which is told
		"platforms: [linux/arm64]":                                       nil,
	} {
		c, err := Load(Sources{File: filepath.Join(tree(t, map[string]string{"config.yaml": text}), "config.yaml")})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(c.Slipway.Platforms, want) {
			t.Errorf("%s: %v, want %v", text, c.Slipway.Platforms, want)
		}
		i := slices.IndexFunc(c.Settings(), func(s Setting) bool { return s.Key == "slipway.platforms" })
		if shown := fmt.Sprint(c.Settings()[i].Value); len(want) > 0 && shown != "[linux/arm64 linux/amd64 linux/arm/v7]" {
			t.Errorf("it is shown as %s", shown)
		}
	}
}

// Whatever a user called slipway before Slipway had the key is his variable, and no error.
func TestSlipwayAsVariable(t *testing.T) {
	for text, want := range map[string]string{
		"slipway: 1.5":                  "slipway is a number: Slipway's own keys would stand below it, so none is read",
		"slipway: [a]":                  "slipway is a list: Slipway's own keys would stand below it, so none is read",
		"slipway:":                      "",
		"slipway: {}":                   "",
		"slipway: {color: blue}":        "slipway.color is none of Slipway's own keys",
		"slipway: {1: x}":               "slipway.1 is none of Slipway's own keys",
		"slipway: {strict: true}":       "slipway.strict is none of Slipway's own keys\nstrict stands at the top level",
		"slipway: {exclude: , x.y: []}": "slipway.x.y is none of Slipway's own keys",
		"a: &a {b: c}\nslipway: *a":     "slipway.b is none of Slipway's own keys",
	} {
		c, err := loadText(t, text+"\n")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var got []string
		for _, u := range c.UnknownKeys() {
			if u.Wrong != "" {
				got = append(got, u.Name+" "+u.Wrong)
			}
			if strings.Contains(u.Hint, "top level") {
				got = append(got, u.Hint)
			}
		}
		if joined := strings.Join(got, "\n"); joined != want {
			t.Errorf("%s: %q, want %q", text, joined, want)
		}
		if len(c.Slipway.Exclude)+len(c.Slipway.LinkRoots) != 0 {
			t.Errorf("%s: read as %v", text, c.Slipway)
		}
	}
}

// What has another form than Slipway's key is a user's own, or a slip: it is told, not acted on, and stops
// nothing. Another key beside it counts.
func TestMisshapenOwnKeys(t *testing.T) {
	for text, want := range map[string]string{
		"{exclude: old}":           "slipway.exclude is a string, and Slipway's key is a list of strings: it is not acted on\nput each string on a line of its own after a dash",
		"{exclude: {a: b}}":        "slipway.exclude is a mapping, and Slipway's key is a list of strings: it is not acted on\nput each string on a line of its own after a dash",
		"{exclude: [a, 1.10]}":     "slipway.exclude has a number in item 2, and Slipway's key is a list of strings: it is not acted on\nput the value in quotes",
		"{exclude: [a: b]}":        "slipway.exclude has a mapping in item 1, and Slipway's key is a list of strings: it is not acted on\nwrite a single value for each item; one with a colon or a comma needs quotes",
		"{exclude: ['']}":          "slipway.exclude has nothing in item 1, and Slipway's key is a list of strings: it is not acted on\nremove the item",
		"{link_roots: /srv}":       "slipway.link_roots is a string, and Slipway's key is a list of strings: it is not acted on\nput each string on a line of its own after a dash",
		"{git_modes: [a, b]}":      "slipway.git_modes is a list, and Slipway's key is true or false: it is not acted on\nwrite true or false, without quotes",
		"{git_modes: ''}":          "slipway.git_modes is a string, and Slipway's key is true or false: it is not acted on\nwrite true or false, without quotes",
		"{git_modes: , exclude: }": "",
	} {
		c, err := loadText(t, "\nslipway: "+text+"\n")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := ""
		for _, u := range c.UnknownKeys() {
			if got += u.Name + " " + u.Wrong + "\n" + u.Hint; !u.Misshapen || u.Line != 2 {
				t.Errorf("%s: %+v", text, u)
			}
		}
		if got != want {
			t.Errorf("%s: got %s\nwant %s", text, got, want)
		}
		if diff := cmp.Diff(defaultOwn, c.Slipway); diff != "" {
			t.Errorf("%s is acted on: %s", text, diff)
		}
		if _, ok := c.Variables()["slipway"].(*Map); !ok || len(c.Warnings) > 0 {
			t.Errorf("%s: variables %v, warnings %v", text, c.Variables()["slipway"], c.Warnings)
		}
	}
	c, err := loadText(t, "slipway: {link_roots: 1, exclude: [old], git_modes: 0}\n")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Own{Exclude: []string{"old"}, CABundleMode: "replace", MediaTypes: "oci"}, c.Slipway); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// What has the form is Slipway's, and what is wrong with it an error.
func TestOwnKeyErrors(t *testing.T) {
	const text = "\nslipway: {link_roots: [nowhere]}\n"
	const want = "config.yaml:2: cannot read configuration: key slipway.link_roots names \"nowhere\", which cannot be used: no such file or directory\nhint: link_roots are relative to the configuration file"
	if _, err := loadText(t, text); fmt.Sprint(err) != want {
		t.Errorf("%s: got %v\nwant %s", text, err, want)
	}
	dir := tree(t, map[string]string{"config.yaml": "slipway: {link_roots: [.]}\n"})
	if _, err := Load(Sources{File: dir + "/config.yaml"}); err == nil || !strings.Contains(err.Error(), "could take what is secret in it into an image") {
		t.Errorf("the folder of the configuration is allowed: %v", err)
	}
}

// What is unknown is told with its line; what the project's file replaced is not told.
func TestUnknownKeys(t *testing.T) {
	dir := tree(t, map[string]string{
		"user.yaml":   "builder: {imags: []}\nnamepsace: a\n",
		"config.yaml": "registry: r\nmine: 1\nbuilder:\n  image: []\nslipway:\n  exlude: []\n",
	})
	c, err := Load(Sources{File: dir + "/config.yaml", UserFile: dir + "/user.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, u := range c.UnknownKeys() {
		got = append(got, fmt.Sprintf("%s:%d %s %s", filepath.Base(u.Path), u.Line, u.Name, u.Variable))
	}
	want := []string{"config.yaml:2 mine mine", "config.yaml:4 builder.image builder", "config.yaml:6 slipway.exlude slipway", "user.yaml:2 namepsace namepsace"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestTrustRealm: an empty list forbids all, which no list does not.
func TestTrustRealm(t *testing.T) {
	for text, want := range map[string][]string{
		"slipway: {}\n":                                nil,
		"slipway: {trust_realm: []}\n":                 {},
		"slipway: {trust_realm: [auth.example.net]}\n": {"auth.example.net"},
	} {
		c, err := loadText(t, text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, c.Slipway.TrustRealm); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}

// Keys of proxies and certificates: a form that is another one is not acted on, and so pins.
func TestNetworkKeys(t *testing.T) {
	for text, want := range map[string]Own{
		"{}":                              {},
		"{no_proxy: 'a, .b,,10.0.0.0/8'}": {NoProxy: []string{"a", ".b", "10.0.0.0/8"}},
		"{no_proxy: [a, b]}":              {NoProxy: []string{"a", "b"}},
		"{no_proxy: ''}":                  {NoProxy: []string{}},
		"{no_proxy: []}":                  {NoProxy: []string{}},
		"{no_proxy: {a: b}}":              {},
		"{https_proxy: 'http://p'}":       {HTTPSProxy: "http://p"},
		"{https_proxy: 1}":                {},
		"{ca_bundle_mode: add}":           {CABundleMode: "add"},
		"{ca_bundle_mode: replace}":       {},
		"{ca_bundle_mode: Add}":           {},
	} {
		c, err := loadText(t, "slipway: "+text+"\n")
		if err != nil {
			t.Fatal(err)
		}
		want.GitModes, want.MediaTypes, want.CABundleMode = true, "oci", gocmp.Or(want.CABundleMode, "replace")
		if diff := cmp.Diff(want, c.Slipway); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
}
