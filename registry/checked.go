package registry

import (
	"errors"
	"hash"
	"io"
	"sync"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// checked is content that is hashed on its way out. It may be read again from an earlier place, as a
// resumed upload does: each byte is hashed once. The last byte is given out only when the digest is
// right.
type checked struct {
	at content.ReaderAt
	d  ocispecs.Descriptor
	h  *host

	mu     sync.Mutex
	hash   hash.Hash
	hashed int64
	good   bool
	err    error
	last   *section // older ones are dead
}

func newChecked(at content.ReaderAt, d ocispecs.Descriptor, h *host) *checked {
	c := &checked{at: at, d: d, h: h}
	if err := d.Digest.Validate(); err != nil {
		c.err = h.fail(ErrDigest, "%q is no digest", d.Digest)
		return c
	}
	c.hash = d.Digest.Algorithm().Hash()
	if at.Size() != d.Size {
		c.err = h.fail(ErrDigest, "blob %s in the store has %d bytes instead of %d", d.Digest, at.Size(), d.Size)
	}
	return c
}

// from reads from an offset that was reached before. Earlier readers of the same content end.
func (c *checked) from(offset int64, show func(int64)) io.ReadCloser {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = &section{c: c, offset: offset, show: show}
	return c.last
}

// reached is how many bytes were read: nobody can have more of them.
func (c *checked) reached() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hashed
}

func (c *checked) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// verify tells whether all of it was read and had the digest.
func (c *checked) verify() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil && !c.good {
		c.err = c.h.fail(ErrDigest, "blob %s was not read to its end", c.d.Digest)
	}
	return c.err
}

// close ends all readers and closes the content.
func (c *checked) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = nil
	_ = c.at.Close() // it was only read
}

type section struct {
	c      *checked
	offset int64
	show   func(int64)
}

var errReplaced = errors.New("the transfer was started anew")

func (s *section) Read(p []byte) (int, error) {
	n, err := s.read(p)
	if n > 0 {
		s.show(s.offset)
	}
	return n, err
}

func (s *section) read(p []byte) (int, error) {
	c := s.c
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.last != s:
		return 0, errReplaced
	case c.err != nil:
		return 0, c.err
	case s.offset >= c.d.Size:
		return 0, io.EOF
	}
	if left := c.d.Size - s.offset; int64(len(p)) > left {
		p = p[:left]
	}
	n, err := c.at.ReadAt(p, s.offset)
	if n == 0 && err == nil {
		err = io.ErrNoProgress
	}
	if n == 0 || err != nil && err != io.EOF {
		c.err = c.h.fail(ErrDigest, "blob %s in the store cannot be read: %v", c.d.Digest, err)
		return 0, c.err
	}
	end := s.offset + int64(n)
	if end > c.hashed {
		c.hash.Write(p[c.hashed-s.offset : n])
		c.hashed = end
	}
	if c.hashed == c.d.Size && !c.good {
		if digest.NewDigest(c.d.Digest.Algorithm(), c.hash) != c.d.Digest {
			c.err = c.h.fail(ErrDigest, "blob %s in the store is damaged", c.d.Digest)
			return 0, c.err
		}
		c.good = true
	}
	s.offset = end
	return n, nil
}

func (s *section) Close() error {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if s.c.last == s {
		s.c.last = nil
	}
	return nil
}
