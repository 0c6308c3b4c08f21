package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTemplatePaths(t *testing.T) {
	dir := tree(t, map[string]string{
		"project/config.yaml":     "template_paths: [templates, ../shared, ~/mine]\n",
		"project/templates/a.j2":  "",
		"shared/b.j2":             "",
		"home/mine/c.j2":          "",
		"project/none.yaml":       "a: 1\n",
		"user/slipway.yaml":       "template_paths: [own]\n",
		"user/own/d.j2":           "",
		"project/wrong.yaml":      "a: 1\ntemplate_paths: [templates, gone, config.yaml, '']\n",
		"project/wrong-type.yaml": "template_paths: templates\n",
	})
	t.Chdir(dir)
	load := func(file, userFile string) (*Config, error) {
		return Load(Sources{File: filepath.FromSlash(file), UserFile: userFile, Env: environment("HOME", dir+"/home")})
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		file, userFile string
		want           []string
	}{
		{"project/config.yaml", "user/slipway.yaml", []string{here + "/project/templates", here + "/shared", dir + "/home/mine"}},
		{"project/none.yaml", "", nil},
		{"project/none.yaml", "user/slipway.yaml", []string{here + "/user/own"}},
	} {
		c, err := load(test.file, test.userFile)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, c.TemplatePaths); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.file, diff)
		}
	}
	const place = "project/wrong.yaml:2: cannot read configuration: key template_paths names "
	const hint = "\nhint: folders of templates are relative to the configuration file"
	want := place + `"gone", which cannot be used: no such file or directory` + hint + "\n" +
		place + `"config.yaml", which cannot be used: it is not a folder` + hint + "\n" +
		place + `"", which cannot be used: it is empty` + hint
	if _, err := load("project/wrong.yaml", ""); err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	if _, err := load("project/wrong-type.yaml", ""); err == nil ||
		!strings.HasPrefix(err.Error(), "project/wrong-type.yaml:1: cannot read configuration: key template_paths must be a list of strings") {
		t.Errorf("got %v", err)
	}
}

// TestTemplatePathsHideConfiguration: whatever name a folder goes by, it must not hold the file with
// the passwords, here or further down.
func TestTemplatePathsHideConfiguration(t *testing.T) {
	dir := tree(t, map[string]string{
		"repo/conf/config.yaml": "", "repo/conf/templates/a": "", "repo/templates/b": "", "secrets/token": "x",
		"home/.config/slipway.yaml": "", "real/real.yaml": "",
	})
	for link, target := range map[string]string{
		"repo/conf/templates/up": "..", "link": "repo", "repo/linked.yaml": "../real/real.yaml", "linked": "repo/conf",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		file, text string
		refused    bool
	}{
		{"repo/conf/config.yaml", ".", true},
		{"repo/conf/config.yaml", "./", true},
		{"repo/conf/config.yaml", "..", true},
		{"repo/conf/config.yaml", "/", true},
		{"repo/conf/config.yaml", dir, true},
		{"repo/conf/config.yaml", "templates/..", true},
		{"repo/conf/config.yaml", "templates/up", true},
		{"repo/conf/config.yaml", "../../link", true},
		{"repo/conf/config.yaml", "~/", true},
		{"repo/conf/config.yaml", "~/.config", true},
		{"link/conf/config.yaml", "../../repo", true},
		{"linked/config.yaml", dir + "/repo/conf", true},
		{"linked/config.yaml", dir + "/repo", true},
		{"repo/linked.yaml", dir + "/real", true},
		{"repo/linked.yaml", ".", true},
		{"repo/conf/config.yaml", "../../secrets", true},
		{"repo/conf/config.yaml", "templates", false},
		{"repo/conf/config.yaml", "../templates", false},
		{"repo/linked.yaml", dir + "/repo/templates", false},
	} {
		file := filepath.Join(dir, test.file)
		text := "password_file: " + dir + "/secrets/token\ntemplate_paths: ['" + test.text + "']\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(Sources{File: file, Env: environment("HOME", dir+"/home")})
		if !test.refused {
			if err != nil || len(c.TemplatePaths) != 1 || len(c.PrivateFiles()) != 3 {
				t.Errorf("%s, %s: %v", test.file, test.text, err)
			}
			continue
		}
		if err == nil || !strings.HasPrefix(err.Error(), file+":2: cannot read configuration: key template_paths names ") ||
			!strings.Contains(err.Error(), ", which holds "+dir) || !strings.Contains(err.Error(), "\nhint: ") {
			t.Errorf("%s, %s: %v", test.file, test.text, err)
		}
	}
}

func TestImageDigests(t *testing.T) {
	good := "sha256:" + strings.Repeat("0f", 32)
	long := "sha512:" + strings.Repeat("0f", 64)
	c, err := loadText(t, "image_digests:\n  debian:bookworm: "+good+"\n  r.example:5000/a/b: "+long+"\n")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"debian:bookworm": good, "r.example:5000/a/b": long}, c.ImageDigests); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if m, ok := c.Variables()["image_digests"].(*Map); !ok || m.Len() != 2 {
		t.Error("the key is no variable any more")
	}
	const place = "config.yaml:1: cannot read configuration: key image_digests "
	const noDigest = " to a digest\nhint: a digest is sha256: and 64 hexadecimal digits in lower case"
	for text, want := range map[string]string{
		"[a]":                                  "must be a mapping of image references to digests, got a list\nhint: write each on a line of its own, such as \"  debian:12: sha256:...\"",
		"{a: b}":                               "must map a" + noDigest + ", this has 1",
		"{a: 5}":                               "must map a" + noDigest,
		"{a: '" + strings.ToUpper(good) + "'}": "must map a to a digest\nhint: write " + good,
		"{a: '" + good[7:] + "'}":              "must map a to a digest\nhint: write " + good,
		"{a: '" + good[:70] + "'}":             "must map a" + noDigest + ", this has 63",
		"{a: '" + good + " '}":                 "must map a to a digest\nhint: write " + good,
		"{a: \"" + good + "\\nRUN x\"}":        "must map a" + noDigest,
		"{'a b': '" + good + "'}":              "has \"a b\", which is not an image reference\nhint: write name:tag, without a digest; the name is in lower case",
		"{'a@" + good + "': '" + good + "'}":   "has \"a@" + good + "\", which is not an image reference\nhint: write name:tag, without a digest; the name is in lower case",
		"{5: '" + good + "'}":                  "has \"5\", which is not an image reference\nhint: write name:tag, without a digest; the name is in lower case",
	} {
		if _, err := loadText(t, "image_digests: "+text+"\n"); err == nil || err.Error() != place+want {
			t.Errorf("%s: got %v, want %s", text, err, place+want)
		}
	}
}

func TestIsReference(t *testing.T) {
	for _, ref := range []string{"a", "a:1", "a/b:1", "r.example/a", "r.example:5000/a/b_c/d__e/f-g.h:v1.2-3_x", "[::1]:5000/a", "R.example/a", "localhost/a:1"} {
		if !IsReference(ref) {
			t.Errorf("%s is none", ref)
		}
	}
	for _, ref := range []string{"", "A", "a:", ":1", "a::1", "a b", "a\n", "a:1\n", "/a", "a/", "a//b", "-a", "a:-1", "a/B", "a..b", "a@b", "https://a/b", "a:" + strings.Repeat("x", 129), "[[", "a/[::1]"} {
		if IsReference(ref) {
			t.Errorf("%q is one", ref)
		}
	}
}
