//go:build linux

package embedded

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
)

// maxSummed bounds the databases whose sums are taken, in bytes. Larger ones are mostly free pages, which
// the look at a file's form leaves out.
const maxSummed = 64 << 20

// sums are what a process that ended well says of the databases that it leaves: the next one finds every
// byte that has changed.
type sums struct {
	// Released is when the root's lock was given back, as the lock's file tells: in nanoseconds since 1970.
	// An older Slipway changes the databases and no sums, but it takes the lock.
	Released int64          `json:"released"`
	Files    map[string]sum `json:"files"`
}

type sum struct {
	Size int64  `json:"size"` // in bytes
	CRC  uint32 `json:"crc32c"`
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func sumsPath(root string) string { return filepath.Join(Folder(root), "databases.sums") }

// takeSums reads the sums and removes them, as they hold no longer once the databases are opened. Nil is
// none, or not those of the last process that had the root.
func takeSums(root string, released int64) (*sums, error) {
	data, err := os.ReadFile(sumsPath(root))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if removed := os.RemoveAll(sumsPath(root)); removed != nil {
		return nil, fmt.Errorf("cannot remove old checksums: %w", removed)
	}
	var s sums
	line, rest, ok := bytes.Cut(data, []byte("\n"))
	if err != nil || !ok || string(line) != fmt.Sprintf("%08x", crc32.Checksum(rest, castagnoli)) {
		return nil, nil
	}
	if json.Unmarshal(rest, &s) != nil || s.Released != released {
		return nil, nil
	}
	return &s, nil
}

// compare tells whether the file at path is as it was left, if that is known.
func (s *sums) compare(name, path string) (same, known bool, err error) {
	if s == nil {
		return false, false, nil
	}
	want, known := s.Files[name]
	if !known {
		return false, false, nil
	}
	got, err := sumFile(path)
	return got == want, true, err
}

// leaveSums writes the sums of the databases, which are closed. Without them the next process looks at
// the form of the files; so nothing is lost if they cannot be written.
func leaveSums(root string, released int64) {
	if err := writeSums(root, released); err != nil {
		os.Remove(sumsPath(root))
	}
}

func writeSums(root string, released int64) error {
	s := sums{Released: released, Files: map[string]sum{}}
	for _, name := range databases() {
		path := filepath.Join(Folder(root), name)
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		if info.Size() > maxSummed {
			continue
		}
		if s.Files[name], err = sumFile(path); err != nil {
			return err
		}
	}
	data, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("internal error: %w", err)
	}
	return os.WriteFile(sumsPath(root), append(fmt.Appendf(nil, "%08x\n", crc32.Checksum(data, castagnoli)), data...), 0o600)
}

func sumFile(path string) (sum, error) {
	f, err := os.Open(path)
	if err != nil {
		return sum{}, err
	}
	defer f.Close()
	h := crc32.New(castagnoli)
	n, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{f}, make([]byte, 256<<10))
	return sum{Size: n, CRC: h.Sum32()}, err
}
