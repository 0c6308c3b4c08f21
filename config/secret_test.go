package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const secretText = "hunter2"

func TestSecretIsNeverShown(t *testing.T) {
	c, err := loadText(t, "password: "+secretText+"\nx: &x 1\ny: *x\n")
	if err != nil {
		t.Fatal(err)
	}
	if c.Password.Reveal() != secretText {
		t.Fatalf("got %q", c.Password.Reveal())
	}
	if _, ok := c.Variables()["password"]; ok {
		t.Error("password is a variable")
	}
	var out bytes.Buffer
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
		fmt.Fprintf(&out, format+format+format, c.Password, c, *c)
	}
	fmt.Fprintln(&out, fmt.Errorf("with %w, %v", os.ErrExist, c.Password), c.Variables())
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("x", "password", c.Password, "config", c)
	}
	for _, marshal := range []func(any) ([]byte, error){json.Marshal, yaml.Marshal} {
		for _, v := range []any{c, c.Password, map[string]Secret{"p": c.Password}} {
			text, err := marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			out.Write(text)
		}
	}
	for _, shown := range []string{secretText, fmt.Sprintf("%x", secretText), fmt.Sprintf("%X", secretText)} {
		if i := strings.Index(out.String(), shown); i >= 0 {
			t.Errorf("shown in …%s", out.String()[max(0, i-100):i+10])
		}
	}
	if got := fmt.Sprint(Secret("")); got != "" {
		t.Errorf("no secret prints as %q", got)
	}
}

func TestPassword(t *testing.T) {
	const inFile, inKey = "password_file: secret.txt\n", "password: key\n"
	for _, test := range []struct {
		name, text, env string
		file            string // content of secret.txt
		mode            os.FileMode
		want, wantErr   string
		warnings        int
	}{
		{name: "none"},
		{name: "null", text: "password: ~\npassword_file: ~\n"},
		{name: "key", text: inKey, want: "key"},
		{name: "file over key", text: inFile + inKey, file: "file\n", mode: 0o600, want: "file"},
		{name: "environment over all", text: inFile + inKey, env: "env", want: "env"}, // there is no file
		{name: "no final line feed", text: inFile, file: " fi le ", mode: 0o400, want: " fi le "},
		{name: "DOS line", text: inFile, file: "file\r\nmore\r\n", mode: 0o600, want: "file"},
		{name: "home", text: "password_file: ~/secret.txt\n", file: "file", mode: 0o600, want: "file"},
		{name: "others may read", text: inFile, file: "file\n", mode: 0o604, want: "file", warnings: 1},
		{name: "group may read", text: inFile, file: "file\n", mode: 0o640, want: "file", warnings: 1},
		{name: "missing", text: "a: 1\n" + inFile,
			wantErr: "config.yaml:2: cannot read configuration: key password_file names a file that cannot be used: no such file or directory\nhint: the first line of the file is the password; the path is relative to the configuration file"},
		{name: "empty", text: inFile, file: "\n", mode: 0o600,
			wantErr: "config.yaml:1: cannot read configuration: key password_file names a file that cannot be used: its first line is empty\nhint: the first line of the file is the password; the path is relative to the configuration file"},
		{name: "too large", text: inFile, file: strings.Repeat("x", maxPassword+1), mode: 0o600,
			wantErr: "config.yaml:1: cannot read configuration: key password_file names a file that cannot be used: it has more than the 65536 bytes allowed\nhint: the first line of the file is the password; the path is relative to the configuration file"},
		{name: "type", text: "password_file: [a]\n",
			wantErr: "config.yaml:1: cannot read configuration: key password_file must be a string, got a list\nhint: write a single value in quotes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := tree(t, map[string]string{"config.yaml": test.text})
			if test.mode != 0 {
				path := filepath.Join(dir, "secret.txt")
				if err := os.WriteFile(path, []byte(test.file), 0o600); err != nil {
					t.Fatal(err)
				}
				if err := os.Chmod(path, test.mode); err != nil {
					t.Fatal(err)
				}
			}
			c, err := Load(Sources{
				File: filepath.Join(dir, "config.yaml"),
				Env:  environment("SLIPWAY_PASSWORD", test.env, "HOME", dir),
			})
			if test.wantErr != "" {
				if err == nil || strings.ReplaceAll(err.Error(), dir+"/", "") != test.wantErr {
					t.Errorf("got %v, want %s", err, test.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Password.Reveal(); got != test.want || len(c.Warnings) != test.warnings {
				t.Errorf("got %q, warnings %q", got, c.Warnings)
			}
		})
	}
}

func TestMap(t *testing.T) {
	m := NewMap("b", 1, "a", 2, 1, "int", nil, "none")
	if !m.set(true, "bool") || m.set([]any{}, 1) || m.set(NewMap(), 1) {
		t.Error("a list or a mapping became a key, or a boolean did not")
	}
	if got := strings.Join(m.Keys(), " "); got != "b a 1 None" || m.Len() != 4 {
		t.Errorf("keys %s", got)
	}
	for _, key := range []any{1, 1.0, true} {
		if v, ok := m.Lookup(key); v != "bool" || !ok {
			t.Errorf("%v: got %v, %v", key, v, ok)
		}
	}
	for _, key := range []any{"1", 1.5, []any{}, "x"} {
		if v, ok := m.Lookup(key); ok {
			t.Errorf("%v: got %v", key, v)
		}
	}
	if v, ok := m.Get("a"); v != 2 || !ok {
		t.Errorf("a: got %v, %v", v, ok)
	}
}
