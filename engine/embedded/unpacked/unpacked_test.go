//go:build linux

package unpacked_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/slipway-build/slipway/engine/embedded/unpacked"
	"github.com/slipway-build/slipway/internal/enginetest"
)

type entry struct {
	tar.Header
	content string
}

// layer is an archive whose entries have an owner.
func layer(t *testing.T, uid int, entries []entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		e.Uid, e.Gid, e.Size = uid, os.Getgid(), int64(len(e.content))
		if err := w.WriteHeader(&e.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(e.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

var long = strings.Repeat("0123456789abcdef", 10_000)

var entries = []entry{
	{Header: tar.Header{Name: "./", Typeflag: tar.TypeDir, Mode: 0o755}},
	{Header: tar.Header{Name: "bin/", Typeflag: tar.TypeDir, Mode: 0o1777}},
	{Header: tar.Header{Name: "bin/sh", Typeflag: tar.TypeReg, Mode: 0o4755}, content: long},
	{Header: tar.Header{Name: "bin/ash", Typeflag: tar.TypeLink, Linkname: "bin/sh"}},
	{Header: tar.Header{Name: "greeting", Typeflag: tar.TypeReg, Mode: 0o644}, content: "of an earlier archive"},
	{Header: tar.Header{Name: "greeting", Typeflag: tar.TypeReg, Mode: 0o644}, content: "hello"},
	{Header: tar.Header{Name: "empty", Typeflag: tar.TypeReg, Mode: 0o600}},
	{Header: tar.Header{Name: "link", Typeflag: tar.TypeSymlink, Linkname: "greeting"}},
	{Header: tar.Header{Name: "outside", Typeflag: tar.TypeSymlink, Linkname: "/etc"}},
	{Header: tar.Header{Name: "outside/passwd", Typeflag: tar.TypeReg, Mode: 0o644}, content: "reached through a link"},
	{Header: tar.Header{Name: "bin/.wh.removed", Typeflag: tar.TypeReg}},
}

func unpack(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, err := range []error{
		os.Mkdir(in("bin"), 0o755), os.Chmod(in("bin"), 0o777|os.ModeSticky), os.Chmod(dir, 0o755),
		os.WriteFile(in("bin/sh"), []byte(long), 0o755), os.Chmod(in("bin/sh"), 0o755|os.ModeSetuid), os.Link(in("bin/sh"), in("bin/ash")),
		os.WriteFile(in("greeting"), []byte("hello"), 0o644), os.Chmod(in("greeting"), 0o644), os.WriteFile(in("empty"), nil, 0o600),
		os.Symlink("greeting", in("link")), os.Symlink("/etc", in("outside")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestCompare: each way in which a file can differ is named, and nothing else is.
func TestCompare(t *testing.T) {
	archive := layer(t, os.Getuid(), entries)
	for _, c := range []struct {
		name   string
		damage func(dir string) error
		want   []string
	}{
		{"whole", func(string) error { return nil }, nil},
		{"more than the layer has", func(d string) error { return os.WriteFile(filepath.Join(d, "more"), nil, 0o600) }, nil},
		{"gone", func(d string) error {
			return errors.Join(os.Remove(filepath.Join(d, "greeting")), os.Remove(filepath.Join(d, "bin/ash")))
		},
			[]string{"/bin/ash: missing", "/greeting: missing"}},
		{"folder gone", func(d string) error { return os.RemoveAll(filepath.Join(d, "bin")) },
			[]string{"/bin: missing", "/bin/ash: missing", "/bin/sh: missing"}},
		{"cut", func(d string) error { return os.Truncate(filepath.Join(d, "greeting"), 2) }, []string{"/greeting: 2 bytes instead of 5"}},
		{"flipped", func(d string) error { return flip(filepath.Join(d, "bin/sh"), 150_000) }, []string{"/bin/sh: other content"}},
		{"mode", func(d string) error { return os.Chmod(filepath.Join(d, "empty"), 0o640) }, []string{"/empty: mode -rw-r----- instead of -rw-------"}},
		{"link", func(d string) error {
			return errors.Join(os.Remove(filepath.Join(d, "link")), os.Symlink("bin", filepath.Join(d, "link")))
		},
			[]string{"/link: links elsewhere"}},
		{"type", func(d string) error {
			return errors.Join(os.Remove(filepath.Join(d, "empty")), os.Mkdir(filepath.Join(d, "empty"), 0o600))
		},
			[]string{"/empty: of another type"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := unpack(t)
			if err := c.damage(dir); err != nil {
				t.Fatal(err)
			}
			got, err := unpacked.Compare(t.Context(), dir, false, bytes.NewReader(archive))
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%q, %v, not %q", got, err, c.want)
			}
		})
	}
}

// TestOtherOwner: a file of somebody else is another one.
func TestOtherOwner(t *testing.T) {
	archive := layer(t, os.Getuid()+1, entries[6:7])
	want := []string{fmt.Sprintf("/empty: owner %d:%d instead of %d:%d", os.Getuid(), os.Getgid(), os.Getuid()+1, os.Getgid())}
	if got, err := unpacked.Compare(t.Context(), unpack(t), true, bytes.NewReader(archive)); err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, not %q", got, err, want)
	}
}

// TestCutArchive: nothing is said of a folder whose archive cannot be read.
func TestCutArchive(t *testing.T) {
	archive := layer(t, os.Getuid(), entries)
	if got, err := unpacked.Compare(t.Context(), unpack(t), true, bytes.NewReader(archive[:100_000])); !errors.Is(err, unpacked.ErrArchive) || got != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func flip(path string, at int64) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte("X"), at)
	return errors.Join(err, f.Close(), os.Chmod(path, 0o755|os.ModeSetuid))
}

// TestRemoved: what a layer removes is removed by a device or by attributes, which some copies of a root lose.
// Only root can make them.
func TestRemoved(t *testing.T) {
	enginetest.Need(t) // and with it root
	var removals []entry
	for _, name := range []string{".wh.gone", "made/", "made/.wh.old", "made/in/", "made/in/.wh.old", "cleared/", "cleared/.wh..wh..opq",
		".wh.again", "again/", "moved/", "moved/file", "rights", ".wh..wh.plnk"} {
		e := entry{Header: tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644}}
		if strings.HasSuffix(name, "/") {
			e.Typeflag, e.Mode = tar.TypeDir, 0o755
		}
		if name == "rights" {
			e.PAXRecords = map[string]string{"SCHILY.xattr.security.capability": rights}
		}
		removals = append(removals, e)
	}
	archive := layer(t, 0, removals)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	set := func(name, attribute, value string) error { return unix.Setxattr(in(name), attribute, []byte(value), 0) }
	err := errors.Join(unix.Mknod(in("gone"), unix.S_IFCHR, 0), os.MkdirAll(in("made/in"), 0o755), os.Mkdir(in("cleared"), 0o755),
		os.Mkdir(in("again"), 0o755), os.Mkdir(in("moved"), 0o755), os.WriteFile(in("rights"), nil, 0o644), set("made", "trusted.overlay.opaque", "y"),
		set("cleared", "user.overlay.opaque", "y"), set("moved", "trusted.overlay.redirect", "/below"), set("rights", "security.capability", rights))
	if err != nil {
		t.Fatal(err)
	}
	compare := func(upper bool, want ...string) {
		t.Helper()
		if got, err := unpacked.Compare(t.Context(), dir, upper, bytes.NewReader(archive)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q, %v, not %q", got, err, want)
		}
	}
	compare(true)
	err = errors.Join(os.Remove(in("gone")), unix.Removexattr(in("made"), "trusted.overlay.opaque"), unix.Removexattr(in("rights"), "security.capability"),
		unix.Removexattr(in("cleared"), "user.overlay.opaque"), unix.Removexattr(in("moved"), "trusted.overlay.redirect"))
	if err != nil {
		t.Fatal(err)
	}
	compare(false, "/moved/file: missing", "/rights: without its capabilities")
	compare(true, "/.wh.gone: shows what the layer removes", "/cleared/.wh..wh..opq: shows what the layer removes",
		"/made/.wh.old: shows what the layer removes", "/made/in/.wh.old: shows what the layer removes",
		"/moved/file: missing", "/rights: without its capabilities")
}

// rights are cap_net_raw=ep, as the kernel keeps them.
const rights = "\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
