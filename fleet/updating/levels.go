package updating

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// levels are a folder and those above it, the nearest first, as far as they have its owner and its file
// system. An update of any of them may write changelogs below the folder.
type levels struct {
	dirs  []string // absolute, without symbolic links
	shown []string // as messages have them
	top   int      // of the checkout that the folder is in; 0 for none
}

// levelsOf depends on nothing that differs between two users.
func levelsOf(dir string) (levels, error) {
	if dir == "" {
		dir = "."
	}
	real, err := filepath.Abs(dir)
	if err == nil {
		real, err = filepath.EvalSymlinks(real)
	}
	if err != nil {
		return levels{}, fmt.Errorf("cannot find %s: %w", dir, cause(err))
	}
	var l levels
	var own stamp
	found := false
	for at := real; ; at = filepath.Dir(at) {
		s, err := stampOf(at)
		if err == nil && len(l.dirs) == 0 {
			own = s
		}
		if err != nil || s.owner != own.owner || s.device != own.device {
			break
		}
		l.dirs, l.shown = append(l.dirs, at), append(l.shown, show(dir, at, len(l.dirs)))
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil && !found {
			l.top, found = len(l.dirs)-1, true
		}
		if at == filepath.Dir(at) {
			break
		}
	}
	if len(l.dirs) == 0 {
		return levels{}, fmt.Errorf("cannot read %s: it is gone", dir)
	}
	return l, nil
}

// show is how a person would write the folder that is so many steps above what was typed.
func show(typed, at string, steps int) string {
	if steps == 0 {
		return filepath.Clean(typed)
	}
	if here, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(here, at); err == nil && filepath.IsLocal(rel) {
			return rel
		}
	}
	return at
}

// stamp is what tells that entries of a folder came or went.
type stamp struct {
	owner, device, inode uint64
	changed              time.Time
}

func stampOf(dir string) (stamp, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return stamp{}, err
	}
	s := stamp{changed: info.ModTime()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.owner, s.device, s.inode = uint64(sys.Uid), uint64(sys.Dev), uint64(sys.Ino)
	}
	return s, nil
}

// cause takes the operation and the path, which the message has already, off a system error.
func cause(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	if e := (*os.LinkError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// denied tells that only somebody else, or nobody, may write.
func denied(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}
