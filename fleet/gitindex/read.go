package gitindex

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/slipway-build/slipway/problem"
)

// maxIndex bounds an index file: that of a repository with 400,000 files has 50 MB.
const maxIndex = 512 << 20

// hinted is an error with a way out of its own; "{top}" in it stands for the checkout's top.
type hinted struct{ text, hint string }

func (h hinted) Error() string { return h.text }

// unknown is what a newer git has written.
func unknown(format string, args ...any) error {
	return hinted{"this Slipway does not know " + fmt.Sprintf(format, args...), "use a newer Slipway"}
}

// tooLarge is about what could be read, but should not.
func tooLarge(format string, args ...any) error {
	return hinted{fmt.Sprintf(format, args...), "leave folders out of the checkout with: git -C {top} sparse-checkout set --cone --sparse-index FOLDER"}
}

// Read reads the checkout's index; one that git has not written yet is empty. A Stamp to remember it by is
// to be taken before.
func (c *Checkout) Read() (*Index, error) {
	t, err := twice(c.read)
	if err != nil {
		return nil, c.explain(err)
	}
	return &Index{Checkout: c, tree: t}, nil
}

// twice reads once more, after a moment, what could not be read. Git replaces an index as a whole, but a
// backup or a synchronised folder may not; and where splitIndex.sharedIndexExpire is "now", the shared part
// of a split index is gone before the new index has its name.
func twice(read func() (*tree, error)) (*tree, error) {
	t, err := read()
	if err != nil {
		time.Sleep(20 * time.Millisecond)
		t, err = read()
	}
	return t, err
}

func (c *Checkout) read() (*tree, error) {
	own, _, err := c.load("index")
	if errors.Is(err, fs.ErrNotExist) {
		return newTree(0), nil
	}
	if err != nil {
		return nil, err
	}
	if own.link == nil || isZero(own.link.base) {
		return merge(own, nil)
	}
	name := "sharedindex." + hex.EncodeToString(own.link.base)
	shared, checksum, err := c.load(name)
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot read the index that it shares, %s: %w", name, err)
	case shared.link != nil:
		return nil, fmt.Errorf("the index that it shares, %s, shares another", name)
	case !isZero(checksum) && !bytes.Equal(checksum, own.link.base):
		return nil, fmt.Errorf("the index that it shares, %s, has another checksum", name)
	}
	return merge(own, shared)
}

// load reads one index file of the checkout, and returns its checksum.
func (c *Checkout) load(name string) (*contents, []byte, error) {
	data, err := readIndexFile(filepath.Join(c.gitDir, name), c.config.hash)
	if err != nil {
		return nil, nil, err
	}
	body := data[:len(data)-c.config.hash.size]
	checksum := data[len(body):]
	// index.skipHash, which feature.manyFiles sets, leaves zeros.
	if !isZero(checksum) && !bytes.Equal(checksum, c.config.hash.sum(body)) {
		return nil, nil, errors.New("its checksum is wrong")
	}
	parsed, err := decode(data, c.config.hash)
	return parsed, checksum, err
}

// readIndexFile makes room for the file only when its size and its header make sense.
func readIndexFile(path string, h hash) ([]byte, error) {
	f, info, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size := info.Size()
	if size > maxIndex {
		return nil, tooLarge("it has %d bytes, more than %d", size, maxIndex)
	}
	if size < int64(headerSize+h.size) {
		return nil, errShort
	}
	var head [headerSize]byte
	if _, err := io.ReadFull(f, head[:]); err != nil {
		return nil, shortCause(err)
	}
	if _, _, err := header(head[:], size, h); err != nil {
		return nil, err
	}
	data := make([]byte, size)
	copy(data, head[:])
	if _, err := io.ReadFull(f, data[headerSize:]); err != nil {
		return nil, shortCause(err)
	}
	return data, nil
}

// openRegular opens a file, through links, and never waits for the writer of a pipe.
func openRegular(path string) (*os.File, fs.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, cause(err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is no regular file")
	}
	if err != nil {
		f.Close()
		return nil, nil, cause(err)
	}
	return f, info, nil
}

func shortCause(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return errShort
	}
	return cause(err)
}

// cause takes the path, which the message has already, off a system error.
func cause(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

func isZero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

// explain says which file an error is about, and the way out.
func (c *Checkout) explain(err error) error {
	path := filepath.Join(c.gitDir, "index")
	hint := fmt.Sprintf("if git reads it, try again; else move the file away and write a new one with: git -C %s reset", word(c.top))
	if h := (hinted{}); errors.As(err, &h) {
		hint = strings.ReplaceAll(h.hint, "{top}", word(c.top))
	}
	if errors.Is(err, fs.ErrPermission) {
		hint = "make it readable for who runs Slipway"
	}
	return problem.With(fmt.Errorf("%s: cannot read which files git tracks: %w", path, err), hint)
}
