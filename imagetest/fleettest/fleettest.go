// Package fleettest knows which test an image of a fleet has, and what of it is read to see whether it changed.
package fleettest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/imagetest"
)

// Test is the test of images, and what of it is read to see whether it changed.
type Test struct {
	imagetest.Test

	named bool     // the list names the script
	root  string   // of a checkout: no file outside is read; empty for the user's own files
	known []string // what Names returns, if it was asked before
}

// TestOf is the test of one image: that of all, or the script that its definition names.
func (t Test) TestOf(img *fleet.Image) Test {
	s := img.Definition.Source()
	if s.Test != "" {
		t.Test, t.named, t.known = t.Script(s.Test), true, nil
	}
	if s.Commit != "" {
		t.root = s.Root
	}
	return t
}

// Digest is "sha256:…" of the image's test: the command and the files that its arguments name with
// {path}. It is empty for an image that has none. A script that the list names must exist.
func (t Test) Digest(dir string) (string, error) {
	files, err := t.files(dir)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q %q\n", t.Command, t.Args)
	for _, name := range files {
		err := t.hash(h, name)
		switch {
		case errors.Is(err, fs.ErrNotExist) && !t.named:
			return "", nil
		case err != nil:
			return "", fmt.Errorf("cannot read the test: %s: %w", name, err)
		}
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}

// maxTestFile is the largest file of a test, in bytes.
const maxTestFile = 1 << 30

// hash writes a file's length and content. Of a folder the length is none: what is in it is the test's
// business.
func (t Test) hash(w io.Writer, name string) error {
	f, err := t.open(name)
	if errors.Is(err, buildcontext.ErrFolder) {
		fmt.Fprintln(w, 0)
		return nil
	}
	if err != nil {
		return bare(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return bare(err)
	}
	if info.Size() > maxTestFile {
		return fmt.Errorf("it is larger than %d bytes, the most that is read", maxTestFile)
	}
	fmt.Fprintln(w, info.Size())
	n, err := io.Copy(w, io.LimitReader(f, info.Size()+1))
	if err == nil && n != info.Size() {
		err = errors.New("it changes while it is read")
	}
	return bare(err)
}

// open follows links as the test's run does, but out of no checkout.
func (t Test) open(name string) (*os.File, error) {
	dir, file := t.root, ""
	_, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) { // most images have no test
		return nil, err
	}
	if dir != "" {
		file, err = filepath.Rel(dir, name)
	} else if name, err = filepath.EvalSymlinks(name); err == nil {
		dir, file = filepath.Split(name)
	}
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close() // an open file stays open
	return buildcontext.OpenRegular(root, file)
}

// bare drops the path, which the message has already.
func bare(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// Prepared is the same test, for many images: what its arguments name is found out once.
func (t Test) Prepared() (Test, error) {
	names, err := t.Names()
	t.known = append([]string{}, names...)
	return t, err
}

// files are those that the arguments name with {path}.
func (t Test) files(dir string) ([]string, error) {
	names, err := t.known, error(nil)
	if names == nil {
		names, err = t.Names()
	}
	files := make([]string, len(names))
	for i, name := range names {
		files[i] = imagetest.Fill(name, dir, "")
	}
	return files, err
}
