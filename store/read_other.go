//go:build !linux

package store

import (
	"fmt"
	"io"
	"io/fs"
	"os"
)

// maxManifest bounds what is read of a manifest or an index.
const maxManifest = 16 << 20

// readSmall reads a file of a known size. The error of one with another size is io.ErrUnexpectedEOF.
func readSmall(name string, size int64) ([]byte, error) {
	if size < 0 || size > maxManifest {
		return nil, fmt.Errorf("cannot read %s: it is said to have %d bytes", name, size)
	}
	data, err := os.ReadFile(name)
	if err == nil && int64(len(data)) != size {
		err = &fs.PathError{Op: "read", Path: name, Err: io.ErrUnexpectedEOF}
	}
	return data, err
}
