package gitindex

import (
	"crypto/sha1"
	"crypto/sha256"
)

// hash is the hash function of a repository: of its objects' names, and of the checksum that ends an index.
// The checksum finds accidents only, so that SHA-1 does no harm.
type hash struct {
	size int
	sum  func([]byte) []byte
}

var hashes = map[string]hash{
	"sha1":   {sha1.Size, func(b []byte) []byte { s := sha1.Sum(b); return s[:] }},
	"sha256": {sha256.Size, func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }},
}
