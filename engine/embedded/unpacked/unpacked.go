//go:build linux

// Package unpacked compares a layer that was unpacked into a folder with the archive it came from.
//
// The folder is an upper folder of overlayfs: it holds what the layer adds, changes and removes. Times are not
// compared, nor files that the archive reaches through a symbolic link of a lower layer, or that a layer
// moved with their folder, as they lie elsewhere.
package unpacked

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
)

// ErrArchive is the error of an archive that cannot be read: nothing is known of the folder then.
var ErrArchive = errors.New("cannot read the layer")

// whiteout begins the names of what a layer removes, see the OCI image specification.
const whiteout = ".wh."

// permissions are the bits of a mode that chmod(2) sets.
const permissions = fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky

// Compare reads an archive, uncompressed, and says of each path in which the folder differs from it how, in
// the order of the paths. A path that the archive has twice is as the later one says. Without upper nothing in
// the folder stands for what is removed: there is no layer below, or the folder has those, too.
func Compare(ctx context.Context, folder string, upper bool, archive io.Reader) ([]string, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	found := map[string]string{}
	c := comparison{root: root, away: map[string]bool{}, mine: make([]byte, 64<<10), theirs: make([]byte, 64<<10)}
	for r := tar.NewReader(archive); ; {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrArchive, err)
		}
		name := strings.TrimPrefix(path.Clean("/"+h.Name), "/")
		removes := strings.HasPrefix(path.Base(name), whiteout)
		if name == "" || removes && !upper {
			continue
		}
		var problem string
		if removes {
			problem = c.removedWrongly(name)
		} else if problem, err = c.differs(name, h, r); err != nil {
			return nil, err
		}
		if delete(found, name); problem != "" {
			found[name] = "/" + name + ": " + problem
		}
	}
	list := make([]string, 0, len(found))
	for _, name := range slices.Sorted(maps.Keys(found)) {
		list = append(list, found[name])
	}
	return list, nil
}

type comparison struct {
	root         *os.Root
	away         map[string]bool // folders of which elsewhere is known
	mine, theirs []byte
}

// differs says how the file of an entry is not what the entry says; nothing if it is. The error is of the
// archive.
func (c *comparison) differs(name string, h *tar.Header, content io.Reader) (string, error) {
	if c.elsewhere(name) {
		return "", nil
	}
	info, err := c.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "missing", nil
	case err != nil:
		return unreadable(err), nil
	}
	if h.Typeflag == tar.TypeLink { // the name that it links to has the rest
		return "", nil
	}
	want := h.FileInfo().Mode()
	if info.Mode().Type() != want.Type() {
		return "of another type", nil
	}
	if want.Type() != fs.ModeSymlink && info.Mode()&permissions != want&permissions {
		return fmt.Sprintf("mode %v instead of %v", info.Mode(), want), nil
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && (int(st.Uid) != h.Uid || int(st.Gid) != h.Gid) {
		return fmt.Sprintf("owner %d:%d instead of %d:%d", st.Uid, st.Gid, h.Uid, h.Gid), nil
	}
	switch h.Typeflag {
	case tar.TypeSymlink:
		if target, err := c.root.Readlink(name); err != nil || target != h.Linkname {
			return "links elsewhere", nil
		}
	case tar.TypeReg:
		if info.Size() != h.Size {
			return fmt.Sprintf("%d bytes instead of %d", info.Size(), h.Size), nil
		}
		if c.lacksCapabilities(name, h) {
			return "without its capabilities", nil
		}
		return c.content(name, content)
	}
	return "", nil
}

// elsewhere tells whether a parent of name is no folder here, or was moved with what is in it.
func (c *comparison) elsewhere(name string) bool {
	parent := path.Dir(name)
	if parent == "." {
		return false
	}
	away, known := c.away[parent]
	if !known {
		info, err := c.root.Lstat(parent)
		away = err != nil && !errors.Is(err, fs.ErrNotExist) || err == nil && (!info.IsDir() || c.overlaid(parent, moved)) || c.elsewhere(parent)
		c.away[parent] = away
	}
	return away
}

func (c *comparison) content(name string, content io.Reader) (string, error) {
	f, err := c.root.Open(name)
	if err != nil {
		return unreadable(err), nil
	}
	defer f.Close()
	if overlaid(f, data) {
		return "", nil
	}
	for {
		n, err := io.ReadFull(content, c.theirs)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return "", fmt.Errorf("%w: %w", ErrArchive, err)
		}
		if _, err := io.ReadFull(f, c.mine[:n]); err != nil {
			return unreadable(err), nil
		}
		if !bytes.Equal(c.mine[:n], c.theirs[:n]) {
			return "other content", nil
		}
		if err != nil {
			return "", nil
		}
	}
}

func unreadable(err error) string {
	var cause *fs.PathError
	if errors.As(err, &cause) {
		err = cause.Err
	}
	return "cannot be read: " + err.Error()
}
