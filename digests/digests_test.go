package digests_test

import (
	"testing"

	"github.com/slipway-build/slipway/digests"
)

func TestShort(t *testing.T) {
	for in, want := range map[digests.Manifest]string{
		"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef": "0123456789ab",
		"sha256:short": "sha256:short", "": "", "0123456789abcdef": "0123456789abcdef",
	} {
		if got := in.Short(); got != want {
			t.Errorf("%s is %q, want %q", in, got, want)
		}
	}
}
