package gitindex

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

const (
	maxPath  = 64 << 10  // of one entry, see maxOpen
	maxNames = 512 << 20 // of all paths together; version 4 stores them compressed

	headerSize = 12
	statSize   = 40 // what comes before an entry's object name: stat(2) data
	modeOffset = 24

	flagExtended = 0x4000
	flagName     = 0x0fff
)

var errShort = errors.New("it is cut short")

// entry is a tracked file; names[start:end] is its path.
type entry struct {
	start, end uint32
	mode       Mode
	stage      uint8
}

// contents are what one index file holds.
type contents struct {
	entries []entry
	names   string
	link    *link // of a split index
}

func (c *contents) name(e entry) string { return c.names[e.start:e.end] }

// header looks at the first twelve bytes of an index of the given size: are the entries that it speaks of
// possible? It returns their number.
func header(data []byte, size int64, h hash) (version uint32, entries int, err error) {
	if size < int64(headerSize+h.size) {
		return 0, 0, errShort
	}
	if string(data[:4]) != "DIRC" {
		return 0, 0, errors.New("it does not begin as git's index does")
	}
	version = binary.BigEndian.Uint32(data[4:])
	if version < 2 || version > 4 {
		return 0, 0, hinted{fmt.Sprintf("this Slipway does not know its version %d", version), "use a newer Slipway, or run: git -C {top} update-index --index-version 4"}
	}
	count := int64(binary.BigEndian.Uint32(data[8:]))
	smallest := int64(statSize + h.size + 3) // flags, and the end of the path
	if count > (size-int64(headerSize+h.size))/smallest {
		return 0, 0, fmt.Errorf("it claims to have %d entries in %d bytes", count, size)
	}
	if count > maxNodes {
		return 0, 0, tooLarge("it has %d entries, more than %d", count, maxNodes)
	}
	return version, int(count), nil
}

// decode reads an index file whose checksum is right.
func decode(data []byte, h hash) (*contents, error) {
	version, count, err := header(data[:min(headerSize, len(data))], int64(len(data)), h)
	if err != nil {
		return nil, err
	}
	d := decoder{rest: data[headerSize : len(data)-h.size], hash: h, version: version}
	d.entries = make([]entry, 0, count)
	d.names.Grow(max(0, len(d.rest)-count*(statSize+h.size+2)))
	for i := range count {
		if err := d.entry(); err != nil {
			return nil, fmt.Errorf("entry %d of %d: %w", i+1, count, err)
		}
	}
	c := &contents{entries: d.entries, names: d.names.String()}
	return c, d.extensions(c)
}

type decoder struct {
	hash    hash
	version uint32
	rest    []byte
	entries []entry
	names   strings.Builder
}

func (d *decoder) entry() error {
	at := statSize + d.hash.size + 2
	if len(d.rest) < at+2 {
		return errShort
	}
	flags := binary.BigEndian.Uint16(d.rest[at-2:])
	if flags&flagExtended != 0 {
		if d.version == 2 {
			return errors.New("it has flags that version 2 does not have")
		}
		at += 2
	}
	mode, err := modeOf(binary.BigEndian.Uint32(d.rest[modeOffset:]))
	if err != nil {
		return err
	}
	strip := uint64(0)
	if d.version == 4 {
		width := 0
		if strip, width = varint(d.rest[at:]); width == 0 {
			return errShort
		}
		at += width
	}
	length := bytes.IndexByte(d.rest[at:], 0)
	if length < 0 {
		return errShort
	}
	e := entry{mode: mode, stage: uint8(flags >> 12 & 3)}
	if err := d.name(&e, strip, d.rest[at:at+length]); err != nil {
		return err
	}
	if n := flags & flagName; n < flagName && e.end-e.start != uint32(n) {
		return errors.New("its path is not as long as it claims")
	}
	size := at + length + 1
	if d.version < 4 {
		size = (size + 7) &^ 7 // one to eight zeros end the path
	}
	if size > len(d.rest) {
		return errShort
	}
	d.rest = d.rest[size:]
	d.entries = append(d.entries, e)
	return nil
}

// name adds the entry's path: that of the entry before without its last bytes, and more.
func (d *decoder) name(e *entry, strip uint64, more []byte) error {
	before := ""
	if d.version == 4 && len(d.entries) > 0 {
		last := d.entries[len(d.entries)-1]
		before = d.names.String()[last.start:last.end]
	}
	if strip > uint64(len(before)) {
		return errors.New("its path is said to begin as one that is shorter")
	}
	before = before[:len(before)-int(strip)]
	if len(before)+len(more) > maxPath {
		return fmt.Errorf("its path is longer than %d bytes", maxPath)
	}
	if d.names.Len()+len(before)+len(more) > maxNames {
		return tooLarge("all paths together are longer than %d bytes", maxNames)
	}
	if need := len(before) + len(more); d.names.Cap()-d.names.Len() < need {
		d.names.Grow(max(need, d.names.Cap())) // doubles, where append would copy more often
	}
	e.start = uint32(d.names.Len())
	d.names.WriteString(before)
	d.names.Write(more)
	e.end = uint32(d.names.Len())
	return nil
}

// modeOf reads git's octal modes: the type, and of a file's permissions the owner's executable bit.
func modeOf(m uint32) (Mode, error) {
	switch m & 0o170000 {
	case 0o100000:
		if m&0o100 != 0 {
			return Executable, nil
		}
		return Regular, nil
	case 0o120000:
		return Symlink, nil
	case 0o160000:
		return Gitlink, nil
	case 0o040000:
		return folder, nil
	}
	return 0, fmt.Errorf("git has no mode %o", m)
}

// varint reads a number as git's packs have offsets: seven bits a byte, the highest first, and one added at
// each step. The width is 0 when there is no such number.
func varint(data []byte) (n uint64, width int) {
	for width < len(data) && width < 9 {
		b := data[width]
		width++
		n = n<<7 | uint64(b&0x7f)
		if b&0x80 == 0 {
			return n, width
		}
		n++
	}
	return 0, 0
}

// extensions reads what comes after the entries. What git itself may pass over is passed over here.
func (d *decoder) extensions(c *contents) error {
	for len(d.rest) > 0 {
		if len(d.rest) < 8 {
			return errShort
		}
		name, size := string(d.rest[:4]), binary.BigEndian.Uint32(d.rest[4:])
		d.rest = d.rest[8:]
		if uint64(size) > uint64(len(d.rest)) {
			return errShort
		}
		data := d.rest[:size]
		d.rest = d.rest[size:]
		switch {
		case name == "link":
			l, err := readLink(data, d.hash)
			if err != nil {
				return err
			}
			c.link = l
		case name == "sdir", name[0] >= 'A' && name[0] <= 'Z':
		default:
			return unknown("its extension %q", name)
		}
	}
	return nil
}
