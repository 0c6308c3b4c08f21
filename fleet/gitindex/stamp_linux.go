package gitindex

import (
	"io/fs"
	"syscall"
)

// changed returns the time of a file's last change, in nanoseconds since 1970, and its inode.
func changed(info fs.FileInfo) (ctime int64, inode uint64) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Ctim.Nano(), s.Ino
	}
	return 0, 0
}
