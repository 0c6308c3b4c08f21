package buildcontext

import (
	"io/fs"
	"syscall"
)

// changeTime is when the file's content or attributes changed last, in nanoseconds since 1970, and
// its inode. A program can set mtime back, but not this.
func changeTime(info fs.FileInfo) (ctime int64, inode uint64) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Ctim.Nano(), s.Ino
	}
	return 0, 0
}
