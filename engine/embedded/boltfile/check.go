// Package boltfile looks whether a file is a whole bbolt database, before bbolt maps it.
//
// bbolt trusts what it maps: a page that is not what it should be ends the program, in whichever goroutine
// meets it. Here pages are read, not mapped, and nothing that they say is believed before it is compared
// with the file. The form is that of bbolt's internal/common: pages with a header, two of which are meta
// pages with a checksum; a tree of branch and leaf pages for each bucket; a list of free pages.
package boltfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// ErrDamaged is wrapped by errors that say that the file is no whole database.
var ErrDamaged = errors.New("the database is damaged")

// Flags of a page, and of an element of a leaf.
const (
	branchPage   = 0x01
	leafPage     = 0x02
	metaPage     = 0x04
	freelistPage = 0x10
	bucketFlag   = 0x01
)

// Sizes in bytes of what a page consists of.
const (
	headerSize  = 16
	metaSize    = 64 // the checksum at its end included
	elementSize = 16
	bucketSize  = 16
)

const (
	magic      = 0xED0CDAED
	version    = 2
	noFreelist = ^uint64(0)
	minPage    = 512
	maxPage    = 64 << 10
	// maxDepth bounds buckets in buckets and branches below branches. A tree of thousands of millions of
	// keys has ten.
	maxDepth = 64
)

var order = binary.NativeEndian // as bbolt writes

// Check reads the whole database at path. The error wraps ErrDamaged if it is none, or not a whole one;
// another error says that it cannot be read. Nobody must be writing it.
func Check(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	c := &checker{f: f, size: info.Size(), path: path}
	m, err := c.meta()
	if err != nil {
		return err
	}
	c.pageSize, c.end = int64(m.pageSize), m.pages
	if c.end > uint64(c.size/c.pageSize) {
		return c.damage("it has %d bytes, less than its %d pages", c.size, c.end)
	}
	c.seen = make([]uint64, c.end/64+1)
	if err := errors.Join(c.mark(0, 0), c.mark(1, 0), c.tree(m.root, 0)); err != nil {
		return err
	}
	if m.freelist == noFreelist {
		return nil
	}
	return c.freelist(m.freelist)
}

// checker is a check on its way.
type checker struct {
	f        *os.File
	path     string
	size     int64
	pageSize int64
	end      uint64   // the first page that does not exist
	seen     []uint64 // a bit for each page that something refers to
}

func (c *checker) damage(format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s", ErrDamaged, c.path, fmt.Sprintf(format, args...))
}

func (c *checker) read(data []byte, offset int64) error {
	_, err := c.f.ReadAt(data, offset)
	if errors.Is(err, io.EOF) {
		return c.damage("it ends too early")
	}
	return err
}

// meta is what a meta page says.
type meta struct {
	pageSize                    uint32
	root, freelist, pages, txid uint64
}

// meta returns the newest meta page that is whole, as bbolt does. The second is found by the page's size,
// which the first one may not tell any more.
func (c *checker) meta() (meta, error) {
	first, ok := c.metaAt(0)
	sizes := []int64{int64(first.pageSize)}
	if !ok {
		sizes = sizes[:0]
		for s := int64(minPage); s <= maxPage; s *= 2 {
			sizes = append(sizes, s)
		}
	}
	for _, s := range sizes {
		if second, whole := c.metaAt(s); whole && int64(second.pageSize) == s && (!ok || second.txid > first.txid) {
			return second, nil
		}
	}
	if !ok {
		return first, c.damage("it has no whole meta page")
	}
	return first, nil
}

func (c *checker) metaAt(offset int64) (m meta, ok bool) {
	page := make([]byte, headerSize+metaSize)
	if c.read(page, offset) != nil || order.Uint16(page[8:])&metaPage == 0 {
		return m, false
	}
	data := page[headerSize:]
	sum := fnv.New64a()
	sum.Write(data[:metaSize-8])
	if order.Uint32(data) != magic || order.Uint32(data[4:]) != version || order.Uint64(data[metaSize-8:]) != sum.Sum64() {
		return m, false
	}
	m.pageSize = order.Uint32(data[8:])
	m.root, m.freelist = order.Uint64(data[16:]), order.Uint64(data[32:])
	m.pages, m.txid = order.Uint64(data[40:]), order.Uint64(data[48:])
	return m, m.pageSize >= minPage && m.pageSize <= maxPage && m.pageSize&(m.pageSize-1) == 0
}

// page is a page with those that belong to it.
type page struct {
	flags uint16
	count int
	data  []byte // with the header
}

// page reads a page that must not have been met before.
func (c *checker) page(id uint64) (page, error) {
	if id >= c.end {
		return page{}, c.damage("page %d does not exist", id)
	}
	header := make([]byte, headerSize)
	if err := c.read(header, int64(id)*c.pageSize); err != nil {
		return page{}, err
	}
	more := uint64(order.Uint32(header[12:]))
	if order.Uint64(header) != id || more >= c.end-id {
		return page{}, c.damage("page %d is another", id)
	}
	if err := c.mark(id, more); err != nil {
		return page{}, err
	}
	p := page{flags: order.Uint16(header[8:]), count: int(order.Uint16(header[10:]))}
	p.data = make([]byte, int64(more+1)*c.pageSize)
	return p, c.read(p.data, int64(id)*c.pageSize)
}

// mark notes that a page and the ones after it are used, which no two may do.
func (c *checker) mark(id, more uint64) error {
	for i := id; i <= id+more; i++ {
		if i >= c.end {
			return c.damage("page %d does not exist", i)
		}
		if c.seen[i/64]&(1<<(i%64)) != 0 {
			return c.damage("page %d is used twice", i)
		}
		c.seen[i/64] |= 1 << (i % 64)
	}
	return nil
}

// freelist looks at the list of free pages, none of which may be in use.
func (c *checker) freelist(id uint64) error {
	p, err := c.page(id)
	if err != nil {
		return err
	}
	if p.flags != freelistPage {
		return c.damage("page %d is no list of free pages", id)
	}
	list, count := p.data[headerSize:], uint64(p.count)
	if p.count == 0xFFFF { // the number does not fit
		if len(list) < 8 {
			return c.damage("the list of free pages is cut short")
		}
		count, list = order.Uint64(list), list[8:]
	}
	if count > uint64(len(list)/8) {
		return c.damage("the list of free pages is cut short")
	}
	for i := range count {
		if err := c.mark(order.Uint64(list[i*8:]), 0); err != nil {
			return err
		}
	}
	return nil
}
