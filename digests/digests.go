// Package digests keeps apart what digests are of: two that are of other things are never compared. All are
// written as in OCI's image-spec, sha256:…; an empty one is not known, or of nothing.
package digests

import "strings"

// Manifest is the digest of an image's manifest, or of its index: what a registry's tag names.
type Manifest string

// Short is what people compare: the first twelve hex digits.
func (m Manifest) Short() string {
	_, hex, ok := strings.Cut(string(m), ":")
	if !ok || len(hex) < 12 {
		return string(m)
	}
	return hex[:12]
}

// Config is the digest of an image's configuration. It says which layers the image has, and so stands for its
// content, whatever the manifest says beside it.
type Config string

// Inputs is the digest of what an image is made from, behind the number of the rules that made it: 2:sha256:…
// Those of the first rules have no number.
type Inputs string
