package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// newKeys are rows that somebody adds: nothing else has their names.
func newKeys(flavour *string, vault *Secret) table {
	return append(keys(), key{
		name: ownPrefix + "flavour", value: "plain", form: oneOf("plain", "sweet"), flag: "flavour", last: []string{"FLAVOUR"},
		doc: "how images taste",
		end: bind(func(*Config) *string { return flavour }, (*reader).text),
	}, key{
		name: "vault", form: text, private: "the vault's word", first: "VAULT",
		doc: "what opens the vault",
		end: bind(func(*Config) *Secret { return vault }, func(r *reader, k *key) Secret { return Secret(r.l.sources.Env(k.first) + r.text(k)) }),
	})
}

// A row is all that a new key needs: it is read, has its default, is told from what is like it, is shown with where
// it is from, documented, in the schema and, if it is a secret, hidden everywhere.
func TestNewKey(t *testing.T) {
	var flavour string
	var vault Secret
	added := newKeys(&flavour, &vault)
	load := func(text string, env, flags func(string) string) *Config {
		t.Helper()
		dir := tree(t, map[string]string{"config.yaml": text})
		c, err := added.load(Sources{File: filepath.Join(dir, "config.yaml"), Env: env, Flag: func(name string) (string, bool) {
			return flags(name), flags(name) != ""
		}})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	none := environment()
	shown := func(c *Config, name string) string {
		all := c.Settings()
		s := all[slices.IndexFunc(all, func(s Setting) bool { return s.Key == name })]
		return fmt.Sprintf("%v from %s", s.Value, strings.Replace(s.Origin.String(), filepath.Dir(s.Origin.Path)+"/", "", 1))
	}
	for _, test := range []struct {
		text       string
		env, flags func(string) string
		want       string
	}{
		{"", none, none, "plain from default"},
		{"slipway: {flavour: sweet}", none, none, "sweet from config.yaml:1"},
		{"slipway: {flavour: sour}", none, none, "plain from default"},
		{"", environment("FLAVOUR", "sweet"), none, "sweet from environment FLAVOUR"},
		{"slipway: {flavour: plain}", environment("FLAVOUR", "sweet"), none, "plain from config.yaml:1"},
		{"slipway: {flavour: plain}", none, environment("flavour", "sweet"), "sweet from --flavour"},
	} {
		c := load(test.text, test.env, test.flags)
		if got := shown(c, "slipway.flavour"); got != test.want || !strings.HasPrefix(test.want, flavour) && test.env("FLAVOUR") == "" {
			t.Errorf("%s: %s, read %s, want %s", test.text, got, flavour, test.want)
		}
	}
	c := load("vault: hunter2\nslipway: {flavour: sour, flavor: x}", none, none)
	var told []string
	for _, u := range c.UnknownKeys() {
		told = append(told, u.Name+" "+u.Wrong+" "+fmt.Sprint(slices.Contains(u.Known, "slipway.flavour")))
	}
	want := []string{
		"slipway.flavor is none of Slipway's own keys true",
		`slipway.flavour is "sour", and Slipway's key is plain or sweet: it is not acted on false`,
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := shown(c, "vault"); got != "*** from config.yaml:1" || vault.Reveal() != "hunter2" || c.Variables()["vault"] != nil {
		t.Errorf("%s, read %s, variable %v", got, vault.Reveal(), c.Variables()["vault"])
	}
	secrets := c.Secrets()
	if len(secrets) != 1 || secrets[0].Text.Reveal() != "hunter2" || !strings.HasSuffix(secrets[0].What, "config.yaml:1: the vault's word") {
		t.Errorf("secrets %v", secrets)
	}
	if c := load("", environment("VAULT", "word"), none); shown(c, "vault") != "*** from environment VAULT" {
		t.Error(shown(c, "vault"))
	}
	if row := "| `slipway.flavour` | `plain` | how images taste |\n"; !strings.Contains(added.markdown(true), row) {
		t.Error("it is not documented")
	}
	schema := resolved(t, added)
	if validate(t, schema, "slipway: {flavour: sweet}") != nil || validate(t, schema, "slipway: {flavour: 1}") == nil || validate(t, schema, "vault: [a]") == nil {
		t.Error("it is not in the schema")
	}
}
