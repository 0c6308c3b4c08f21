//go:build !linux

package source

import (
	"io/fs"
	"path/filepath"
)

// syncTree writes all of a folder to disk.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() && !e.Type().IsRegular() {
			return err
		}
		return syncDir(path)
	})
}
