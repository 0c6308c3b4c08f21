package plan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/inputs"
)

// TestParents: of several versions of one image each is compared with itself.
func TestParents(t *testing.T) {
	f, err := fleet.New("", nil)
	if err != nil {
		t.Fatal(err)
	}
	m := &maker{fleet: f}
	now := inputs.Parent{Name: "app", Ref: "r/app:1", Digest: "d"}
	old := inputs.Parent{Name: "app", Ref: "r/app:0", Written: "r/app:0", Digest: "d"}
	outside := inputs.Parent{Name: "x:1", Ref: "x:1", Digest: "d"}
	with := func(p inputs.Parent, ref, digest string) inputs.Parent {
		p.Ref, p.Digest = ref, digests.Config(digest)
		return p
	}
	for _, tt := range []struct {
		name          string
		before, after []inputs.Parent
		want          string
	}{
		{"nothing", []inputs.Parent{old, now, outside}, []inputs.Parent{now, old, outside}, ""},
		{"out of the fleet", []inputs.Parent{now}, []inputs.Parent{{Name: "app", Ref: "r/app:1", Written: "r/app:1", Digest: "d"}}, ""},
		{"one of two", []inputs.Parent{old, now}, []inputs.Parent{old, with(now, "r/app:2", "d")}, "parent app 1 → 2"},
		{"built again", []inputs.Parent{old, now}, []inputs.Parent{old, with(now, now.Ref, "e")}, "parent app 1 was built again"},
		{"the other one changed", []inputs.Parent{old, now}, []inputs.Parent{with(old, old.Ref, "e"), now}, "image r/app:0 changed"},
		{"one more", []inputs.Parent{now}, []inputs.Parent{old, now}, "now made from r/app:0"},
		{"one less", []inputs.Parent{old, now, outside}, []inputs.Parent{now}, "now made without r/app:0; now made without x:1"},
		{"elsewhere", []inputs.Parent{outside}, []inputs.Parent{with(outside, outside.Ref, "e")}, "image x:1 changed"},
	} {
		var texts []string
		for _, r := range m.changedParents(tt.before, tt.after, nil) {
			texts = append(texts, r.Text())
		}
		if diff := cmp.Diff(tt.want, strings.Join(texts, "; ")); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.name, diff)
		}
	}
}
