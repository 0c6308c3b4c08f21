package config

import (
	"fmt"
	"strings"
	"testing"
)

// TestLenient has what TestKeysAsDockerPkg of package fleet does not: what the API gives.
func TestLenient(t *testing.T) {
	for _, test := range []struct{ text, get, want, warning string }{
		{"apt_options: 5", "APTOptions", "5", ""},
		{"apt_options: [-o, \"a'b\"]", "APTOptions", `['-o', "a'b"]`, "key apt_options is a list: it becomes text as Python prints it"},
		{"apt_options: {a: [1.0, ~, 2026-01-31]}", "APTOptions", "{'a': [1.0, None, datetime.date(2026, 1, 31)]}",
			"key apt_options is a mapping: it becomes text as Python prints it"},
		{"apt_options: [\"\\u0007\\u200b\\U0001F600\\n\\\\\"]", "APTOptions", `['\x07\u200b😀\n\\']`,
			"key apt_options is a list: it becomes text as Python prints it"},
		{"apt_only_proxy: false", "APTOnlyProxy", "", ""},
		{"apt_only_proxy: []", "APTOnlyProxy", "", ""},
		{"{apt_only_proxy: 0, http_proxy: http://p}", "APTOnlyProxy", "", ""},
		{"apt_only_proxy: yes", "APTOnlyProxy", "True", "key apt_only_proxy is a boolean: it becomes text as Python prints it"},
		{"known_uid_mappings: {a: 1.5, 5: ~}", "KnownUIDMappings", "map[5:None a:1.5]", `key known_uid_mappings maps "a" to a number, not to a whole number: it becomes text as Python prints it`},
		{"known_uid_mappings: []", "KnownUIDMappings", "map[]", ""},
		{"base_images: {'a:1': x}", "BaseImages", "[a:1]", ""},
		{"force_numeric_user: 'no'", "ForceNumericUser", "true", "key force_numeric_user is a string, which counts as true: write true or false, without quotes"},
		{"force_numeric_user: ''", "ForceNumericUser", "false", "key force_numeric_user is a string, which counts as false: write true or false, without quotes"},
		{"scan_workers: 1.5", "ScanWorkers", "2", ""},
		{"scan_workers: true", "ScanWorkers", "1", ""},
		{"scan_workers: .inf", "ScanWorkers", "1048576", ""},
		{"seed_image: [a]", "SeedImage", "", ""},
		{"namespace: t", "Namespace", "t", "key namespace stands without the key registry: images are called t/NAME, and nothing is published"},
		{"{namespace: t, registry: ~}", "Namespace", "t", "key namespace stands without the key registry"},
		{"{namespace: t, registry: ''}", "Namespace", "t", ""},
		{"{namespace: t, registry: r}", "Namespace", "t", ""},
		{"username: 5", "Username", "5", ""},
		{"{username: false, password: x}", "Username", "", ""},
		{"password: false", "Password", "", ""},
	} {
		c, err := loadText(t, test.text+"\n")
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
			continue
		}
		got := map[string]any{
			"APTOptions": c.APTOptions, "APTOnlyProxy": c.APTOnlyProxy, "KnownUIDMappings": c.KnownUIDMappings,
			"BaseImages": c.BaseImages, "ForceNumericUser": c.ForceNumericUser, "ScanWorkers": c.ScanWorkers,
			"SeedImage": c.SeedImage, "Namespace": c.Namespace, "Username": c.Username, "Password": c.Password,
		}[test.get]
		if fmt.Sprint(got) != test.want {
			t.Errorf("%s: got %v, want %s", test.text, got, test.want)
		}
		warned := strings.Join(c.Warnings, "\n")
		if test.warning == "" && warned != "" || !strings.Contains(warned, "config.yaml:1: "+test.warning) && test.warning != "" {
			t.Errorf("%s: warnings %q, want %q", test.text, warned, test.warning)
		}
	}
	for text, want := range map[string]string{
		"{username: 5, password: x}": "config.yaml:1: cannot read configuration: key username must be a string, got an integer\nhint: put the value in quotes",
		"namespace: /abs":            "config.yaml:1: cannot read configuration: key namespace begins with a slash: \"/abs\" would replace the registry, and no image can have such a name\nhint: remove the slash",
		"scan_workers: .nan":         "config.yaml:1: cannot read configuration: key scan_workers must be at least 1, got nan\nhint: write how many definitions to read at once, such as 8",
		"known_uid_mappings: 5":      "config.yaml:1: cannot read configuration: key known_uid_mappings must be a mapping of user names to user ids, got an integer\nhint: write each user on a line of its own, such as \"  www-data: 33\"",
		"base_images: [[a]]":         "config.yaml:1: cannot read configuration: key base_images must be a list of strings, but item 1 is a list\nhint: write a single value for each item; one with a colon or a comma needs quotes",
	} {
		if _, err := loadText(t, text+"\n"); fmt.Sprint(err) != want {
			t.Errorf("%s: got %v\nwant %s", text, err, want)
		}
	}
}

// TestMessagesHideSecrets: however a password is mistyped, no message repeats it.
func TestMessagesHideSecrets(t *testing.T) {
	for _, text := range []string{
		"password: [hunter2, b]", "password: {hunter2: b}", "password: {hunter2}", "password: {hunter2: a, hunter2: b}",
		"password: {x: {hunter2: a, hunter2: b}}", "password: *hunter2", "password: [*hunter2]", "password: !hunter2",
		"password: !hunter2 x", "password: !!hunter2 x", "password: !<hunter2> x", "password: !hunter2 [a]",
		"password: !h!hunter2 x", "password: \"hunter2", "password: 'hunter2", "password: hunter2: x", "password: [hunter2",
		"password: {hunter2", "password: @hunter2", "password: `hunter2", "password: %hunter2", "password: \"\\hunter2\"",
		"password: \"hunter2\\q\"", "password: - hunter2", "password: |hunter2", "password: >hunter2\n",
		"password: &hunter2 [*hunter2]", "password: {<<: hunter2}", "password: !!int hunter2", "password: !!binary hunter2",
		"password: !!float hunter2", "password: 2026-02-30hunter2: x", "password: hunter2\n  : x", "password: \"a\" hunter2",
		"password: {? [hunter2] : x}", "password: hunter2\x01", "password: hunter2\xff", "password_file: hunter2",
		"password_file: [hunter2]", "password_file: /hunter2", "password: hunter2\npassword: [x]",
		"http_proxy: [http://a:hunter2@h]", "apk_only_proxy: {http://a:hunter2@h: x}", "username: [hunter2]\npassword: x",
		"apt_only_proxy: [http://a:hunter2@h]", "http_proxy: *hunter2", "apt_options: {a: hunter2}", "container_limits: [hunter2]",
	} {
		for _, full := range []string{text + "\n", "a: 1\n" + text + "\nb: 2\n", "a: &a {x: 1}\n" + text + "\nb: *a\nc: [\n"} {
			c, err := loadText(t, full)
			said := fmt.Sprint(err)
			if err == nil {
				said = strings.Join(c.Warnings, "\n")
			} else if !strings.HasPrefix(said, "config.yaml:") || !strings.Contains(said, "\nhint: ") {
				t.Errorf("%q: no place or no hint: %s", full, said)
			}
			if strings.Contains(said, "hunter2") {
				t.Errorf("%q: shown in %s", full, said)
			}
		}
	}
}

// TestWarningsHideSecrets: a password that is not used, for there is a better one, is not shown either.
func TestWarningsHideSecrets(t *testing.T) {
	for _, text := range []string{"password: {hunter2: a, hunter2: b}", "password: [{x: {hunter2: a, hunter2: b}}]"} {
		dir := tree(t, map[string]string{"config.yaml": text + "\n"})
		c, err := Load(Sources{File: dir + "/config.yaml", Env: environment("SLIPWAY_PASSWORD", "x")})
		if err != nil {
			t.Fatal(err)
		}
		if said := strings.Join(c.Warnings, "\n"); !strings.Contains(said, ":1: key [hidden] replaces the one on line 1") || strings.Contains(said, "hunter2") {
			t.Errorf("%s: warnings %q", text, said)
		}
	}
}
