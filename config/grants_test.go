package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/secret"
)

func TestGrants(t *testing.T) {
	dir := tree(t, map[string]string{
		"sub/config.yaml": "slipway:\n  secrets:\n    '*': ['id=tok,src=a', 'id=env,env=TOK']\n    web/*:\n    - id=tok,src=~/b\n  ssh:\n    '*': [default]\n    tools: ['git=../key']\n",
		"key":             "", "sub/a": "",
		"sub/linked/x": "",
	})
	environment := map[string]string{"HOME": "/home/me", "SSH_AUTH_SOCK": "/run/agent"}
	c, err := Load(Sources{File: filepath.Join(dir, "sub/config.yaml"), Env: func(name string) string { return environment[name] }})
	if err != nil {
		t.Fatal(err)
	}
	a, key := filepath.Join(dir, "sub/a"), filepath.Join(dir, "key")
	want := Own{
		GitModes: true, CABundleMode: "replace", MediaTypes: "oci",
		Secrets: []SecretGrant{
			{"*", secret.Source{ID: "tok", File: a, Origin: "slipway.secrets file a"}},
			{"*", secret.Source{ID: "env", Env: "TOK", Origin: "slipway.secrets env TOK"}},
			{"web/*", secret.Source{ID: "tok", File: "/home/me/b", Origin: "slipway.secrets file ~/b"}},
		},
		SSH: []AgentGrant{
			{"*", secret.Agent{ID: "default", Paths: []string{"/run/agent"}, Origin: "slipway.ssh env SSH_AUTH_SOCK"}},
			{"tools", secret.Agent{ID: "git", Paths: []string{key}, Origin: "slipway.ssh ../key"}},
		},
	}
	if diff := cmp.Diff(want, c.Slipway); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, file := range []string{a, key, "/home/me/b"} {
		if !slices.Contains(c.PrivateFiles(), file) {
			t.Errorf("templates may read %s: %q", file, c.PrivateFiles())
		}
	}
	if len(c.PrivateFiles()) != 4 {
		t.Errorf("%q", c.PrivateFiles())
	}
}

func TestGrantErrors(t *testing.T) {
	const many = "\nslipway: {secrets: {'*': [%s]}}\n"
	for text, want := range map[string]string{
		"\nslipway: {secrets: {a: ['src=S3CRET']}}\n":              `config.yaml:2: cannot read configuration: key slipway.secrets cannot use item 1 below "a": it has no id`,
		"\nslipway: {secrets: {a: [id=b, 'S3CRET']}}\n":            `item 2 below "a": one of its parts is no key=value pair`,
		"\nslipway: {ssh: {a: ['=S3CRET']}}\n":                     `key slipway.ssh cannot use item 1 below "a": it has no id`,
		"\nslipway: {ssh: {a: ['x=~/y']}}\n":                       `HOME is not set`,
		fmt.Sprintf(many, strings.Repeat("'id=a', ", maxGrants+1)): `has more than 10000 items`,
	} {
		_, err := loadText(t, text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "S3CRET") {
			t.Errorf("%.80s: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		"slipway: {secrets: [a]}\n":      "is a list, and Slipway's key is a mapping of globs to lists of strings: it is not acted on",
		"slipway: {secrets: {a: x}}\n":   `below "a" is a string, and`,
		"slipway: {secrets: {a: [1]}}\n": `below "a" has an integer in item 1, and`,
		"slipway: {ssh: {1: [x]}}\n":     `has a glob that is an integer, and`,
	} {
		c, err := loadText(t, text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if u := c.UnknownKeys(); len(u) != 1 || !strings.Contains(u[0].Wrong, want) || !u[0].Misshapen {
			t.Errorf("%s: %+v", text, u)
		}
	}
	dir := tree(t, map[string]string{"config.yaml": "template_paths: [shared]\nslipway: {secrets: {a: ['id=a,src=shared/token']}}\n", "shared/token": ""})
	if _, err := Load(Sources{File: dir + "/config.yaml"}); err == nil || !strings.Contains(err.Error(), "a template could print what is secret in it") {
		t.Errorf("a folder of templates has a secret: %v", err)
	}
}
