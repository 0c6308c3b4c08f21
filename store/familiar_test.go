package store

import (
	"testing"

	"github.com/distribution/reference"
)

// TestFamiliar holds the short way to the library's.
func TestFamiliar(t *testing.T) {
	for _, written := range []string{
		"base:1.0", "team/app:2", "registry.example/app:1", "registry.example:5000/a/b/c:1.0-1_x", "localhost/x:y", "127.0.0.1:5000/x:1",
		"docker.io/library/base:1", "docker.io/team/app:1", "base", "registry.example:5000/app",
		"app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "docker.io/library/a/b:1", "library:1",
		"app:1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	} {
		named, err := reference.ParseNormalizedNamed(written)
		if err != nil {
			t.Fatal(err)
		}
		wantTag := ""
		if tagged, ok := named.(reference.Tagged); ok {
			wantTag = tagged.Tag()
		}
		if short, tag := familiar(named.String()); short != reference.FamiliarName(named) || tag != wantTag {
			t.Errorf("%s: %q %q, want %q %q", named, short, tag, reference.FamiliarName(named), wantTag)
		}
	}
}
