package version_test

import (
	"testing"

	"github.com/slipway-build/slipway/version"
)

func TestGoesBack(t *testing.T) {
	for _, test := range []struct {
		newer, older version.Version
		back         bool
	}{
		{"1.2-2", "1.2-1", false},
		{"1.2-1", "1.2-1", false},
		{"1.2-1", "1.10-1", true},
		{"1.7.2-2", "1.7.2-1-20240630", false}, // a new revision after weekly rebuilds
		{"3.3.2-3", "3.3.2-2-s4", false},
		{"0.26.1-2", "0.26.1-20240623", false},
		{"0.1.9-u1", "0.1.9-20250803", false},
		{"1.2", "1.2-20250803", true},
		{"1.2-20250727", "1.2-20250803", true},
		{"1.2-20250803-101500", "1.2-20250803", false},
		{"8.1.32-1-s1", "8.1.34-1-s6-20250323", true},
		{"0.102.0-1", "v0.100.0-1", false},
		{"v0.99-1", "v0.100-1", true},
		{"1.0", "1.0~rc1", false},
		{"1.0~rc1", "1.0", true},
		{"1.00", "1.0", false},
		{"1.2-1", "1.2-1-s3", true},
	} {
		if got := test.newer.GoesBack(test.older); got != test.back {
			t.Errorf("%s above %s goes back: %v, want %v", test.newer, test.older, got, test.back)
		}
	}
}
