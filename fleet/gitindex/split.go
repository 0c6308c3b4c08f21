package gitindex

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

var errBitmap = errors.New("the list of changes to its shared index is damaged")

// link is the extension of a split index: it names the shared index that the index changes, and tells which
// entries of that are gone and which are replaced by this index's first ones.
type link struct {
	base             []byte // the shared index's checksum, which is in its name; all zero for none
	removed, changed ewah
}

func readLink(data []byte, h hash) (*link, error) {
	if len(data) < h.size {
		return nil, errShort
	}
	l := &link{base: data[:h.size:h.size]}
	data = data[h.size:]
	if len(data) == 0 {
		return l, nil
	}
	for _, e := range []*ewah{&l.removed, &l.changed} {
		var err error
		if data, err = e.read(data); err != nil {
			return nil, err
		}
	}
	if len(data) > 0 {
		return nil, errBitmap
	}
	return l, nil
}

// merge makes one tree of an index and the shared one below it, which is nil when there is none.
func merge(own, shared *contents) (*tree, error) {
	if shared == nil {
		t := newTree(len(own.entries))
		return t, t.addAll(own, own.entries)
	}
	t := newTree(len(own.entries) + len(shared.entries))
	removed, err := own.link.removed.expand(len(shared.entries))
	if err != nil {
		return nil, err
	}
	changed, err := own.link.changed.expand(len(shared.entries))
	if err != nil {
		return nil, err
	}
	added := own.entries
	for i, e := range shared.entries {
		if changed.has(i) {
			if len(added) == 0 {
				return nil, errBitmap
			}
			e.mode, e.stage = added[0].mode, added[0].stage
			added = added[1:]
		}
		if removed.has(i) {
			continue
		}
		if err := t.add(shared.name(e), e.mode, e.stage); err != nil {
			return nil, err
		}
	}
	return t, t.addAll(own, added)
}

func (t *tree) addAll(c *contents, entries []entry) error {
	for _, e := range entries {
		if err := t.add(c.name(e), e.mode, e.stage); err != nil {
			return err
		}
	}
	return nil
}

// ewah is a compressed bitmap, as gitformat-bitmap(5) describes it.
type ewah struct{ words []byte }

// read takes the bitmap off the front of data: the numbers of its bits and of its words, the words, and the
// place of the last marker among them.
func (e *ewah) read(data []byte) (rest []byte, err error) {
	if len(data) < 12 {
		return nil, errBitmap
	}
	size := uint64(binary.BigEndian.Uint32(data[4:])) * 8
	if size > uint64(len(data)-12) {
		return nil, errBitmap
	}
	e.words = data[8 : 8+size]
	return data[12+size:], nil
}

type bitmap []uint64

func (b bitmap) has(i int) bool { return i/64 < len(b) && b[i/64]>>(i%64)&1 != 0 }

// expand makes a plain bitmap of n bits; a bit beyond them is an error. A marker word is followed by
// literal ones: its lowest bit is what the next words are full of, the 32 bits above that say how many these
// are, and the 31 highest bits how many literal words follow.
func (e ewah) expand(n int) (bitmap, error) {
	out := make(bitmap, (n+63)/64)
	at := uint64(0)
	for words := e.words; len(words) > 0; {
		marker := binary.BigEndian.Uint64(words)
		words = words[8:]
		run, literals := marker>>1&(1<<32-1), marker>>33
		if marker&1 != 0 {
			if run > uint64(len(out))-min(at, uint64(len(out))) {
				return nil, fmt.Errorf("%w: it names entries that are not there", errBitmap)
			}
			for i := range run {
				out[at+i] = 1<<64 - 1
			}
		}
		at += run
		if literals > uint64(len(words)/8) {
			return nil, errBitmap
		}
		for range literals {
			word := binary.BigEndian.Uint64(words)
			words = words[8:]
			if at < uint64(len(out)) {
				out[at] = word
			} else if word != 0 {
				return nil, fmt.Errorf("%w: it names entries that are not there", errBitmap)
			}
			at++
		}
	}
	if len(out) > 0 && bits.Len64(out[len(out)-1]) > n-(len(out)-1)*64 {
		return nil, fmt.Errorf("%w: it names entries that are not there", errBitmap)
	}
	return out, nil
}
