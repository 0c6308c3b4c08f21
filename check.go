package slipway

import (
	"context"

	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/store"
)

// CheckOptions say how the store is verified.
type CheckOptions struct {
	// Read reads all content, and sets aside what is not what its digest says. Without it only lengths are looked at.
	Read bool
	// Progress, if not nil, is told how many bytes of how many were read, by several goroutines.
	Progress func(done, total int64)
}

// Soundness is what Check found out. As JSON it is what "slipway check" prints.
type Soundness struct {
	Images int           `json:"images"`
	Blobs  int           `json:"blobs"`
	Bytes  int64         `json:"bytes"` // that were read
	Faults []store.Fault `json:"faults"`
	// Unpacked are the folders of layers that builds and containers use.
	Unpacked embedded.SnapshotVerification `json:"unpacked"`
	// Killed tells that the last process which had the folder was killed, and left mounts, containers, and in memory
	// the secrets of their steps.
	Killed bool `json:"-"`
}

// Sound tells whether nothing is damaged.
func (v Soundness) Sound() bool { return len(v.Faults)+len(v.Unpacked.Faults) == 0 }

// Check looks at the blobs of all images of the store, and then at the layers that were unpacked from them. A
// running build is not disturbed. What is damaged is no error.
func (s *Session) Check(ctx context.Context, o CheckOptions) (v Soundness, err error) {
	root, err := s.Root()
	if err != nil {
		return v, err
	}
	if missing(root) {
		s.noteEmpty()
	}
	var read func(done, total int64)
	var compared func(done, total int)
	if o.Read {
		read, compared = func(int64, int64) {}, func(int, int) {}
		if o.Progress != nil {
			read = o.Progress
		}
	}
	blobs, err := localStore(root).Verify(ctx, read)
	if err != nil {
		return v, err
	}
	v.Images, v.Blobs, v.Bytes, v.Faults = blobs.Images, blobs.Blobs, blobs.Bytes, blobs.Faults
	v.Unpacked, err = embedded.VerifySnapshots(ctx, root, compared)
	v.Killed = embedded.Killed(root)
	return v, err
}
