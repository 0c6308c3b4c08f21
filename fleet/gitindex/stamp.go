package gitindex

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// Stamp changes whenever what Read gives may have changed, and can be kept to compare with.
type Stamp [sha256.Size]byte

// Stamp looks at the index without reading it: its size, times and inode, and the checksum that ends it. The
// place of the checkout and what its configuration said in Find are in it, too. Git rewrites an index also
// to remember files' times ("git status" does), so that another Stamp need not mean other modes.
func (c *Checkout) Stamp() (Stamp, error) {
	f, info, err := openRegular(filepath.Join(c.gitDir, "index"))
	if errors.Is(err, fs.ErrNotExist) {
		return c.stampOf(traces{size: -1}), nil
	}
	if err != nil {
		return Stamp{}, c.explain(err)
	}
	defer f.Close()
	i := traces{size: info.Size(), mtime: info.ModTime().UnixNano(), checksum: make([]byte, min(int64(c.config.hash.size), info.Size()))}
	i.ctime, i.inode = changed(info)
	if _, err := f.ReadAt(i.checksum, i.size-int64(len(i.checksum))); err != nil {
		return Stamp{}, c.explain(shortCause(err))
	}
	return c.stampOf(i), nil
}

// traces are what a change of an index leaves. Each alone may stay the same: a file system's clock ticks up to
// every 10 ms, the inode that one git gives back is the next one's, and the checksum may be left out.
type traces struct {
	size, mtime, ctime int64
	inode              uint64
	checksum           []byte
}

func (c *Checkout) stampOf(i traces) Stamp {
	return sha256.Sum256(fmt.Appendf(nil, "1\x00%s\x00%s\x00%x %d %d %d %d %x", c.top, c.gitDir, c.config.digest, i.size, i.mtime, i.ctime, i.inode, i.checksum))
}
