package buildcontext

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// ErrFolder tells that there is a folder in the place of a file.
var ErrFolder = errors.New("it is a folder")

// OpenRegular opens a file below root. It never waits for the writer of a pipe, which may have taken
// the place of a file since somebody looked; whatever is no regular file is an error, a folder is
// ErrFolder.
func OpenRegular(root *os.Root, name string) (*os.File, error) {
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = ErrFolder
	case !info.Mode().IsRegular():
		err = fmt.Errorf("it is a %s", kind(info.Mode()))
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
