package buildcontext

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// world makes files below a temporary folder, as layout does; links to %/… are absolute. It returns the
// folder, and the root of its folder fleet.
func world(t *testing.T, files map[string]string) (string, *os.Root) {
	t.Helper()
	files["fleet/keep"] = ""
	top := layout(t, map[string]string{}).Name()
	for name, data := range files {
		p := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, ok := strings.CutPrefix(data, "->"); ok {
			err = os.Symlink(strings.Replace(target, "%", top, 1), p)
		} else {
			err = os.WriteFile(p, []byte(data), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(filepath.Join(top, "fleet"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return top, root
}

func TestLinkRoots(t *testing.T) {
	const outside = "which is outside of the fleet's folder\nhint: copy the file, list the link in .dockerignore, or allow its folder in slipway.link_roots"
	for name, tt := range map[string]struct {
		files map[string]string
		want  string // paths, and what the files hold
		err   string
	}{
		"file":            {map[string]string{"fleet/i/x": "->../../jjb/x", "jjb/x": "1"}, "x=1", ""},
		"absolute":        {map[string]string{"fleet/i/x": "->%/jjb/x", "jjb/x": "1"}, "x=1", ""},
		"folder":          {map[string]string{"fleet/i/d": "->../../jjb/d", "jjb/d/x": "1", "jjb/d/e/y": "2"}, "d d/e d/e/y=2 d/x=1", ""},
		"the root itself": {map[string]string{"fleet/i/d": "->../../jjb", "jjb/x": "1", "jjb/l": "->x"}, "d d/l=1 d/x=1", ""},
		"through a linked folder of the fleet": {map[string]string{"fleet/i/c": "->../common", "fleet/common/a/b/x": "->../../../../jjb/x", "jjb/x": "1"},
			"c c/a c/a/b c/a/b/x=1", ""},
		"links in the root":            {map[string]string{"fleet/i/x": "->../../jjb/a/x", "jjb/a/x": "->../b/y", "jjb/b/y": "->z", "jjb/b/z": "1"}, "x=1", ""},
		"to another root":              {map[string]string{"fleet/i/x": "->../../jjb/x", "jjb/x": "->../more/x", "more/x": "1"}, "x=1", ""},
		"to another root, in a folder": {map[string]string{"fleet/i/d": "->../../jjb/d", "jjb/d/x": "->../../more/x", "more/x": "1"}, "d d/x=1", ""},
		"back into the fleet":          {map[string]string{"fleet/i/d": "->../../jjb/d", "jjb/d/x": "->../../fleet/x", "fleet/x": "1"}, "d d/x=1", ""},
		"a path that passes outside":   {map[string]string{"fleet/i/x": "->../../alias/x", "alias": "->jjb", "jjb/x": "1"}, "x=1", ""},
		"ignored in the root":          {map[string]string{"fleet/i/d": "->../../jjb", "fleet/i/.dockerignore": "d/no\n", "jjb/no": "", "jjb/x": "1"}, ".dockerignore=d/no\n d d/x=1", ""},
		"list of what to leave out":    {map[string]string{"fleet/i/.dockerignore": "->../../jjb/list", "jjb/list": "no\n", "fleet/i/no": "", "fleet/i/x": "1"}, ".dockerignore=no\n x=1", ""},

		"no link root":                    {map[string]string{"fleet/i/x": "->../../other/x", "other/x": ""}, "", "i/x: cannot add to the build context: it is a link to ../../other/x, " + outside},
		"a name that only begins so":      {map[string]string{"fleet/i/x": "->../../jjb-private/x", "jjb-private/x": "", "jjb/y": ""}, "", outside},
		"beside the root":                 {map[string]string{"fleet/i/x": "->../../jjb/../other/x", "other/x": "", "jjb/y": ""}, "", outside},
		"out of the root":                 {map[string]string{"fleet/i/x": "->../../jjb/x", "jjb/x": "->../other/x", "other/x": ""}, "", outside},
		"out of the root, in a folder":    {map[string]string{"fleet/i/d": "->../../jjb/d", "jjb/d/x": "->/etc/passwd"}, "", "i/d/x: cannot add to the build context: it is a link to /etc/passwd, " + outside},
		"out of the root by a folder":     {map[string]string{"fleet/i/x": "->../../jjb/d/x", "jjb/d": "->../other", "other/x": ""}, "", outside},
		"an absolute link into the fleet": {map[string]string{"fleet/i/x": "->%/fleet/y", "fleet/y": ""}, "", outside},
		"dangling in the root":            {map[string]string{"fleet/i/x": "->../../jjb/nowhere", "jjb/y": ""}, "", "it is a link to ../../jjb/nowhere, which does not exist"},
		"dangling outside":                {map[string]string{"fleet/i/x": "->../../other/nowhere", "jjb/y": ""}, "", outside},
		"contains itself":                 {map[string]string{"fleet/i/d": "->../../jjb", "jjb/d/l": "->..", "jjb/x": ""}, "", "i/d/d/l: cannot add to the build context: the link contains itself"},
		"contains itself, by the fleet":   {map[string]string{"fleet/i/d": "->../../jjb", "jjb/back": "->../fleet/i"}, "", "the link contains itself"},
		"a circle":                        {map[string]string{"fleet/i/x": "->../../jjb/x", "jjb/x": "->../fleet/i/x"}, "", "which leads back to it"},
	} {
		t.Run(name, func(t *testing.T) {
			top, root := world(t, tt.files)
			for _, dir := range []string{"jjb", "more"} {
				if err := os.MkdirAll(filepath.Join(top, dir), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			tree, err := Open(root, "i", "fleet/i", Options{LinkRoots: []string{filepath.Join(top, "jjb"), filepath.Join(top, "more")}})
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want one with %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range tree.Paths() {
				if info, err := tree.Stat(p); err != nil {
					t.Fatal(err)
				} else if !info.IsDir() {
					data, err := fs.ReadFile(tree, p)
					if err != nil {
						t.Fatal(err)
					}
					p += "=" + string(data)
				}
				got = append(got, p)
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
			if err := fstest.TestFS(tree, tree.Paths()...); err != nil {
				t.Error(err)
			}
		})
	}
}

// What a link root holds counts as every file does.
func TestLinkRootsCount(t *testing.T) {
	top, root := world(t, map[string]string{"fleet/i/x": "->../../jjb/x", "jjb/x": "1"})
	read := func() (string, string) {
		t.Helper()
		tree, err := Open(root, "i", "fleet/i", Options{LinkRoots: []string{filepath.Join(top, "jjb")}})
		if err != nil {
			t.Fatal(err)
		}
		c, err := tree.Read(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return whole(t, c), string(tree.Stamp())
	}
	before, stamp := read()
	if again, same := read(); again != before || same != stamp {
		t.Error("nothing changed, and it is another digest")
	}
	if err := os.WriteFile(filepath.Join(top, "jjb/x"), []byte("22"), 0o644); err != nil {
		t.Fatal(err)
	}
	if after, changed := read(); after == before || changed == stamp {
		t.Error("another content, and the same digest")
	}
}

// What takes the place of a listed file is opened below its root all the same.
func TestReplacedBelowLinkRoot(t *testing.T) {
	for name, replace := range map[string]func(top string) error{
		"the file by a link": func(top string) error {
			p := filepath.Join(top, "jjb/d/x")
			if err := os.Remove(p); err != nil {
				return err
			}
			return os.Symlink("/etc/hostname", p)
		},
		"its folder by a link": func(top string) error {
			if err := os.Rename(filepath.Join(top, "jjb/d"), filepath.Join(top, "gone")); err != nil {
				return err
			}
			return os.Symlink("../other", filepath.Join(top, "jjb/d"))
		},
	} {
		top, root := world(t, map[string]string{"fleet/i/x": "->../../jjb/d/x", "jjb/d/x": "1", "other/x": "secret"})
		tree, err := Open(root, "i", "fleet/i", Options{LinkRoots: []string{filepath.Join(top, "jjb")}})
		if err != nil {
			t.Fatal(err)
		}
		if err := replace(top); err != nil {
			t.Fatal(err)
		}
		if data, err := fs.ReadFile(tree, "x"); err == nil {
			t.Errorf("%s: reads %q", name, data)
		}
		if _, err := tree.Read(t.Context(), nil); err == nil {
			t.Errorf("%s: is hashed", name)
		}
	}
}

// A list of files to leave out that is too long is an error: its end would be sent.
func TestLongIgnoreFile(t *testing.T) {
	root := layout(t, map[string]string{"i/.dockerignore": strings.Repeat("# a comment of forty bytes, counting all\n", maxIgnoreFile/40) + "secret\n", "i/secret": ""})
	if _, err := Open(root, "i", "fleet/i", Options{}); err == nil || !strings.Contains(err.Error(), "i/.dockerignore: cannot read patterns: it has more than 1048576 bytes") {
		t.Errorf("error %v", err)
	}
	root = layout(t, map[string]string{"i/.dockerignore": "#" + strings.Repeat("x", 70_000) + "\nsecret\n", "i/secret": ""})
	if _, err := Open(root, "i", "fleet/i", Options{}); err == nil || !strings.Contains(err.Error(), "i/.dockerignore: cannot read patterns") {
		t.Errorf("error %v", err)
	}
}

// Whatever links lead where: what a tree holds is what the links lead to, and never from outside.
func TestLinkRootsOfRandomWorlds(t *testing.T) {
	folders := []string{"fleet/i", "fleet/i/d", "fleet/c", "jjb", "jjb/a", "jjb/a/b", "more", "more/a", "other", "other/a", "jjb-other"}
	opened := 0
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 6))
		files := map[string]string{}
		for _, dir := range folders {
			files[dir+"/file"] = dir + "/file"
		}
		for range 1 + r.IntN(5) {
			from := folders[r.IntN(len(folders))]
			target := folders[r.IntN(len(folders))]
			if r.IntN(2) == 0 {
				target += []string{"/file", "/l0", "/l1", "/.."}[r.IntN(4)]
			}
			if rel, err := filepath.Rel(from, target); err == nil && r.IntN(4) > 0 {
				target = rel
			} else {
				target = "%/" + target
			}
			files[fmt.Sprintf("%s/l%d", from, r.IntN(2))] = "->" + target
		}
		top, root := world(t, files)
		tree, err := Open(root, "i", "fleet/i", Options{LinkRoots: []string{filepath.Join(top, "jjb"), filepath.Join(top, "more")}})
		if err != nil {
			continue
		}
		opened++
		for _, p := range tree.Paths() {
			data, err := fs.ReadFile(tree, p)
			if err != nil {
				continue // a folder
			}
			real, err := filepath.EvalSymlinks(filepath.Join(top, "fleet/i", p))
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(real)
			if err != nil || string(want) != string(data) {
				t.Errorf("seed %d: %s holds %q, want %q", seed, p, data, want)
			}
			if place, _, _ := strings.Cut(string(data), "/"); place != "fleet" && place != "jjb" && place != "more" {
				t.Errorf("seed %d: %s holds %q", seed, p, data)
			}
		}
	}
	if opened < 25 || opened > 175 {
		t.Errorf("%d of 200 worlds are without errors: they prove little", opened)
	}
}
