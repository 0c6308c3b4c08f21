package fleet_test

import (
	"math/rand/v2"
	"os/exec"
	"testing"

	"github.com/slipway-build/slipway/fleet"
)

func TestCompareVersions(t *testing.T) {
	ascending := []string{"0~", "0", "0.0~1", "0.0", "0.1", "0.9", "0.10", "1", "1-0.1", "1-1", "1-s1", "1-s2", "1-s10", "1a", "1+", "v1", "v2", "1:0"}
	for i, a := range ascending {
		for j, b := range ascending {
			got, want := fleet.CompareVersions(a, b), i-j
			if a == "0" && b == "0.0" || a == "0.0" && b == "0" {
				continue // in the list for the neighbours
			}
			if got < 0 != (want < 0) || got > 0 != (want > 0) {
				t.Errorf("CompareVersions(%q, %q) = %d", a, b, got)
			}
		}
	}
	for _, equal := range [][2]string{{"1.0", "1.00"}, {"0:1", "1"}, {"1-0", "1"}, {"", "0"}, {"007", "7"}} {
		if got := fleet.CompareVersions(equal[0], equal[1]); got != 0 {
			t.Errorf("CompareVersions(%q, %q) = %d", equal[0], equal[1], got)
		}
	}
}

// TestCompareVersionsIsDpkgs compares with dpkg --compare-versions.
func TestCompareVersionsIsDpkgs(t *testing.T) {
	dpkg := oracle(t, "/usr/bin/dpkg")
	r := rand.New(rand.NewPCG(3, 4))
	for range 400 {
		a, b := "0"+random(r, "0019a~+.-", 6)+"0", "0"+random(r, "0019a~+.-", 6)+"0"
		want := 0
		if exec.Command(dpkg, "--compare-versions", a, "lt", b).Run() == nil {
			want = -1
		} else if exec.Command(dpkg, "--compare-versions", a, "gt", b).Run() == nil {
			want = 1
		}
		if got := fleet.CompareVersions(a, b); got != want {
			t.Errorf("CompareVersions(%q, %q) = %d, dpkg says %d", a, b, got, want)
		}
	}
}
