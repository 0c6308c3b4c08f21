package source

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncTree writes all of a folder to disk: one call for its file system costs
// less than one for each file of a large checkout.
func syncTree(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Syncfs(int(f.Fd()))
}
