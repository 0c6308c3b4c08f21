package updating

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/slipway-build/slipway/problem"
)

const (
	ownerFile = "owner"
	// silent is after how long without a step an update of another machine counts as dead. One step is
	// one changelog.
	silent = time.Minute
)

// Owner is the process that has a tree's lock.
type Owner struct {
	PID     int       `json:"pid"`
	Command string    `json:"command,omitempty"`
	Since   time.Time `json:"since"`
	Boot    string    `json:"boot,omitempty"` // of its kernel: a lock is seen by one kernel only
}

// String is for messages; what is not known is left out.
func (o Owner) String() string {
	if o.PID == 0 {
		return "another slipway"
	}
	text := fmt.Sprintf("another slipway (pid %d", o.PID)
	if o.Command != "" {
		text += ", " + o.Command
	}
	return strings.Map(func(r rune) rune { // it is what stands in a file
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, text) + ")"
}

// hold is a lock that this process has: flock(2) on Folder itself, which the end of the process gives
// back. The folder needs no rights but to read, and is there only while it is held.
type hold struct {
	shown  string   // the level, as messages have it
	root   *os.Root // of the level
	work   *os.Root // Folder in it
	lock   *os.File // the same
	step   func(string)
	unsure bool // the file system has no locks
}

// errGone means that what was to be locked is there no more.
var errGone = errors.New("gone")

// take locks a level; with create it makes the folder, without it there may be nothing to lock: a nil
// hold. The owner is of a lock that somebody else has.
func take(dir, shown string, create bool, o Options) (h *hold, busy *Owner, err error) {
	for range 1000 {
		h, busy, err = tryTake(dir, shown, create, o)
		if !errors.Is(err, errGone) {
			return h, busy, err
		}
	}
	return nil, &Owner{}, nil // so many come and go that it has never been ours
}

func tryTake(dir, shown string, create bool, o Options) (_ *hold, busy *Owner, err error) {
	info, err := os.Lstat(filepath.Join(dir, Folder))
	switch {
	case errors.Is(err, fs.ErrNotExist) && !create:
		return nil, nil, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, nil, cause(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, cause(err)
	}
	h := &hold{shown: shown, root: root, step: o.step}
	defer func() {
		if err != nil || busy != nil {
			h.drop()
		}
	}()
	switch {
	case info == nil:
		if err := h.create(); err != nil {
			return nil, nil, err
		}
	case info.Mode().IsRegular():
		undone, err := undoOlder(h)
		if err == nil {
			o.say(undone)
			err = errGone
		}
		return nil, nil, err
	case !info.IsDir():
		return nil, nil, problem.New("it is not a folder of slipway", "remove it")
	}
	if busy, err = h.acquire(); busy != nil || err != nil {
		return nil, busy, err
	}
	return h, nil, nil
}

// create makes the folder. Who could write changelogs there can work in it, too.
func (h *hold) create() error {
	info, err := h.root.Stat(".")
	if err != nil {
		return cause(err)
	}
	err = h.root.Mkdir(Folder, 0o755)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return cause(err)
	}
	h.did("folder")
	mode := info.Mode().Perm()&^0o002 | 0o755
	if err := h.root.Chmod(Folder, mode); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return cause(err)
	}
	return nil
}

// acquire locks the folder, unless its owner lives. Whoever found it dead may have removed it meanwhile.
func (h *hold) acquire() (busy *Owner, err error) {
	if h.work, err = h.root.OpenRoot(Folder); err != nil {
		return nil, goneOr(err)
	}
	if h.lock, err = h.work.Open("."); err != nil {
		return nil, goneOr(err)
	}
	err = flock(h.lock, syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		h.lock.Close()
		h.lock = nil // it is not ours to unlock
		owner := h.owner()
		return &owner, nil
	case err != nil:
		h.unsure = true
	}
	mine, err := h.lock.Stat()
	if err != nil {
		return nil, goneOr(err)
	}
	there, err := h.root.Lstat(Folder)
	if err != nil || !os.SameFile(mine, there) {
		return nil, errGone
	}
	if owner := h.owner(); owner.PID != 0 && (h.unsure || owner.Boot != bootID()) {
		if age := time.Since(mine.ModTime()); age < silent && age > -silent {
			return &owner, nil
		}
	}
	return nil, nil
}

func goneOr(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errGone
	}
	return cause(err)
}

// owner reads who has the lock; nobody knows in the moment between the lock and its name.
func (h *hold) owner() Owner {
	var o Owner
	data, err := h.work.ReadFile(ownerFile)
	if err != nil || json.Unmarshal(data, &o) != nil {
		return Owner{}
	}
	return o
}

// sign writes whose lock it is.
func (h *hold) sign(command string) error {
	data, err := json.Marshal(Owner{PID: os.Getpid(), Command: command, Since: time.Now().UTC(), Boot: bootID()})
	if err != nil {
		return fmt.Errorf("internal error: cannot encode the lock's owner: %w", err)
	}
	return h.work.WriteFile(ownerFile, data, 0o644)
}

// remove empties the folder and removes it: the journal, which counts, is gone before.
func (h *hold) remove() error {
	if err := h.empty(); err != nil {
		return err
	}
	h.did("emptied")
	if err := h.root.Remove(Folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return cause(err)
	}
	return nil
}

func (h *hold) empty() error {
	list, err := fs.ReadDir(h.work.FS(), ".")
	if err != nil {
		return cause(err)
	}
	for _, e := range list {
		if err := h.work.RemoveAll(e.Name()); err != nil {
			return cause(err)
		}
	}
	return nil
}

// drop gives the lock back. Closing alone would not: a child that was forked just now holds the file
// open until it runs its program.
func (h *hold) drop() {
	if h.lock != nil {
		_ = flock(h.lock, syscall.LOCK_UN) // a file system without locks
		h.lock.Close()
	}
	if h.work != nil {
		h.work.Close()
	}
	h.root.Close()
}

func (h *hold) did(step string) {
	if h.step != nil {
		h.step(step)
	}
}

func flock(f *os.File, how int) error {
	for {
		if err := syscall.Flock(int(f.Fd()), how); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// bootID tells one run of a kernel from others, and is the same in all its containers.
func bootID() string {
	data, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}
