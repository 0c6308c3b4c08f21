package secret_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/secret"
)

func env(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

var scene = secret.Scene{Name: "--secret", Dir: "/work", Env: env(map[string]string{"HOME": "/home/me", "TOKEN": "x", "set": "y", "SSH_AUTH_SOCK": "/run/agent"})}

func TestParse(t *testing.T) {
	for spec, want := range map[string]string{
		"id=tok,src=a/b":               "tok file /work/a/b; --secret file a/b",
		"id=tok,source=/a":             "tok file /a; --secret file /a",
		"src=~/t,id=tok":               "tok file /home/me/t; --secret file ~/t",
		"type=file,id=tok,src=a":       "tok file /work/a; --secret file a",
		"id=tok,env=TOKEN":             "tok variable TOKEN; --secret env TOKEN",
		"type=env,id=tok,src=TOKEN":    "tok variable TOKEN; --secret env TOKEN",
		"id=set":                       "set variable set; --secret env set",
		"id=unset":                     "unset file /work/unset; --secret file unset",
		"ID=tok,SRC=a":                 "tok file /work/a; --secret file a",
		`id=tok,"src=a,b"`:             "tok file /work/a,b; --secret file a,b",
		"":                             "error: it is no list of key=value pairs with commas between them",
		"src=a":                        "error: it has no id",
		"id=":                          "error: it has no id",
		"tok":                          "error: one of its parts is no key=value pair",
		"id=tok,src=a,env=B":           "error: it has both src and env",
		"id=tok,type=vault":            "error: its type is neither file nor env",
		"id=tok,value=S3CRET":          "error: it has the key value; known are id, src, env and type",
		"id=tok,S3CRET-KEY=":           "error: it has the key of another name; known are id, src, env and type",
		"id=tok,src=a\nb":              "tok file /work/a; --secret file a",
		"id=a\tb,src=a":                "error: its id has control characters",
		"id=tok,target=/run,mode=0400": "error: it has the key target; known are id, src, env and type",
	} {
		s, err := secret.Parse(spec, scene)
		got := fmt.Sprintf("%s %s; %s", s.ID, s.What(), s.Origin)
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != want || strings.Contains(got, "S3CRET") {
			t.Errorf("%q: %s, want %s", spec, got, want)
		}
	}
}

func TestParseAgent(t *testing.T) {
	for spec, want := range map[string]string{
		"default":              "default [/run/agent] false --ssh env SSH_AUTH_SOCK",
		"default=":             "default [/run/agent] false --ssh env SSH_AUTH_SOCK",
		"git=~/.ssh/k,l":       "git [/home/me/.ssh/k /work/l] false --ssh ~/.ssh/k,l",
		"default=/s,raw=true":  "default [/s] true --ssh /s",
		"default=/s,raw=maybe": "error: raw is neither true nor false",
		"default=a,b,raw=true": "error: raw goes with one socket",
		"=a":                   "error: it has no id; the usual one is default",
	} {
		at := scene
		at.Name = "--ssh"
		a, err := secret.ParseAgent(spec, at)
		got := fmt.Sprint(a.ID, " ", a.Paths, " ", a.Raw, " ", a.Origin)
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", spec, got, want)
		}
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	for name, size := range map[string]int{"small": 7, "most": secret.MaxSize, "more": secret.MaxSize + 1, "empty": 0} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Repeat("x", size)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		source secret.Source
		size   int
		want   string
		absent bool
	}{
		{secret.Source{ID: "a", File: dir + "/small"}, 7, "", false},
		{secret.Source{ID: "a", File: dir + "/most"}, secret.MaxSize, "", false},
		{secret.Source{ID: "a", File: dir + "/empty"}, 0, "", false},
		{secret.Source{ID: "a", File: dir + "/more"}, -1, "it has more than 512000 bytes", false},
		{secret.Source{ID: "a", File: dir + "/none"}, -1, "none: there is no such file", true},
		{secret.Source{ID: "a", File: dir}, -1, "it is a folder", false},
		{secret.Source{ID: "a", Env: "TOKEN"}, 1, "", false},
		{secret.Source{ID: "a", Env: "UNSET"}, -1, "UNSET: it is not set, or empty", true},
	} {
		v, err := tt.source.Read(t.Context(), scene.Env)
		if tt.want == "" && (err != nil || len(v.Data) != tt.size) || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %d bytes, %v", tt.source.What(), len(v.Data), err)
		}
		if errors.Is(err, secret.ErrAbsent) != tt.absent {
			t.Errorf("%s is absent: %v", tt.source.What(), err)
		}
	}
}

// TestDataIsNotPrinted: whatever prints a value, does not print the secret.
func TestDataIsNotPrinted(t *testing.T) {
	v := secret.Value{Source: secret.Source{ID: "tok"}, Data: secret.Data("S3CRET")}
	encoded, err := json.Marshal(secret.Set{Values: []secret.Value{v}})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(v), fmt.Sprintf("%+v %#v %s %x %q", v, v, v.Data, v.Data, v.Data), string(encoded)} {
		if strings.Contains(text, "S3CRET") || strings.Contains(text, "533343524554") || strings.Contains(text, "UzNDUkVU") {
			t.Error(text)
		}
	}
}

func TestWords(t *testing.T) {
	for text, want := range map[string][]string{
		"":          nil,
		"\n":        nil,
		"token\r\n": {"token"},
		"//registry.npmjs.example/:_authToken=npm_0123456789\nalways-auth=true\n": {"npm_0123456789"},
		"machine a.example login me password hunter2-and-more\n":                  {"hunter2-and-more"},
		`{"type": "x", "private_key": "-----BEGIN\nABCDEFGH\n", "id": 1}`:         {`-----BEGIN\nABCDEFGH\n`, "-----BEGIN\nABCDEFGH\n"},
		"[global]\nindex-url = https://user:hunter2-too@pypi.example/simple\n":    {"hunter2-too"},
		"PASSWORD='a b c d e f'\nAPI_KEY=\"12345678\"\nTOKEN=short\n":             {"a b c d e f", "12345678"},
	} {
		v := secret.Value{Data: secret.Data(text)}
		got := v.Words()
		if len(got) > 0 && got[0] == strings.TrimRight(text, "\r\n") && !slices.Equal(got, want) {
			got = got[1:]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got)\n%s", text, diff)
		}
	}
}

func ExampleParse() {
	s, err := secret.Parse("id=npm,src=npm.token", secret.Scene{Name: "--secret", Dir: "/srv"})
	fmt.Println(s.ID, s.What(), err)
	// Output: npm file /srv/npm.token <nil>
}
