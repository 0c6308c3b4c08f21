package config

import (
	"encoding/json"
	"fmt"
	"math/big"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// settingsOf prints those of the names, one a line: name, value, origin.
func settingsOf(t *testing.T, c *Config, dir string, names ...string) string {
	t.Helper()
	var lines []string
	for _, s := range slices.Concat(c.Settings(), c.TemplateVariables()) {
		if !slices.Contains(names, s.Key) {
			continue
		}
		value, err := json.Marshal(s.Value)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.ReplaceAll(fmt.Sprintf("%s %s %s", s.Key, value, s.Origin), dir+"/", ""))
	}
	return strings.Join(lines, "\n")
}

// What counts is from the first that gives it: a flag, the environment, the project's file, the user's.
func TestSettings(t *testing.T) {
	for _, test := range []struct {
		text, user, keys, want string
		env                    []string
	}{
		{text: "", keys: "registry namespace http_proxy scan_workers base_images container_limits password builder",
			want: "registry \"\" default\nnamespace \"\" default\nbase_images [] default\nhttp_proxy null default\nbuilder null default\ncontainer_limits null default\nscan_workers 8 default\npassword null default"},
		{text: "registry: a", user: "registry: b\nnamespace: c", keys: "registry namespace", want: "registry \"a\" config.yaml:1\nnamespace \"c\" user.yaml:2"},
		{text: "slipway: {git_modes: no}", user: "slipway:\n  git_modes: yes\n  exclude: [a]", keys: "slipway.git_modes slipway.exclude",
			want: "slipway.exclude [\"a\"] user.yaml:3\nslipway.git_modes false config.yaml:1"},
		{text: "registry:\nupdate_id:\nseed_image: x", keys: "registry update_id seed_image", want: "registry \"\" default\nseed_image \"x\" config.yaml:3\nupdate_id \"\" config.yaml:2"},
		{text: "http_proxy: http://p", keys: "http_proxy apt_only_proxy slipway.https_proxy", env: []string{"HTTPS_PROXY", "http://e", "HTTP_PROXY", "http://e"},
			want: "http_proxy \"http://p\" config.yaml:1\napt_only_proxy \"http://p\" config.yaml:1 (http_proxy)\nslipway.https_proxy \"http://p\" config.yaml:1 (http_proxy)"},
		{text: "http_proxy: ''\nslipway: {https_proxy: '', no_proxy: ''}", keys: "http_proxy slipway.https_proxy slipway.no_proxy",
			env:  []string{"HTTPS_PROXY", "http://e", "HTTP_PROXY", "http://f", "NO_PROXY", "x"},
			want: "http_proxy \"http://f\" environment HTTP_PROXY\nslipway.https_proxy \"http://e\" environment HTTPS_PROXY\nslipway.no_proxy [] config.yaml:2"},
		{text: "apt_only_proxy: ''\nhttp_proxy: http://p", keys: "apt_only_proxy", want: "apt_only_proxy \"\" config.yaml:1"},
		{keys: "http_proxy apt_only_proxy slipway.https_proxy slipway.no_proxy", env: []string{"https_proxy", "http://u:pw@e", "HTTP_PROXY", "http://h", "no_proxy", "a,b"},
			want: "http_proxy \"http://h\" environment HTTP_PROXY\napt_only_proxy null default\nslipway.https_proxy \"http://u:***@e\" environment https_proxy\nslipway.no_proxy \"a,b\" environment no_proxy"},
		{text: "password: hunter2", keys: "password", want: "password \"***\" config.yaml:1"},
		{text: "password: hunter2\npassword_file: pw", keys: "password password_file", want: "password \"***\" config.yaml:2 (password_file)\npassword_file \"pw\" config.yaml:2"},
		{text: "password: hunter2\npassword_file: hunter3", env: []string{"SLIPWAY_PASSWORD", "x"}, keys: "password password_file",
			want: "password \"***\" environment SLIPWAY_PASSWORD\npassword_file \"***\" config.yaml:2"},
		{text: "builder: make", keys: "builder", want: "builder null default\nbuilder \"make\" config.yaml:1"},
		{text: "builder: {tool: x}", keys: "builder builder.tool", want: "builder null default\nbuilder.tool \"x\" config.yaml:1"},
		{text: "slipway: {exclude: a, mine: 1}", keys: "slipway.exclude slipway.mine", want: "slipway.exclude null default\nslipway.exclude \"a\" config.yaml:1\nslipway.mine 1 config.yaml:1"},
		{text: "slipway: blue", keys: "slipway", want: "slipway \"blue\" config.yaml:1"},
		{text: "container_limits: memory=1k,cpusetcpus=0-1", keys: "container_limits", want: "container_limits {\"cpusetcpus\":\"0-1\",\"memory\":1024} config.yaml:1"},
		{text: "slipway: {ssh: {'*': ['git=/k', default]}}", keys: "slipway.ssh",
			want: "slipway.ssh [{\"id\":\"git\",\"images\":\"*\",\"paths\":[\"/k\"]},{\"id\":\"default\",\"images\":\"*\"}] config.yaml:1"},
	} {
		dir := tree(t, map[string]string{"config.yaml": test.text, "user.yaml": test.user, "pw": "s3cret"})
		c, err := Load(Sources{File: filepath.Join(dir, "config.yaml"), UserFile: filepath.Join(dir, "user.yaml"), Env: environment(test.env...)})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, settingsOf(t, c, dir, strings.Fields(test.keys)...)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", test.text, diff)
		}
	}
}

// TestSettingsHideSecrets: neither a key nor a variable shows a secret, as a value or in an address.
func TestSettingsHideSecrets(t *testing.T) {
	dir := tree(t, map[string]string{"config.yaml": `
password: hunter2
http_proxy: http://me:hunter2@p
apt_only_proxy: me:hunter2@p
apt_options: -o Acquire::http::Proxy=http://me:hunter2@p
slipway: {https_proxy: 'http://me:hunter2@p', no_proxy: [a], token: hunter2}
builder:
  images:
  - {name: a, from: 'https://me:hunter2@h/r', args: {API_KEY: hunter2, URL: 'http://me:hunter2@h', V: 1}}
npm: {token: hunter2, pin: 1}
tokens: [hunter2]
mirror: http://me:hunter2@h/x
db_password: 777777777
key: "-----BEGIN PRIVATE KEY-----hunter2"
`})
	c, err := Load(Sources{File: filepath.Join(dir, "config.yaml"), Env: environment("HTTPS_PROXY", "http://me:hunter2@e")})
	if err != nil {
		t.Fatal(err)
	}
	shown, err := json.Marshal(slices.Concat(c.Settings(), c.TemplateVariables()))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"hunter2", "777777777"} {
		if i := strings.Index(string(shown), secret); i >= 0 {
			t.Errorf("…%s", shown[max(0, i-80):i+20])
		}
	}
	for _, plain := range []string{`"http://me:***@p"`, `"https://me:***@h/r"`, `"V":"1"`, `"pin":1`, `"http://me:***@h/x"`, `-o Acquire::http::Proxy=http://me:***@p`} {
		if !strings.Contains(string(shown), plain) {
			t.Errorf("%s is not shown in %s", plain, shown)
		}
	}
}

// What is shown of a value is JSON, whatever YAML makes of it.
func TestPlain(t *testing.T) {
	n, _ := new(big.Int).SetString("123456789012345678901234567890", 10)
	for want, v := range map[string]any{
		`null`: nil, `1.5`: 1.5, `"nan"`: nan(), `123456789012345678901234567890`: n, `{"1":["a",true]}`: NewMap(1, []any{"a", true}),
		`"2026-11-21"`: date{Time: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), DateOnly: true}, `"b'x'"`: binary("x"),
		`"1h30m"`: 90 * time.Minute, `"2h"`: 2 * time.Hour, `"0s"`: time.Duration(0), `"1.5s"`: 1500 * time.Millisecond, `"***"`: Secret("x"), `""`: Secret(""),
		`{"a":"b"}`: map[string]string{"a": "b"}, `{"filters":false,"from":"f","name":"a","submodules":[]}`: Listed{Name: "a", From: "f", NoFilters: true, Submodules: []string{}},
		`{"memswap":-1}`: Limits{MemSwap: -1},
	} {
		got, err := json.Marshal(plain(v))
		if err != nil || string(got) != want {
			t.Errorf("%v: %s, %v, want %s", v, got, err, want)
		}
	}
}

func nan() float64 {
	v, _ := resolve(".nan")
	return v.(float64)
}
