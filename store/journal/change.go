package journal

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/problem"
)

// header is the first line. A later form has another number.
const header = "slipway images 1\n"

// later is the first line of any form.
var later = regexp.MustCompile(`^slipway images [0-9]+\n$`)

// ErrVersion is wrapped by errors about a file of a newer Slipway.
var ErrVersion = errors.New("it was written by a newer Slipway")

// Change is one line of the file. Fields that are empty say nothing.
type Change struct {
	// Name gets the target, or is removed without one.
	Name   string               `json:"name,omitempty"`
	Target *ocispecs.Descriptor `json:"target,omitempty"`
	// Digest is that of a manifest or index, which has these marks and no others from now on.
	Digest string            `json:"digest,omitempty"`
	Marks  map[string]string `json:"marks,omitempty"`
}

// state is what the lines leave.
type state struct {
	names map[string]ocispecs.Descriptor
	marks map[string]map[string]string // by digest
	lines int                          // that it was read from
}

func newState() *state {
	return &state{names: map[string]ocispecs.Descriptor{}, marks: map[string]map[string]string{}}
}

func (s *state) apply(c Change) {
	s.lines++
	if c.Name != "" {
		if c.Target != nil {
			s.names[c.Name] = *c.Target
		} else {
			delete(s.names, c.Name)
		}
	}
	if c.Digest != "" {
		if len(c.Marks) > 0 {
			s.marks[c.Digest] = c.Marks
		} else {
			delete(s.marks, c.Digest)
		}
	}
}

// held tells whether any name but the given one stands for the digest.
func (s *state) held(digest, but string) bool {
	for name, target := range s.names {
		if name != but && target.Digest.String() == digest {
			return true
		}
	}
	return false
}

// changes are the fewest lines that leave the state, in a fixed order.
func (s *state) changes() []Change {
	out := make([]Change, 0, len(s.names)+len(s.marks))
	held := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(s.names)) {
		target := s.names[name]
		held[target.Digest.String()] = true
		out = append(out, Change{Name: name, Target: &target})
	}
	for _, digest := range slices.Sorted(maps.Keys(s.marks)) {
		if held[digest] {
			out = append(out, Change{Digest: digest, Marks: s.marks[digest]})
		}
	}
	return out
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendLine(buf []byte, c Change) ([]byte, error) {
	data, err := json.Marshal(c)
	if err != nil {
		return buf, fmt.Errorf("internal error: %w", err)
	}
	buf = fmt.Appendf(buf, "%08x ", crc32.Checksum(data, castagnoli))
	return append(append(buf, data...), '\n'), nil
}

// parseLine reads a line without its end. A line that is not whole is not ok.
func parseLine(line []byte) (c Change, ok bool) {
	var sum [4]byte
	if len(line) < 9 || line[8] != ' ' {
		return c, false
	}
	data := line[9:]
	if _, err := hex.Decode(sum[:], line[:8]); err != nil || binary.BigEndian.Uint32(sum[:]) != crc32.Checksum(data, castagnoli) {
		return c, false
	}
	return c, json.Unmarshal(data, &c) == nil
}

// parsed is what a file holds.
type parsed struct {
	state *state
	whole int64 // bytes up to the end of the last line that counts
	// damaged counts the lines that are not what was written and are not the last; the first is one of them.
	damaged int
}

// parse reads a file from its beginning. A last line without an end, or that is not whole, is what a
// crash left.
func parse(r io.Reader) (parsed, error) {
	p := parsed{state: newState()}
	in := bufio.NewReaderSize(r, 64<<10)
	first, err := in.ReadString('\n')
	switch {
	case errors.Is(err, io.EOF):
		return p, nil // nothing was acknowledged
	case err != nil:
		return p, err
	case first == header:
		p.whole = int64(len(first))
	case later.MatchString(first):
		return p, ErrVersion
	default: // each other line says itself whether it is whole
		p.damaged = 1
	}
	end, bad := int64(len(first)), 0
	var long []byte // a line that is longer than the buffer
	for {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			long = append(long, line...)
			continue
		}
		if errors.Is(err, io.EOF) {
			return p, nil
		}
		if err != nil {
			return p, err
		}
		if len(long) > 0 {
			line, long = append(long, line...), nil
		}
		end += int64(len(line))
		c, ok := parseLine(line[:len(line)-1])
		if !ok {
			bad++
			continue
		}
		p.damaged, p.whole = p.damaged+bad, end
		bad = 0
		p.state.apply(c)
	}
}

// readFile reads the file at path. One that does not exist is empty, and exists is false.
func readFile(path string) (p parsed, exists bool, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return parsed{state: newState()}, false, nil
	}
	if err != nil {
		return p, false, fmt.Errorf("cannot read the images' names: %w", err)
	}
	defer f.Close()
	if p, err = parse(f); err != nil {
		err = fmt.Errorf("cannot read the images' names in %s: %w", path, err)
		if errors.Is(err, ErrVersion) {
			err = problem.With(err, "take that Slipway, or other images with --root")
		}
		return p, true, err
	}
	return p, true, nil
}
