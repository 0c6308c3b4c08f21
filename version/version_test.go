package version_test

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"github.com/slipway-build/slipway/version"
)

func TestCompare(t *testing.T) {
	ascending := []version.Version{"0~", "0", "0.0~1", "0.0", "0.1", "0.9", "0.10", "1", "1-0.1", "1-1", "1-s1", "1-s2", "1-s10", "1a", "1+", "v1", "v2", "1:0"}
	for i, a := range ascending {
		for j, b := range ascending {
			got, want := a.Compare(b), i-j
			if a == "0" && b == "0.0" || a == "0.0" && b == "0" {
				continue // in the list for the neighbours
			}
			if got < 0 != (want < 0) || got > 0 != (want > 0) {
				t.Errorf("Compare(%q, %q) = %d", a, b, got)
			}
		}
	}
	for _, equal := range [][2]version.Version{{"1.0", "1.00"}, {"0:1", "1"}, {"1-0", "1"}, {"", "0"}, {"007", "7"}} {
		if got := equal[0].Compare(equal[1]); got != 0 {
			t.Errorf("Compare(%q, %q) = %d", equal[0], equal[1], got)
		}
	}
}

// TestCompareIsDpkgs compares with dpkg --compare-versions.
func TestCompareIsDpkgs(t *testing.T) {
	dpkg, err := exec.LookPath("dpkg")
	if err != nil && os.Getenv("CI") != "" {
		t.Fatal("CI must have dpkg")
	} else if err != nil {
		t.Skip("dpkg is not installed: nothing to compare with")
	}
	r := rand.New(rand.NewPCG(3, 4))
	random := func(alphabet string, most int) string {
		b := make([]byte, r.IntN(most+1))
		for i := range b {
			b[i] = alphabet[r.IntN(len(alphabet))]
		}
		return string(b)
	}
	for range 400 {
		a, b := "0"+random("0019a~+.-", 6)+"0", "0"+random("0019a~+.-", 6)+"0"
		want := 0
		if exec.Command(dpkg, "--compare-versions", a, "lt", b).Run() == nil {
			want = -1
		} else if exec.Command(dpkg, "--compare-versions", a, "gt", b).Run() == nil {
			want = 1
		}
		if got := version.Version(a).Compare(version.Version(b)); got != want {
			t.Errorf("Compare(%q, %q) = %d, dpkg says %d", a, b, got, want)
		}
	}
}

func TestUpdates(t *testing.T) {
	const u = version.Updates("s")
	ascending := []version.Version{"1.2", "1.2-s1", "1.2-s2", "1.2-s10", "1.2-1", "1.2-1-s1", "1.2-2", "1.3"}
	for i, a := range ascending {
		for j, b := range ascending {
			if got := u.Compare(a, b); got < 0 != (i < j) || got > 0 != (i > j) {
				t.Errorf("Compare(%q, %q) = %d", a, b, got)
			}
		}
	}
	for _, tt := range []struct {
		version, of version.Version
		update      int
	}{{"1.2-s4", "1.2", 4}, {"1.2", "1.2", 0}, {"1.2-s", "1.2-s", 0}, {"1.2-s1a", "1.2-s1a", 0}, {"-s1", "-s1", 0}, {"1-s1-s2", "1-s1", 2}} {
		if of, n := u.Cut(tt.version); of != tt.of || n != tt.update {
			t.Errorf("Cut(%q) = %q, %d", tt.version, of, n)
		}
	}
	if of, n := version.Updates("").Cut("1.2-4"); of != "1.2-4" || n != 0 {
		t.Errorf("without letters: %q, %d", of, n)
	}
	for _, tt := range []struct {
		tag          string
		own, version version.Version
		ok           bool
	}{
		{"1.3", "1.2", "1.3", true}, {"v1.3", "v1.2", "v1.3", true}, {"v1.3", "1.2", "v1.3", false}, {"1.3-alpine", "1.2", "1.3-alpine", false},
		{"1.3-bookworm2", "1.2-bookworm1", "1.3-bookworm2", true}, {"1.3-s4", "1.2", "1.3-s4", true}, {"1.3-20260131", "1.2", "1.3", true},
		{"20260131", "1.2", "", false}, {"20260131", "20260101", "20260131", true}, {"latest", "1.2", "latest", false},
	} {
		if v, ok := u.In(tt.tag, tt.own); v != tt.version || ok != tt.ok {
			t.Errorf("In(%q, %q) = %q, %t", tt.tag, tt.own, v, ok)
		}
	}
}
