package version_test

import (
	"strings"
	"testing"

	"github.com/slipway-build/slipway/version"
)

func TestNext(t *testing.T) {
	for _, test := range []struct{ v, id, want string }{
		// docker-pkg's own domain
		{"1.2.3", "s", "1.2.3-s1"},
		{"1.2.3-s1", "s", "1.2.3-s2"},
		{"1.2.3-s9", "s", "1.2.3-s10"},
		{"1.2.3-s09", "s", "1.2.3-s10"},
		{"1.2.3-4", "s", "1.2.3-4-s1"},
		{"1.2.3-4-s1", "s", "1.2.3-4-s2"},
		{"1.2.3-20260101", "s", "1.2.3-20260101-s1"},
		{"1.2.3", "", "1.2.3-1"},
		{"1.2.3-1", "", "1.2.3-2"},
		{"1-2-3", "", "1-2-4"},
		{"1.2-12", "1", "1.2-13"},
		{"1.2-2", "1", "1.2-2-11"},
		{"1.2-s99999999999999999999", "s", "1.2-s100000000000000000000"},
		// beyond it
		{"v20220915-3", "s", "v20220915-3-s1"},
		{"v20220915-3-s1", "s", "v20220915-3-s2"},
		{"gfx90a-1", "s", "gfx90a-1-s1"},
		{"1:2.0~rc1+b1", "s", "1:2.0~rc1+b1-s1"},
		{"1.2.3-x1", "s", "1.2.3-x1-s1"},
		{"1.2.3-s", "s", "1.2.3-s-s1"},
		{"s", "s", "s-s1"},
	} {
		if got, err := version.Updates(test.id).Next(version.Version(test.v)); string(got) != test.want || err != nil {
			t.Errorf("Next(%q, %q) = %q, %v; want %q", test.v, test.id, got, err, test.want)
		}
	}
	for _, test := range []struct{ v, id string }{{"", "s"}, {"1_2", "s"}, {"1 2", "s"}, {"x:1", "s"}, {"1.2", "_"}, {"1.2", ":"}} {
		got, err := version.Updates(test.id).Next(version.Version(test.v))
		if err == nil || !strings.Contains(err.Error(), "\nhint: ") || !strings.Contains(err.Error(), "--version") {
			t.Errorf("Next(%q, %q) = %q, %v; want an error that names --version", test.v, test.id, got, err)
		}
	}
}

func TestValid(t *testing.T) {
	for v, want := range map[string]bool{
		"1": true, "1.2.3-s1": true, "v1": true, "gfx90a": true, "1:1": true, "1:1:1": true, "-": true,
		"": false, "a:1": false, "1:": false, ":1": false, "1_1": false, "1 1": false, "ü": false, "1/1": false,
	} {
		if got := version.Version(v).Valid(); got != want {
			t.Errorf("Valid(%q) = %v", v, got)
		}
	}
}
