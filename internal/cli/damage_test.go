package cli_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/internal/enginetest"
)

// damages are what happens to a file.
var damages = map[string]func([]byte) []byte{
	"emptied": func([]byte) []byte { return []byte{} },
	"cut":     func(d []byte) []byte { return d[:len(d)/2] },
	"flipped": func(d []byte) []byte {
		d = bytes.Clone(d)
		if len(d) > 0 {
			d[len(d)/2] ^= 0x40
		}
		return d
	},
	"begun wrongly": func(d []byte) []byte {
		d = bytes.Clone(d)
		copy(d, "\x01\x02\x03\x04")
		return d
	},
	"deleted": func([]byte) []byte { return nil },
}

// trace is what a program that ends in disorder writes.
var trace = regexp.MustCompile(`goroutine \d+|panic|internal error|SIGBUS|SIGSEGV|fatal error|\.go:\d+`)

// commandsOn are the commands that are run on a damaged root, one after the other.
func commandsOn(app string, all bool) [][]string {
	some := [][]string{{"plan", "--local", "fleet"}, {"images"}, {"build", "--local", "fleet"}, {"run", app, "true"}}
	if !all {
		return some
	}
	return append([][]string{{"du"}, {"history"}, {"save", "-o", "app.tar", app}, {"inspect", app}}, append(some, []string{"prune", "--cache", "fleet"}, []string{"images"}, []string{"run", app, "true"})...)
}

// damaged is a root with one damaged file.
type damaged struct {
	file, damage string
	killed       bool // the last process did not end by itself, and left no checksums
}

// TestDamagedRoot damages each file under a root, one at a time: every command ends with a result or with
// a sentence, what is whole stays, and the next build goes on.
func TestDamagedRoot(t *testing.T) {
	enginetest.Need(t)
	all := os.Getenv("SLIPWAY_PROVE") != ""
	memory := enginetest.Memory(t)
	y := newYard(t, filepath.Join(memory, "whole"), 1, "registry.example")
	if out, err := y.slipway("images", "-q").CombinedOutput(); err != nil || strings.Count(string(out), "\n") != 2 {
		t.Fatalf("%v\n%s", err, out)
	}
	root := filepath.Join(y.dir, "root")
	cases := make(chan damaged, 1000)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		file := strings.TrimPrefix(path, root+"/")
		if err != nil || !d.Type().IsRegular() || !all && !strings.HasSuffix(file, ".db") && filepath.Ext(file) != ".journal" {
			return err
		}
		for damage := range damages {
			cases <- damaged{file: file, damage: damage}
			if all && strings.HasSuffix(file, ".db") {
				cases <- damaged{file: file, damage: damage, killed: true}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	close(cases)
	t.Logf("%d damaged roots, %d commands on each", len(cases), len(commandsOn("", all)))
	if len(cases) < 35 {
		t.Error("there are more files in a root: the test proves nothing")
	}
	t.Run("cases", func(t *testing.T) {
		for k := range 4 {
			t.Run(fmt.Sprint(k), func(t *testing.T) {
				t.Parallel()
				for c := range cases {
					useDamaged(t, c, y.dir, filepath.Join(memory, fmt.Sprint(k)), all)
				}
			})
		}
	})
}

// useDamaged damages one file in a copy of a root and uses the copy.
func useDamaged(t *testing.T, c damaged, whole, dir string, all bool) {
	if out, err := exec.Command("cp", "-a", whole, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	defer os.RemoveAll(dir)
	if c.killed {
		if err := os.Remove(filepath.Join(dir, "root", "engine", "databases.sums")); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "root", c.file)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(path) // what has several names is damaged under one
	if data = damages[c.damage](data); data != nil {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	content := strings.Contains(c.file, "/content/") || strings.Contains(c.file, "/fs/")
	y := &yard{chain: &chain{t: t, dir: dir}}
	app := "registry.example/y1/app:1"
	var said strings.Builder
	for _, args := range commandsOn(app, all) {
		out, err := y.slipway(args...).CombinedOutput()
		fmt.Fprintf(&said, "%s: %v\n%s", args, err, out)
		// The content of an image is a container's own affair.
		sentence := strings.Contains("\n"+string(out), "\nerror: ") || strings.Contains(c.file, "/fs/") && args[0] == "run"
		if trace.Match(out) || err != nil && (!sentence || !content) {
			t.Fatalf("%+v:\n%s", c, said.String())
		}
	}
	out, err := y.slipway("images", "-q").Output()
	if want := app + "\nregistry.example/y1/base:1\n"; err != nil || string(out) != want {
		t.Fatalf("%+v: in the end there are %q, %v\n%s", c, out, err, said.String())
	}
}
