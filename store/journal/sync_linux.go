package journal

import (
	"os"

	"golang.org/x/sys/unix"
)

// reserved is what stays free for the file on a full disk, where removing images makes room and must be
// written down.
const reserved = 64 << 10

// reserve is of no consequence where the file system cannot do it.
func reserve(f *os.File) {
	if info, err := f.Stat(); err == nil {
		_ = unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, info.Size(), reserved)
	}
}

// dataSync waits until what was written is on the disk, with the file's new size, see fdatasync(2).
func dataSync(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); err != unix.EINTR {
			return err
		}
	}
}
