// Package embedded runs BuildKit and containerd's image store inside this process.
//
// An engine owns one folder, its root: content, snapshots, image names and the
// build cache. Exactly one process holds a root at a time; others wait for it
// (Start with a Wait callback) or talk to it over the socket in the root
// (attach). The OCI runtime is the runc found on PATH.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/moby/buildkit/client"

	"github.com/slipway-build/slipway/problem"
)

// namespace is containerd's name space that BuildKit's own parts are bound to.
const namespace = "buildkit"

// errUnsupported is what every entry point returns on systems without an
// embedded engine (all but Linux).
var errUnsupported = errors.New("the embedded engine needs Linux")

// ErrNotRunning is what attach returns when no process holds the root.
var ErrNotRunning = errors.New("no slipway process holds this engine root")

// Options say where an engine lives and how it tells what it does.
type Options struct {
	// Root is the engine's folder; it is made when missing, readable by its owner only.
	Root string
	// Log gets BuildKit's own log lines; nil discards them.
	Log io.Writer
	// Debug raises the level of Log from warnings to everything.
	Debug bool
	// Hosts says how registries are reached for images that Dockerfiles name; nil is anonymously.
	Hosts docker.RegistryHosts
	// Transport fetches what ADD names by http and https; nil is Go's own.
	Transport http.RoundTripper
	// Proxies are variables (http_proxy, no_proxy and their kin) for the git that fetches what ADD names. They
	// are variables of this process while the engine runs.
	Proxies map[string]string
	// Names opens what keeps the images' names, on top of containerd's database and blobs that lie in
	// folder. Nil is the database alone.
	Names func(ctx context.Context, folder string, db images.Store, blobs content.Store) (NameStore, error)
	// NamesFile is what Names keeps in the folder. While it is not there, names are in the database alone.
	NamesFile string
	// Warn is told what a person should know, with hints; nil is the log.
	Warn func(text string)
	// Beside does not wait for another engine of this process to end. Then each may mount for a moment below the
	// other's root, so that neither may be started again before both have ended: it is for tests that play
	// several machines.
	Beside bool
	// Wait is called once when another process holds the root, with what is
	// known of it. Nil makes Start fail at once with *BusyError instead.
	Wait func(Holder)
}

// NameStore keeps the images' names.
type NameStore interface {
	images.Store
	// Collecting calls f, a garbage collection, while no name is being changed.
	Collecting(f func() error) error
	// Close is called when the engine has stopped.
	Close() error
}

// Holder names the process that holds an engine root.
type Holder struct {
	PID     int       `json:"pid"`
	Command string    `json:"command"`
	Since   time.Time `json:"since"`
}

// String names the holder as a person would look it up.
func (h Holder) String() string {
	if h.PID == 0 {
		return "another slipway process"
	}
	return fmt.Sprintf("slipway (pid %d, %s)", h.PID, h.Command)
}

// BusyError says that another process holds the root.
type BusyError struct {
	Root   string
	Holder Holder
}

// Error implements error.
func (e *BusyError) Error() string {
	return "cannot open engine root " + e.Root + ": " + e.Holder.String() + " is using it"
}

// SnapshotVerification is what VerifySnapshots found out.
type SnapshotVerification struct {
	Snapshots int `json:"snapshots"`
	// InUse says that nothing was looked at, because a running process holds the databases.
	InUse bool `json:"in_use"`
	// Aside says that the next process begins without any of them.
	Aside  bool            `json:"aside"`
	Faults []SnapshotFault `json:"faults"`
}

// SnapshotFault is an unpacked layer that is not what it was.
type SnapshotFault struct {
	// Folder is where the layer lies.
	Folder string `json:"folder"`
	// Layer is the digest of the blob with the same content; empty if there is none.
	Layer string `json:"layer,omitempty"`
	// Problem says what the first difference is.
	Problem string `json:"problem"`
}

// Services are the connections to a running engine, the same whether it is in
// this process or behind the socket of another one.
type Services struct {
	BuildKit *client.Client
	Images   images.Store
	Content  content.Store
}

// maxSocketPath is what fits into a socket's address (unix(7)), without the end mark.
const maxSocketPath = 107

// realRoot is the folder without symbolic links: the kernel's list of mounts has
// none either. A folder that does not exist is returned as it is.
func realRoot(root string) (string, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return "", fmt.Errorf("cannot find engine root: %w", err)
	}
	if real, err := filepath.EvalSymlinks(root); err == nil {
		root = real
	}
	if len(socketPath(root)) > maxSocketPath {
		return "", problem.With(fmt.Errorf("cannot use engine root %s: its path is too long for a socket in it", root), "choose one of less than 90 bytes with --root")
	}
	return root, nil
}

func socketPath(root string) string { return filepath.Join(root, "slipway.sock") }

// DockerSocket is where the process that holds root may answer Docker's API.
func DockerSocket(root string) string { return filepath.Join(root, "docker.sock") }

func lockPath(root string) string { return filepath.Join(root, "lock") }
func metaPath(root string) string { return filepath.Join(Folder(root), "containerdmeta.db") }

// Folder is where the engine under root keeps its databases, blobs and snapshots.
func Folder(root string) string { return filepath.Join(root, "engine") }

// Exists tells whether an engine has ever been started under root, or something there cannot be looked at.
func Exists(root string) bool {
	_, err := os.Stat(Folder(root))
	return !errors.Is(err, fs.ErrNotExist)
}

// BlobFolder is the folder of containerd's local content store in Folder.
func BlobFolder(root string) string { return filepath.Join(Folder(root), "content") }

// TempDir is the folder for short-lived files below root. It is emptied when an
// engine starts, so nothing outlives a killed run.
func TempDir(root string) string { return filepath.Join(root, "tmp") }
