package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/plan"
)

// newMore makes a harbour in which app gets tool by an ONBUILD instruction of base, and has lib under a
// further tag. List entries, if they are some, have tags that move.
func newMore(t *testing.T, listed bool) *harbour {
	h := newHarbour(t, "tool:1", "base:1", "lib:1", "app:1 needs base tool lib")
	app := h.image("app")
	for i := range app.Depends {
		switch d := &app.Depends[i]; d.Name {
		case "tool":
			*d = fleet.Dependency{Name: d.Name, Image: d.Image, OnBuild: true}
		case "lib":
			*d = fleet.Dependency{Name: d.Name, Image: d.Image, Aliased: true}
		}
	}
	now := h.facts.Inputs[app]
	now.Aliased = true
	h.facts.Inputs[app] = now
	app.Aliases = []fleet.Alias{{Ref: "registry.example:5000/ns/lib", Image: h.image("lib")}}
	if listed {
		app.Moving = true
	}
	return h
}

// noted is what the first Slipways noted that an image is made from, with what they knew of the image under
// the further tag.
func (h *harbour) noted(name, alias string, find func(ref string) digests.Config) digests.Inputs {
	img := h.image(name)
	var parents []inputs.Parent
	for _, parent := range img.MadeFrom(find) {
		if parent.Of != "" {
			parent.Of, parent.Digest = "", digests.Config(alias)
		}
		if !parent.OnBuild {
			parents = append(parents, parent)
		}
	}
	return h.facts.Inputs[img].By(inputs.Mark{Inputs: "sha256:old"})[0].On(parents).Digest()
}

// TestMoreParents: what comes by ONBUILD or under a further tag counts, and is no edit of the image.
func TestMoreParents(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(h *harbour)
		want string // the line of app
	}{
		{"nothing", func(*harbour) {}, "app: up to date: built; it has no test"},
		{"the tool is to be built", func(h *harbour) { content(h, "tool") }, "app: build: parent tool 1 is to be built"},
		{"the library is to be built", func(h *harbour) { content(h, "lib") }, "app: build: parent lib 1 is to be built"},
		{"both were built", func(h *harbour) {
			for _, name := range []string{"tool", "lib"} {
				content(h, name)
				h.carryOut(h.plan(plan.Options{Select: name + ":*"}))
			}
		}, "app: build: parent lib 1 was built again; parent tool 1 was built again"},
		{"the tool has another version", func(h *harbour) {
			h.bump("tool")
			h.carryOut(h.plan(plan.Options{Select: "tool:*"}))
		},
			"app: build: parent tool 1 → 2"},
		{"the ONBUILD is gone", func(h *harbour) { h.image("app").Depends[2].OnBuild = false }, "app: build: now made without tool"},
		{"an older Slipway built it", func(h *harbour) { h.note("app", "") }, "app: up to date: built; it has no test"},
		{"an older Slipway built it on the library", func(h *harbour) { h.note("app", "sha256:00000002") }, "app: up to date: built; it has no test"},
		{"an older Slipway built it on something else", func(h *harbour) { h.note("app", "sha256:99") },
			"app: error: fleet/app/changelog:0: cannot build app 1 again: its content changed, its version did not: its content changed; what exactly is not known, because the state has no record of that build"},
		{"an older Slipway built it, and the tool is to be built", func(h *harbour) { h.note("app", "sha256:00000002"); content(h, "tool") },
			"app: build: parent tool 1 is to be built"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newMore(t, false)
			h.facts.Published = nil
			h.facts.Tests = map[*fleet.Image]string{}
			h.carryOut(h.plan(plan.Options{}))
			tt.edit(h)
			strict := !strings.Contains(tt.name, "to be built") // else the edit of the other image is an error
			lines := text(h.plan(plan.Options{Strict: strict}))
			got, _, _ := strings.Cut(lines[len(lines)-1], "\n")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// note lets the store have an image as the first Slipways noted it.
func (h *harbour) note(name, alias string) {
	img := h.image(name)
	image := h.facts.Images[img.Ref]
	image.Inputs = h.noted(name, alias, func(ref string) digests.Config { return h.facts.Images[ref].ID })
	h.facts.Images[img.Ref] = image
	delete(h.past, name)
}

// TestMoreParentsPublished: what the first Slipways published stays, also of the list; but not when
// something else than was built on is published.
func TestMoreParentsPublished(t *testing.T) {
	for _, listed := range []bool{false, true} {
		for _, alias := range []string{"", "the library's", "another"} {
			h := newMore(t, listed)
			h.old = true
			h.carryOut(h.make(plan.Options{}))
			img := h.image("app")
			pub, id := h.facts.Published[img.Ref], alias
			if alias == "the library's" {
				id = string(h.facts.Published[h.image("lib").Ref].ID)
			}
			pub.Mark.Inputs = h.noted("app", id, func(ref string) digests.Config { return digests.Config(string(h.facts.Published[ref].ID)) })
			h.facts.Published[img.Ref] = pub
			h.otherMachine()
			lines := text(h.make(plan.Options{}))
			want := "app: published: published"
			switch {
			case listed && alias == "another":
				want = "app: build: never built"
			case alias == "another":
				want = "app: published: published; what it is made from is another at the registry now"
			}
			if got := lines[len(lines)-1]; !strings.HasPrefix(got, want) || strings.HasPrefix(want, "app: published") && got != want {
				t.Errorf("listed %v, built on %q:\n%s", listed, alias, got)
			}
		}
	}
}
