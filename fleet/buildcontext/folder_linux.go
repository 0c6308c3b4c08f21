package buildcontext

import (
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// folder is an open folder. What is in it is looked up from its descriptor, without a way round by
// os.Root or os.File: a fleet has tens of thousands of files, and most of a plan's time goes into
// looking at them.
type folder struct {
	file *os.File // keeps fd open; nil when the folder owns it
	fd   int
}

// openFolder opens a folder below root; links on the way may not leave it.
func openFolder(root *os.Root, name string) (folder, error) {
	if d, err := openBeneath(root.Name(), name); err == nil {
		return d, nil
	} // an old kernel, a sandbox, or an error that is told better below
	f, err := root.Open(name)
	if err != nil {
		return folder{}, err
	}
	return folder{file: f, fd: int(f.Fd())}, nil
}

// openBeneath is openFolder in one call of the kernel's, see openat2(2).
func openBeneath(root, name string) (folder, error) {
	at, err := retry(func() (int, error) { return unix.Open(root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0) })
	if err != nil {
		return folder{}, err
	}
	defer unix.Close(at)
	fd, err := retry(func() (int, error) {
		return unix.Openat2(at, name, &unix.OpenHow{
			Flags: unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS,
		})
	})
	return folder{fd: fd}, err
}

// open opens a folder that is in this one, and no link.
func (d folder) open(name string) (folder, error) {
	fd, err := retry(func() (int, error) {
		return unix.Openat(d.fd, name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	})
	return folder{fd: fd}, err
}

func (d folder) close() {
	if d.file != nil {
		d.file.Close()
		return
	}
	unix.Close(d.fd)
}

// names lists the folder, in no order.
func (d folder) names() ([]string, error) {
	var names []string
	buf := make([]byte, 8<<10)
	for {
		n, err := retry(func() (int, error) { return unix.ReadDirent(d.fd, buf) })
		if err != nil || n <= 0 {
			return names, err
		}
		_, _, names = unix.ParseDirent(buf[:n], -1, names)
	}
}

// lstat looks at an entry of the folder.
func (d folder) lstat(name string) (meta, error) {
	var s unix.Stat_t
	_, err := retry(func() (int, error) { return 0, unix.Fstatat(d.fd, name, &s, unix.AT_SYMLINK_NOFOLLOW) })
	if err != nil {
		return meta{}, err
	}
	return meta{
		mode: fileMode(s.Mode), size: s.Size, mtime: s.Mtim.Nano(), ctime: s.Ctim.Nano(), inode: s.Ino, device: uint64(s.Dev),
	}, nil
}

// retry calls again what a signal interrupted.
func retry(f func() (int, error)) (int, error) {
	for {
		n, err := f()
		if err != unix.EINTR {
			return n, err
		}
	}
}

// fileMode is a mode of stat(2) as Go has it.
func fileMode(m uint32) fs.FileMode {
	mode := fs.FileMode(m & 0o777)
	switch m & unix.S_IFMT {
	case unix.S_IFDIR:
		mode |= fs.ModeDir
	case unix.S_IFLNK:
		mode |= fs.ModeSymlink
	case unix.S_IFIFO:
		mode |= fs.ModeNamedPipe
	case unix.S_IFSOCK:
		mode |= fs.ModeSocket
	case unix.S_IFBLK:
		mode |= fs.ModeDevice
	case unix.S_IFCHR:
		mode |= fs.ModeDevice | fs.ModeCharDevice
	}
	if m&unix.S_ISUID != 0 {
		mode |= fs.ModeSetuid
	}
	if m&unix.S_ISGID != 0 {
		mode |= fs.ModeSetgid
	}
	if m&unix.S_ISVTX != 0 {
		mode |= fs.ModeSticky
	}
	return mode
}

// newMeta takes over what os.Root found behind a link.
func newMeta(info fs.FileInfo) meta {
	m := meta{mode: info.Mode(), size: info.Size(), mtime: info.ModTime().UnixNano()}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		m.ctime, m.inode, m.device = time.Unix(s.Ctim.Unix()).UnixNano(), s.Ino, uint64(s.Dev)
	}
	return m
}
