//go:build linux

package unpacked

import (
	"archive/tar"
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	// opaque is a whiteout of all that the layers below have in its folder.
	opaque = whiteout + whiteout + ".opq"
	// hides is the attribute of overlayfs for that: "y" hides what is below.
	hides = "overlay.opaque"
	// moved is the one of a folder that was renamed, and data the one of a file with changed attributes
	// alone: the rest stays in the layers below, where the kernel is set so.
	moved, data = "overlay.redirect", "overlay.metacopy"
	// capabilities are a program's rights, a form of setuid (capabilities(7)).
	capabilities = "security.capability"
)

// removedWrongly says how what a whiteout removes is not removed. Copies of a root that lose extended attributes or
// devices bring removed files back.
func (c *comparison) removedWrongly(name string) string {
	dir, base := path.Split(name)
	dir = path.Clean(dir)
	if c.elsewhere(name) || c.hidden(dir) {
		return ""
	}
	if base == opaque {
		return "shows what the layer removes"
	}
	if strings.HasPrefix(base, whiteout+whiteout) { // of other programs, see the OCI image specification
		return ""
	}
	_, err := c.root.Lstat(path.Join(dir, strings.TrimPrefix(base, whiteout)))
	if errors.Is(err, fs.ErrNotExist) {
		return "shows what the layer removes"
	}
	return "" // a device that stands for it, or what took its place
}

// hidden tells whether a folder or one above it hides all that is below it.
func (c *comparison) hidden(dir string) bool {
	for ; ; dir = path.Dir(dir) {
		if c.overlaid(dir, hides) || c.overlaid(dir, moved) {
			return true
		}
		if dir == "." {
			return false
		}
	}
}

// overlaid is the function of that name for a file or folder below the root.
func (c *comparison) overlaid(name, attribute string) bool {
	f, err := c.open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	return overlaid(f, attribute)
}

// overlaid tells whether a file or folder has an attribute of overlayfs, as root or others set it.
func overlaid(f *os.File, attribute string) bool {
	return attributeError(f, "trusted."+attribute) == nil || attributeError(f, "user."+attribute) == nil
}

// lacksCapabilities tells whether a file has none although the archive gives it some. An attribute that cannot be
// looked at is not lacking.
func (c *comparison) lacksCapabilities(name string, h *tar.Header) bool {
	if h.PAXRecords["SCHILY.xattr."+capabilities] == "" {
		return false
	}
	f, err := c.open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(attributeError(f, capabilities), unix.ENODATA)
}

func (c *comparison) open(name string) (*os.File, error) {
	return c.root.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0)
}

func attributeError(f *os.File, attribute string) error {
	_, err := unix.Fgetxattr(int(f.Fd()), attribute, nil)
	return err
}
