package buildcontext

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// layout makes files below a temporary folder: "->x" is a link to x, a name
// that ends in / a folder.
func layout(t *testing.T, files map[string]string) *os.Root {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, ok := strings.CutPrefix(data, "->"); ok {
			err = os.Symlink(target, p)
		} else if strings.HasSuffix(name, "/") {
			err = os.MkdirAll(p, 0o755)
		} else {
			err = os.WriteFile(p, []byte(data), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

func TestOpen(t *testing.T) {
	tests := map[string]struct {
		files map[string]string
		want  []string
		err   string
	}{
		"plain":          {map[string]string{"i/a": "", "i/d/b": "", "other": ""}, []string{"a", "d", "d/b"}, ""},
		"ignored":        {map[string]string{"i/.dockerignore": "*.md\n# note\nd\n", "i/a": "", "i/r.md": "", "i/d/b": ""}, []string{".dockerignore", "a"}, ""},
		"exception":      {map[string]string{"i/.dockerignore": "*\n!d/keep\n", "i/a": "", "i/d/b": "", "i/d/keep": ""}, []string{"d", "d/keep"}, ""},
		"shared file":    {map[string]string{"i/run.sh": "->../common/run.sh", "common/run.sh": "x"}, []string{"run.sh"}, ""},
		"shared folder":  {map[string]string{"i/c": "->../common", "common/x": "", "common/y/z": ""}, []string{"c", "c/x", "c/y", "c/y/z"}, ""},
		"out of fleet":   {map[string]string{"i/passwd": "->../../../../../../etc/passwd"}, nil, "i/passwd: cannot add to the build context: it is a link to ../../../../../../etc/passwd, which is outside of the fleet's folder"},
		"absolute":       {map[string]string{"i/passwd": "->/etc/passwd"}, nil, "which is outside of the fleet's folder"},
		"dangling":       {map[string]string{"i/l": "->nowhere"}, nil, "i/l: cannot add to the build context: it is a link to nowhere, which does not exist"},
		"ignored link":   {map[string]string{"i/.dockerignore": "l\n", "i/l": "->/etc/passwd", "i/a": ""}, []string{".dockerignore", "a"}, ""},
		"contains self":  {map[string]string{"i/d/l": "->..", "i/a": ""}, nil, "the link contains itself"},
		"bad pattern":    {map[string]string{"i/.dockerignore": "[\n"}, nil, "i/.dockerignore: cannot read patterns"},
		"empty folder":   {map[string]string{"i/d/": ""}, []string{"d"}, ""},
		"all are named":  {map[string]string{"i/l": "->nowhere", "i/m": "->/etc"}, nil, "i/m: cannot add"},
		"missing folder": {map[string]string{"x": ""}, nil, "cannot read image folder"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tree, err := Open(layout(t, tt.files), "i", "fleet/i", Options{})
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want one with %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, tree.Paths()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestIgnoreFileOfDockerfile: a Dockerfile's own list takes the place of .dockerignore.
func TestIgnoreFileOfDockerfile(t *testing.T) {
	files := map[string]string{
		"i/.dockerignore": ".dockerignore\na\n", "i/a": "", "i/b": "", "i/D": "", "i/dev.D": "", "i/dev.D.dockerignore": "b\n**/D*\n",
		"i/sub/D": "", "i/sub/D.dockerignore": "->../all", "i/all": "*\n", "i/out": "", "i/out.dockerignore": "->/etc/passwd",
	}
	for dockerfile, want := range map[string]string{
		"D":       "D all b dev.D dev.D.dockerignore out out.dockerignore sub sub/D sub/D.dockerignore",
		"dev.D":   ".dockerignore a all dev.D dev.D.dockerignore out out.dockerignore sub",
		"./sub/D": "",
		"out":     "fleet/i/out.dockerignore: cannot read patterns: openat out.dockerignore: path escapes from parent",
	} {
		tree, err := OpenWithLinks(layout(t, files), "i", "fleet/i", dockerfile, Options{})
		got := ""
		if err != nil {
			got = strings.ReplaceAll(err.Error(), "openat i/", "openat ")
		} else {
			got = strings.Join(tree.Paths(), " ")
		}
		if got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", dockerfile, got, want)
		}
	}
}

func TestOpenRefusesPipe(t *testing.T) {
	root := layout(t, map[string]string{"i/a": ""})
	if err := syscall.Mkfifo(filepath.Join(root.Name(), "i/p"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(root, "i", "fleet/i", Options{}); err == nil || !strings.Contains(err.Error(), "i/p: cannot add to the build context: it is a named pipe") {
		t.Fatalf("error %v", err)
	}
}

// TestTreeIsFS holds the tree to the standard library's own checks.
func TestTreeIsFS(t *testing.T) {
	tree, err := Open(layout(t, map[string]string{"i/a": "1", "i/d/b": "2", "i/l": "->a"}), "i", "fleet/i", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(tree, "a", "d/b", "l"); err != nil {
		t.Fatal(err)
	}
	data, err := fs.ReadFile(tree, "l")
	if err != nil || string(data) != "1" {
		t.Fatalf("link reads %q, %v", data, err)
	}
}

// A link that is turned outwards after the listing is not followed.
func TestReplacedLinkIsNotFollowed(t *testing.T) {
	root := layout(t, map[string]string{"i/l": "->a", "i/a": "1"})
	tree, err := Open(root, "i", "fleet/i", Options{})
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(root.Name(), "i/l")
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/hostname", link); err != nil {
		t.Fatal(err)
	}
	if f, err := tree.Open("l"); err == nil {
		f.Close()
		t.Fatal("a link out of the fleet was opened")
	}
}
