// Package publishing has what a run and a registry say to each other of images that are published.
package publishing

import (
	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
)

// Progress is told how many bytes of blobs are at their goal, and of how many. It returns at once.
type Progress func(done, total int64)

// Publication is an image that is to be published.
type Publication struct {
	Image *fleet.Image
	// Digest is that of the manifest; when the store has another under the name, nothing is sent.
	// Empty is what it has from an earlier run.
	Digest digests.Manifest
	// There is the digest of what the registry has under the name already, if any: it stays, and only
	// further tags are made, unless Replace allows it, and what else may be there by now, to be replaced.
	There   digests.Manifest
	Replace bool
	// Siblings are the references of images that may have the same layers.
	Siblings []string
	// Basis are the images of the fleet that it is made from, with the digests of the manifests that
	// the registry has of them, and must have when this one is sent.
	Basis    map[string]digests.Manifest
	Progress Progress
}

// Published is what publishing an image did.
type Published struct {
	Digest digests.Manifest // of the manifest that the image's reference names now
	Was    digests.Manifest // what it was in the store: publishing may change what the manifest says of its base
	Moved  []string         // the references that were made or moved
	Bytes  int64            // that were sent
	Note   string           // something for a person to know
}
