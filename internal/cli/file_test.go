package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func writeText(path, text string) error {
	return writeFile(path, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// isLink tells whether a path still is a symbolic link.
func isLink(t *testing.T, path string) bool {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()&fs.ModeSymlink != 0
}

// TestWriteFileFollowsLinks: a link stays, and what it leads to is replaced as a whole, in its own
// folder.
func TestWriteFileFollowsLinks(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.Mkdir("other", 0o755); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{
		"first": "second", "second": "other/there", "new": filepath.Join(dir, "other", "new"), "folder": "other", "loop": "loop", "nowhere": "none/x",
	} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("other/there", []byte("long before"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, target := range map[string]string{"first": "other/there", "new": "other/new", "folder/deep": "other/deep", "plain": "plain"} {
		if err := errors.Join(checkFile(path), writeText(path, "text")); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if data, err := os.ReadFile(target); string(data) != "text" || err != nil {
			t.Errorf("%s: %q, %v", target, data, err)
		}
	}
	for _, link := range []string{"first", "second", "new"} {
		if !isLink(t, link) {
			t.Errorf("%s is a link no more", link)
		}
	}
	for path, want := range map[string]string{"folder": "is a directory", "other": "is a directory", "loop": "too many", "nowhere": "no such file", "none/x": "no such file"} {
		if err := checkFile(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("check of %s: %v", path, err)
		}
		if err := writeText(path, "text"); err == nil || !strings.Contains(err.Error(), "cannot write "+path) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	// A failure leaves what was there, and nothing beside it.
	if err := writeFile("first", func(io.Writer) error { return io.ErrUnexpectedEOF }); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	names, err := filepath.Glob("other/.*")
	data, _ := os.ReadFile("first")
	if err != nil || len(names) > 0 || string(data) != "text" {
		t.Errorf("%v, %v; the file is %q", names, err, data)
	}
}

// TestWriteFileIntoPipes: what is no regular file is written into, not replaced.
func TestWriteFileIntoPipes(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := errors.Join(syscall.Mkfifo("pipe", 0o600), os.Symlink("pipe", "link")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"pipe", "link"} {
		if err := checkFile(path); err != nil {
			t.Error(err)
		}
		r, err := os.OpenFile("pipe", os.O_RDWR, 0) // does not wait for a writer
		if err != nil {
			t.Fatal(err)
		}
		if err := writeText(path, "through "+path); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode()&fs.ModeNamedPipe == 0 || path == "link" && !isLink(t, path) {
			t.Fatalf("%s was replaced: %v", path, err)
		}
		data := make([]byte, 50)
		n, err := r.Read(data)
		if got := string(data[:n]); got != "through "+path || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		r.Close()
	}
}

// TestWriteFileIntoOpenFiles: /dev/stdout is such a link. Not it is written again but what it stands
// for, also a file that has no name any more.
func TestWriteFileIntoOpenFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	f, err := os.Create("file")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	place := fmt.Sprintf("/proc/self/fd/%d", f.Fd())
	if _, err := os.Lstat(place); err != nil {
		place = fmt.Sprintf("/dev/fd/%d", f.Fd())
	}
	if err := errors.Join(os.Symlink(place, "stdout"), os.Remove("file")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("before, "); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(checkFile("stdout"), writeText("stdout", "after")); err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 50)
	n, err := f.ReadAt(data, 0)
	if got := string(data[:n]); got != "before, after" || !errors.Is(err, io.EOF) || !isLink(t, "stdout") {
		t.Errorf("got %q, %v", got, err)
	}
}
