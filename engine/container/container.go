// Package container says what one container of an image test is, and what a
// runtime can do with it. It knows neither a runtime nor Docker's API.
package container

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"syscall"
	"time"

	imagespec "github.com/moby/docker-image-spec/specs-go/v1"
)

// ErrNoImage is in the chain of the error for an image the store does not hold.
var ErrNoImage = errors.New("no such image")

// Image is one image of the store, as this machine's platform sees it.
type Image struct {
	// Name is the full reference, such as "registry.example/team/app:1.2.3".
	Name string
	// Digest is that of the manifest or index the name stands for.
	Digest string
	// Size counts the bytes of the compressed layers and the configuration.
	Size int64
	// Config is the image's configuration, with what Docker adds to OCI's: HEALTHCHECK and SHELL.
	Config imagespec.DockerOCIImage
	// Layers are the sizes of the compressed layers, in bytes, the lowest first.
	Layers []int64
}

// Spec is what one container is made of.
type Spec struct {
	// ID is the runtime's name for the container: lower-case hexadecimal, unique.
	ID string
	// Image is a full reference in the store.
	Image string
	// Process is what Start runs.
	Process Process
	// Init runs it below an init, which passes signals on and reaps processes without a parent.
	Init bool
	// Groups are the user's besides those that the image says: names of the image, or numbers.
	Groups   []string
	Hostname string
	ReadOnly bool
	Mounts   []Mount
	Devices  []Device
	// Hosts are extra lines of /etc/hosts.
	Hosts []Host
	DNS   DNS
	// NoNetwork leaves the container with loopback only; otherwise it shares
	// the host's network.
	NoNetwork bool
	// CapAdd and CapDrop name capabilities as "CAP_NET_ADMIN"; "ALL" is all of them.
	CapAdd, CapDrop []string
	// NoNewPrivileges keeps processes from more rights than their parents' (prctl(2), PR_SET_NO_NEW_PRIVS).
	NoNewPrivileges bool
	// Sysctls are kernel parameters of the container's own namespaces, as in sysctl.conf(5).
	Sysctls map[string]string
	Limits  Limits
}

// Process is one command inside a container.
type Process struct {
	// Args is the whole command line, Env the whole environment.
	Args, Env []string
	// User is as in a Dockerfile: "name", "uid", "user:group"; empty is root.
	User string
	// Dir is made when missing; empty is "/".
	Dir string
	// TTY gives the process a terminal; its output then is one stream. Rows and
	// Cols are the terminal's first size, 0 for the kernel's default.
	TTY        bool
	Rows, Cols uint16
}

// Mount makes a host path (Source not empty) or an empty file system in memory
// visible at Target. Options are mount(8) options of a file system in memory.
type Mount struct {
	Source, Target string
	ReadOnly       bool
	Options        []string
	// Volume names the volume whose folder Source is, if it is one's.
	Volume string
}

// Device makes the host's device Source visible at Target. Access is made of r, w and m (mknod).
type Device struct{ Source, Target, Access string }

// DNS replaces parts of the host's resolv.conf(5); what is empty stays the host's.
type DNS struct{ Servers, Search, Options []string }

// Host is one name of /etc/hosts.
type Host struct {
	Name string
	Addr netip.Addr
}

// Limits bound a container; zero values set no bound.
type Limits struct {
	// Memory is in bytes; MemorySwap is memory plus swap, -1 without bound.
	Memory, MemorySwap int64
	// MemoryReservation is in bytes; it counts when memory is scarce. Swappiness is in percent.
	MemoryReservation int64
	Swappiness        *uint64
	// PIDs counts processes and threads; below 1 is without bound.
	PIDs int64
	// OOMScore is that of proc(5), oom_score_adj.
	OOMScore       int
	OOMKillDisable bool
	CPUShares      uint64
	// CPUQuota is the time in microseconds per CPUPeriod.
	CPUQuota     int64
	CPUPeriod    uint64
	CPUs, Mems   string // as in cpuset(7): "0-3", "0,1"
	SharedMemory int64  // bytes of /dev/shm; 0 is 64 MiB
	Rlimits      []Rlimit
}

// Rlimit is one limit of getrlimit(2), such as "nofile".
type Rlimit struct {
	Name       string
	Soft, Hard int64
}

// IO are a process' streams. A nil Stdin is /dev/null; nil outputs are thrown
// away. Stdin must return once the process has ended: whoever feeds it closes it.
type IO struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Container exists from its making until Remove. What its processes write stays
// until then, whether they run or not. Methods may be called concurrently.
type Container interface {
	// Start runs the container's own process and returns once it runs. The
	// error is a *StartError when the command cannot be run. Only one may run.
	Start(ctx context.Context, stdio IO) (Running, error)
	// Exec runs one more process beside the one that Start made, like Start.
	Exec(ctx context.Context, p Process, stdio IO) (Running, error)
	// Root is the host path of the root file system, without the container's
	// mounts; links inside it are the container's and must not be followed blindly.
	Root() string
	// Remove kills what still runs and deletes all that was written. It may be
	// called again.
	Remove(ctx context.Context) error
}

// Running is a process that was started.
type Running interface {
	// Pid is the process' number on the host.
	Pid() int
	// Wait returns the exit code once the process has ended and its output was
	// delivered, however slow its receiver: 128 plus the signal's number for a
	// killed one. It may be called again.
	Wait() (int, error)
	// Signal is a no-op when the process has ended.
	Signal(syscall.Signal) error
	// Resize sets the size of the terminal, if there is one.
	Resize(rows, cols uint16) error
}

// ChangeKind is what happened to a file.
type ChangeKind int

// The kinds of changes.
const (
	Modified ChangeKind = iota
	Added
	Deleted
)

// Change is a file of a container that its image has otherwise, or not at all. Path begins with a slash.
type Change struct {
	Path string
	Kind ChangeKind
}

// Differ is a Container that knows its image's files.
type Differ interface {
	// Changes compares, whether the container runs or not. Mounts do not count.
	Changes(ctx context.Context) ([]Change, error)
}

// Committer is a Container that can become an image.
type Committer interface {
	// Commit makes an image of the container's files as they are, under a name that only this runtime knows
	// and that Images does not list. Config's layers are those of the container's image; the new one is
	// added. Release frees the image, once no container of it is left.
	Commit(ctx context.Context, name string, config imagespec.DockerOCIImage) (_ Image, release func() error, _ error)
}

// SavedName is an image by its full reference in the store, and by that in an archive.
type SavedName struct{ Image, As string }

// Saver is a runtime that hands out images.
type Saver interface {
	// SaveImages writes a tar archive: an OCI layout with the manifest.json that docker load reads.
	SaveImages(ctx context.Context, w io.Writer, names []SavedName) error
}

// StartError says why a command could not be run.
type StartError struct {
	// Reason is the OCI runtime's own sentence.
	Reason string
}

// Error implements error.
func (e *StartError) Error() string { return "cannot start container process: " + e.Reason }

// StopWait is how long a container may take to end before it is killed, unless
// it says otherwise (Docker's default).
const StopWait = 10 * time.Second
