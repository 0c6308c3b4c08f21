package gitindex

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// TestConfigSyntax compares what is read of a configuration with what git reads, errors too.
func TestConfigSyntax(t *testing.T) {
	r := newRepo(t)
	for _, text := range []string{
		"", "\n\n", "# comment", "; comment\n[core]", "[core]\n\tfilemode = false\n", "[core]filemode=false", "[CORE] FileMode = No ; why\n",
		"[core]\r\n\tfilemode = false\r\n\tx = y\r\n", "\xef\xbb\xbf[core]\nfilemode = off\n", "[core]\nfilemode\n", "[core]\nfilemode", "[core]\nfilemode =\n", "[core]\nfilemode = # none",
		"[core]\nx = \"a b\" c  \n", "[core]\nx = a\"# ; \"b # c\n", "[core]\nx = a \\\n  b\\\\ \\\"q\\\" \\t\\n\\b.\n", "[core]\nx = \"a \\\n b\"\n", "[core]\nx = \" a \"  \t\n",
		"[core]\nx = a\\\r\nb\r\n", "[core]\nx = a\\ \n", "[core]\nx = \\", "[core]\nx = \\q", "[core]\nx = \"a\n", "[core]\nx = \"a",
		"[core \"Sub \\\"x\\\\ \\y\"]\nkey = v", "[core.Sub]\nkey = v", "[a-b.c]\nkey-1 = v", "[core\n]\nx=y", "[core", "[]\nx = y", "[core \"a]\nx = y", "[core \"a\nb\"]\nx = y", "[core \"a\"x]\ny = z", "[core\"a\"]\nx = y",
		"key = value", "[core]\n1key = v", "[core]\nkey! = v", "[core]\nkey # comment\n", "[core]\nkey v\n", "[core]\n_ = v\n", "[core]\na = 1\na = 2\n[other]\nb = 3\n[core]\na = 4",
		"[core]\nx = y[z]\n[d]e = f\n", "[core] [d] e = f", "[core] # comment\nx = y # \\\nz = w", "[core]\nx = '\"'\"\n", "[core]\nx = a;b", "[core]\nx = a #b\\\n",
	} {
		r.write("config", text, 0o644)
		out, gitErr := r.try("config", "--file", "config", "--list", "-z")
		var got strings.Builder
		p := parser{data: bytes.TrimPrefix([]byte(text), []byte("\xef\xbb\xbf")), line: 1}
		s, err := p.next()
		for ; err == nil; s, err = p.next() {
			if s.key == "" {
				continue
			}
			got.WriteString(strings.TrimPrefix(s.section+"."+s.key, "."))
			if !s.bare {
				got.WriteString("\n" + s.value)
			}
			got.WriteString("\x00")
		}
		switch failed := !errors.Is(err, io.EOF); {
		case failed != (gitErr != nil):
			t.Errorf("%q: %v here, %v for git", text, err, gitErr)
		case failed && !strings.Contains(out, "bad config line "+string(rune('0'+s.line))) && !strings.Contains(out, "bad config line "+string(rune('1'+s.line))):
			t.Errorf("%q: line %d here; git: %s", text, s.line, out)
		case !failed && got.String() != out:
			t.Errorf("%q: %q here, %q for git", text, got.String(), out)
		}
	}
}

func TestFileModeSetting(t *testing.T) {
	r := newRepo(t).sample()
	for _, value := range []string{"", " =", " = true", " = YES", " = on", " = 1", " = 2", " = -1", " = 0x10", " = false", " = No", " = off", " = 0", " = 00", ` = ""`, " = true\nfilemode = false"} {
		r.write(".git/config", "[core]\nfilemode"+value+"\n", 0o644)
		want := strings.TrimSpace(r.git("config", "--type=bool", "core.fileMode")) == "true"
		if got := r.open().FileMode(); got != want {
			t.Errorf("filemode%s: %v here, %v for git", value, got, want)
		}
	}
	r.write(".git/config", "[core]\nbare = false\n", 0o644)
	if !r.open().FileMode() {
		t.Error("the default is not true")
	}
	if err := os.Remove(r.path(".git/config")); err != nil {
		t.Fatal(err)
	}
	r.same(r.open())
}

func TestConfigErrors(t *testing.T) {
	r := newRepo(t).sample()
	for text, want := range map[string]string{
		"[core]\n\nfilemode = maybe\n":                          `:3: cannot read git's configuration: core.filemode is neither true nor false: "maybe"`,
		"[core]\nbare = x":                                      `:2: cannot read git's configuration: core.bare is neither`,
		"\n# x\n[core]\nx = \"":                                 `:4: cannot read git's configuration: the quotes have no end`,
		"[core]\nx = \\\n\\\n1\n![":                             `:5: cannot read git's configuration: '!' does not begin a key or a section`,
		"[core]\nworktree =\n":                                  ":2: cannot read git's configuration: core.worktree names no folder",
		"[core]\nrepositoryformatversion = 2":                   `:2: cannot read git's configuration: this Slipway does not know version "2" of git's repositories` + "\nhint: use a newer Slipway",
		"[extensions]\nobjectFormat = sha3\n":                   `:2: cannot read git's configuration: this Slipway does not know the hash function "sha3"` + "\nhint: use a newer Slipway",
		"[core]\nx = " + strings.Repeat("x", 17<<20):            ": cannot read git's configuration: it has 17825803 bytes, more than 16777216",
		"[extensions]\nworktreeConfig\n[core]\nfilemode = what": ":4: cannot read",
	} {
		r.write(".git/config", text, 0o644)
		_, err := Open(r.dir)
		wantError(t, err, r.path(".git/config")+want)
	}
	r.write(".git/config", "[extensions]\nworktreeConfig\n", 0o644)
	r.write(".git/config.worktree", "[core]\n\nx\\", 0o644)
	_, err := Open(r.dir)
	wantError(t, err, r.path(".git/config.worktree")+":3: cannot read git's configuration: there is no = behind x")
}
