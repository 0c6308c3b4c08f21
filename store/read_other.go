//go:build !linux

package store

import (
	"io"
	"io/fs"
	"os"
)

// readSmall reads a file of a known size. The error of one with another size is io.ErrUnexpectedEOF.
func readSmall(name string, size int64) ([]byte, error) {
	data, err := os.ReadFile(name)
	if err == nil && int64(len(data)) != size {
		err = &fs.PathError{Op: "read", Path: name, Err: io.ErrUnexpectedEOF}
	}
	return data, err
}
