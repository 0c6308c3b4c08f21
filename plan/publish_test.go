package plan_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/version"
)

// harbour is a shop with a registry. Two builds never give the same bits.
type harbour struct {
	*shop
	builds int
}

func newHarbour(t testing.TB, lines ...string) *harbour {
	h := &harbour{shop: newShop(t, lines...)}
	h.facts.Published, h.facts.Seen = map[string]plan.PublishedImage{}, map[string]digests.Manifest{}
	return h
}

// otherMachine has the same definitions and the same registry, and nothing else.
func (h *harbour) otherMachine() {
	h.facts.Images, h.past, h.facts.Seen = map[string]plan.StoredImage{}, map[string]plan.Past{}, map[string]digests.Manifest{}
}

func (h *harbour) make(o plan.Options) *plan.Plan {
	o.Publish = true
	return h.plan(o)
}

// carryOut does what a plan says, and returns what was built, fetched and published. For each image
// that was built it notes what it was built on.
func (h *harbour) carryOut(p *plan.Plan) (done []string) {
	for _, s := range p.Steps {
		img := s.Image
		switch s.Action {
		case plan.Pull:
			pub := h.facts.Published[img.Ref]
			h.facts.Images[img.Ref] = plan.StoredImage{ID: pub.ID, Manifest: pub.Digest, Tested: true, Inputs: pub.Mark.Inputs, Followed: pub.Mark.Followed}
			done = append(done, "fetched "+img.Name)
		case plan.Build:
			h.builds++
			parts := h.parts(img)
			id := fmt.Sprintf("sha256:%08d", h.builds)
			image := stored(id, parts)
			image.Manifest = digests.Manifest("m" + id)
			h.facts.Images[img.Ref] = image
			h.past[img.Name] = plan.Past{Tag: img.Tag, Parts: parts, Before: map[string]string{"a": "100644 1"}, After: map[string]string{"a": "100644 2"}}
			done = append(done, "built "+img.Name)
		}
		if s.Publish {
			stored := h.facts.Images[img.Ref]
			pub := plan.PublishedImage{Digest: stored.Manifest, ID: stored.ID, Mark: stored.Mark()}
			pub.Mark.Definition = h.parts(img).Definition()
			if used := img.Used(); len(used) > 0 {
				pub.Base, pub.BaseDigest = used[0].Ref, h.facts.Images[used[0].Ref].Manifest
			}
			h.facts.Published[img.Ref], h.facts.Seen[img.Ref] = pub, pub.Digest
			done = append(done, "published "+img.Name)
		}
	}
	return done
}

// bump gives an image a new version.
func (h *harbour) bump(name string) {
	img := h.image(name)
	var n int
	fmt.Sscan(string(img.Version), &n)
	tag := fmt.Sprint(n + 1)
	img.Ref = strings.TrimSuffix(img.Ref, img.Tag) + tag
	img.Version, img.Tag = version.Version(tag), tag
}

func content(h *harbour, name string) {
	h.edit(name, func(p *inputs.Parts) { p.Files += "x" })
}

// unreadable makes the registry refuse to tell of an image.
func unreadable(h *harbour, name string) {
	ref := h.image(name).Ref
	delete(h.facts.Published, ref)
	delete(h.facts.Seen, ref)
	h.facts.Unreadable = map[string]bool{ref: true}
}

// Only force sets a tag that may not be read, whatever stands there.
func TestUnreadableIsReplaced(t *testing.T) {
	for force, o := range map[bool]plan.Options{false: {}, true: {Select: "app:*", Replace: true, Force: func(*fleet.Image) bool { return true }}} {
		h := newHarbour(t, "lib:1", "app:1 needs lib")
		h.carryOut(h.make(plan.Options{}))
		unreadable(h, "app")
		if s := h.make(o).Find("app"); !s.Publish || s.Replace != force {
			t.Errorf("force %v: publish %v, replace %v", force, s.Publish, s.Replace)
		}
	}
}

func TestPublishing(t *testing.T) {
	const entry = "published 1 has other content: add a changelog entry (`slipway update app --reason TEXT`)"
	for _, tt := range []struct {
		name    string
		edit    func(h *harbour)
		options plan.Options
		want    string // the lines of lib and app
	}{
		{"nothing", func(*harbour) {}, plan.Options{}, "lib: published: published|app: published: published"},
		{"another machine", (*harbour).otherMachine, plan.Options{}, "lib: published: published|app: published: published"},
		{"content", func(h *harbour) { content(h, "app") }, plan.Options{},
			"lib: published: published|app: error: files changed: a; " + entry},
		{"content, seen from another machine", func(h *harbour) { h.otherMachine(); content(h, "app") }, plan.Options{},
			"lib: published: published|app: error: " + entry},
		{"content of the parent, seen from another machine", func(h *harbour) { h.otherMachine(); content(h, "lib") }, plan.Options{},
			"lib: error: " + strings.Replace(entry, "update app", "update lib", 1) + "|app: published: published"},
		{"content, versions are trusted", func(h *harbour) { content(h, "app") }, plan.Options{TrustVersions: true},
			"lib: published: published|app: published: published"},
		{"content, forced", func(h *harbour) { content(h, "app") },
			plan.Options{Select: "app:*", Replace: true, Force: func(*fleet.Image) bool { return true }},
			"lib: published: published; needed by app|app: build+publish: files changed: a; built 1 has other content now: the version says nothing of it (`slipway update app` adds a changelog entry); requested; the registry has another image under this tag, which is replaced"},
		{"content, forced, which an interrupted run has built", func(h *harbour) {
			content(h, "app")
			stored := h.facts.Images[h.image("app").Ref]
			stored.Inputs = h.parts(h.image("app")).Digest()
			h.facts.Images[h.image("app").Ref] = stored
		}, plan.Options{Select: "app:*", Replace: true, Force: func(*fleet.Image) bool { return false }},
			"lib: skip: not selected|app: publish: built and tested; the registry has another image under this tag, which is replaced"},
		{"a new version", func(h *harbour) { h.otherMachine(); content(h, "app"); h.bump("app") }, plan.Options{},
			"lib: pull: published; needed by app|app: build+publish: never built"},
		{"a new version, the parent is here", func(h *harbour) { h.bump("app") }, plan.Options{},
			"lib: published: published|app: build+publish: version 1 → 2 (changelog)"},
		{"a new version, nothing is fetched", func(h *harbour) { h.otherMachine(); h.bump("app") }, plan.Options{NoPull: true},
			"lib: build: never built|app: build: never built; not published: what it is made from, lib 1, is not here as it is published (--no-pull)"},
		{"nothing is fetched, and nothing changed", (*harbour).otherMachine, plan.Options{NoPull: true},
			"lib: published: published|app: published: published"},
		{"nothing is fetched, and what is here is published", func(h *harbour) { h.bump("app") }, plan.Options{NoPull: true},
			"lib: published: published|app: build+publish: version 1 → 2 (changelog)"},
		{"nothing is fetched, and the parent here is another", func(h *harbour) {
			h.bump("app")
			h.facts.Images[h.image("lib").Ref] = plan.StoredImage{ID: "sha256:own", Manifest: "m:own", Tested: true, Inputs: "sha256:?"}
		}, plan.Options{NoPull: true},
			"lib: published: published|app: build: version 1 → 2 (changelog); not published: what it is made from, lib 1, is not here as it is published (--no-pull)"},
		{"another machine, a parent's new version", func(h *harbour) { h.otherMachine(); h.bump("lib") }, plan.Options{},
			"lib: build+publish: never built|app: error: parent lib 1 → 2; " + entry},
		{"a parent's new version", func(h *harbour) { h.bump("lib") }, plan.Options{},
			"lib: build+publish: version 1 → 2 (changelog)|app: error: parent lib 1 → 2; " + entry},
		{"the parent was replaced by others", func(h *harbour) {
			ref := h.image("lib").Ref
			pub := h.facts.Published[ref]
			pub.Digest, pub.ID = "m:fedcba9876543210", "sha256:other"
			h.facts.Published[ref] = pub
		}, plan.Options{}, "lib: published: published; its tag was moved by others: 00000002 → fedcba987654|app: published: published; parent lib 1 is another at the registry now"},
		{"replaced by what nobody knows", func(h *harbour) {
			h.facts.Published[h.image("app").Ref] = plan.PublishedImage{Digest: "m:fedcba9876543210", ID: "sha256:other"}
		}, plan.Options{}, "lib: published: published|app: error: its tag was moved by others: 00000003 → fedcba987654; " + entry},
		{"published by another tool", func(h *harbour) {
			h.otherMachine()
			content(h, "app")
			h.facts.Published[h.image("app").Ref] = plan.PublishedImage{Digest: "m:1", ID: "sha256:1"}
		}, plan.Options{}, "lib: published: published|app: published: published"},
		{"vanished", func(h *harbour) { delete(h.facts.Published, h.image("app").Ref) }, plan.Options{},
			"lib: published: published|app: publish: built and tested; 1 was published, but is no longer at the registry"},
		{"vanished, and gone from the store", func(h *harbour) {
			delete(h.facts.Published, h.image("app").Ref)
			delete(h.facts.Images, h.image("app").Ref)
		}, plan.Options{}, "lib: published: published|app: build+publish: 1 was built, but is no longer in the store; 1 was published, but is no longer at the registry"},
		{"unreadable", func(h *harbour) { unreadable(h, "app") }, plan.Options{},
			"lib: published: published|app: publish: built and tested; not readable: absent, or not ours"},
		{"unreadable, seen from another machine", func(h *harbour) { h.otherMachine(); unreadable(h, "app") }, plan.Options{},
			"lib: pull: published; needed by app|app: build+publish: never built; not readable: absent, or not ours"},
		{"the parent vanished: the child stays", func(h *harbour) { h.otherMachine(); delete(h.facts.Published, h.image("lib").Ref) }, plan.Options{},
			"lib: build+publish: never built|app: published: published"},
		{"only the child is selected, neither is published", func(h *harbour) {
			delete(h.facts.Published, h.image("app").Ref)
			delete(h.facts.Published, h.image("lib").Ref)
			h.facts.Seen = nil
		}, plan.Options{Select: "app:*"}, "lib: publish: built and tested; not published; needed by app|app: publish: built and tested; not published"},
		{"the parent cannot be published", func(h *harbour) {
			delete(h.facts.Published, h.image("app").Ref)
			delete(h.facts.Published, h.image("lib").Ref)
			h.image("lib").Err = errors.New("fleet/lib/control:1: cannot read it")
		}, plan.Options{}, "lib: error: fleet/lib/control:1: cannot read it|app: blocked: blocked by lib, which has an error"},
		{"nightly builds are not compared", func(h *harbour) { app := h.image("app"); app.Version = "0"; content(h, "app") }, plan.Options{},
			"lib: published: published|app: published: published"},
	} {
		for _, old := range []bool{false, true} {
			t.Run(fmt.Sprint(tt.name, ", first rules ", old), func(t *testing.T) {
				h := newHarbour(t, "base:1", "lib:1 needs base", "app:1 needs lib")
				h.old = old
				h.carryOut(h.make(plan.Options{}))
				tt.edit(h)
				var got []string
				p := h.make(tt.options)
				for i, line := range text(p) {
					if s := p.Steps[i]; s.Publish && s.Action != plan.Publish {
						line = strings.Replace(line, string(s.Action), string(s.Action)+"+publish", 1)
					}
					got = append(got, line)
				}
				if diff := cmp.Diff(strings.Split(tt.want, "|"), got[1:]); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			})
		}
	}
}

// The tags of a list stand for no content: what others have put there is replaced.
func TestListedTagsMove(t *testing.T) {
	h := newHarbour(t, "app:1")
	img := h.image("app")
	img.Moving = true
	h.facts.Published[img.Ref] = plan.PublishedImage{Digest: "m:1", ID: "sha256:1"}
	p := h.make(plan.Options{})
	const want = "app: build: never built; the registry has another image under this tag, which is replaced"
	if got := text(p)[0]; got != want || !p.Steps[0].Publish || !p.Steps[0].Replace {
		t.Errorf("%s", got)
	}
	if got := text(h.make(plan.Options{TrustVersions: true}))[0]; got != "app: published: published" {
		t.Errorf("trusted: %s", got)
	}
}

// What an image copies from, beside its base, is noticed by the digest of its inputs.
func TestCopiedFromAnother(t *testing.T) {
	h := newHarbour(t, "base:1", "tool:1", "app:1 needs base tool", "list:1 needs base tool")
	h.image("list").Moving = true
	h.carryOut(h.make(plan.Options{}))
	h.carryOut(h.make(plan.Options{Select: "tool:*", Replace: true, Force: func(*fleet.Image) bool { return true }}))
	p := h.make(plan.Options{})
	got := strings.Join(text(p), "|")
	if !strings.Contains(got, "app: published: published; what it is made from is another at the registry now") || !p.Find("list").Publish || p.Find("list").Action != plan.Build {
		t.Errorf("%s", got)
	}
}

// A listed image that is needed is fetched also when it lacks a further tag.
func TestPullAndPublish(t *testing.T) {
	h := newHarbour(t, "lib:1", "app:1 needs lib")
	lib := h.image("lib")
	lib.Moving = true
	h.carryOut(h.make(plan.Options{Select: "lib:*"}))
	h.otherMachine()
	lib.Further = []string{"newest"}
	p := h.make(plan.Options{})
	if got := text(p)[0]; got != "lib: pull: published; further tags: newest; needed by app" || !p.Steps[0].Publish {
		t.Errorf("%s", got)
	}
	if got := text(h.make(plan.Options{Select: "lib:*"}))[0]; got != "lib: publish: published; further tags: newest" {
		t.Errorf("alone: %s", got)
	}
}

// Base images from elsewhere: what their registry says of them counts when something is built on them.
func TestBasesOfPublished(t *testing.T) {
	const debian = "debian:12"
	for _, tt := range []struct {
		name, want string
		published  bool
		base       plan.BaseImage
		noPull     bool
	}{
		{"newer, published", "app: published: published; its base debian:12 is newer now (`slipway update app` builds on it)", true, plan.BaseImage{Digest: "m:2", ID: "sha256:2"}, false},
		{"newer, not published", "app: build: its content changed; what exactly is not known, because the state has no record of that build; built 1 has other content now: the version says nothing of it (`slipway update app` adds a changelog entry)", false, plan.BaseImage{Digest: "m:2", ID: "sha256:2"}, false},
		{"newer, not fetched", "app: publish: built and tested; not published", false, plan.BaseImage{Digest: "m:2", ID: "sha256:2"}, true},
		{"gone, published", "app: published: published; its base debian:12 cannot be looked at: it is not there", true, plan.BaseImage{Err: errors.New("it is not there")}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHarbour(t, "app:1")
			img := h.image("app")
			img.External = []string{debian}
			h.facts.Images[debian] = plan.StoredImage{ID: "sha256:1", Manifest: "m:1"}
			h.carryOut(h.make(plan.Options{}))
			h.past = nil
			if pub := h.facts.Published[img.Ref]; tt.published {
				pub.Base, pub.BaseDigest = debian, "m:1"
				h.facts.Published[img.Ref] = pub
			} else {
				h.facts.Published, h.facts.Seen = map[string]plan.PublishedImage{}, nil
			}
			h.facts.Bases = map[string]plan.BaseImage{debian: tt.base}
			p := h.make(plan.Options{NoPull: tt.noPull})
			if got := text(p)[0]; got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if got := p.Refresh[debian]; (p.Steps[0].Action == plan.Build) != (got == "m:2") {
				t.Errorf("refreshed to %q", got)
			}
		})
	}
	h := newHarbour(t, "app:1")
	listed := h.image("app")
	listed.External, listed.Moving = []string{debian}, true
	h.facts.Images[debian] = plan.StoredImage{ID: "sha256:1", Manifest: "m:1"}
	h.carryOut(h.make(plan.Options{}))
	pub := h.facts.Published[listed.Ref]
	pub.Base, pub.BaseDigest = debian, "m:1"
	h.facts.Published[listed.Ref], h.facts.Bases = pub, map[string]plan.BaseImage{debian: {Digest: "m:2", ID: "sha256:2"}}
	if got := text(h.make(plan.Options{}))[0]; !strings.HasSuffix(got, "is newer now (`slipway build --force --select 'app:*'` builds on it)") {
		t.Errorf("of the list, which has no changelog: %s", got)
	}
	h = newHarbour(t, "app:1")
	h.image("app").External = []string{debian}
	h.facts.Images[debian] = plan.StoredImage{ID: "sha256:1", Manifest: "m:1"}
	h.facts.Bases = map[string]plan.BaseImage{debian: {Err: errors.New("it is not there, or no longer")}}
	want := "fleet/app: cannot build app 1: its base debian:12 cannot be refreshed: it is not there, or no longer\nhint: with --no-pull it is built on the one in the store"
	if err := h.make(plan.Options{}).Steps[0].Err; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

// Whatever people do, on several machines: what is published under a version stays, each image is built
// on what is published, and what is published is built nowhere again.
func TestPublishedStays(t *testing.T) {
	counts := map[plan.Action]int{}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 9))
		n := 2 + r.IntN(8)
		var lines []string
		for i := range n {
			line := fmt.Sprintf("i%d:1 needs", i)
			for j := range i {
				if r.IntN(n) < 2 {
					line += fmt.Sprintf(" i%d", j)
				}
			}
			lines = append(lines, line)
		}
		h := newHarbour(t, lines...)
		for round := range 8 {
			randomEdit(h, r)
			before := maps.Clone(h.facts.Published)
			o := plan.Options{NoPull: r.IntN(6) == 0}
			p := h.make(o)
			for _, s := range p.Steps {
				counts[s.Action]++
			}
			h.carryOut(p)
			for ref, pub := range before {
				if now := h.facts.Published[ref]; now.Digest != pub.Digest {
					t.Fatalf("seed %d, round %d: %s was %s and is %s", seed, round, ref, pub.Digest, now.Digest)
				}
			}
			checkBasis(t, h, p, fmt.Sprintf("seed %d, round %d", seed, round))
			if again := h.make(plan.Options{}); !o.NoPull && countWork(again) > 0 {
				t.Fatalf("seed %d, round %d: there is work left\n%s", seed, round, strings.Join(text(again), "\n"))
			}
		}
	}
	for _, a := range []plan.Action{plan.Published, plan.Pull, plan.Build, plan.Error, plan.Blocked} {
		if counts[a] < 100 {
			t.Errorf("only %d steps %q", counts[a], a)
		}
	}
}

func randomEdit(h *harbour, r *rand.Rand) {
	for range r.IntN(3) {
		img := h.fleet.Images[r.IntN(len(h.fleet.Images))]
		switch r.IntN(3) {
		case 0: // and forgets the changelog
			content(h, img.Name)
		case 1:
			content(h, img.Name)
			h.bump(img.Name)
		case 2: // as "slipway update" does
			h.bumpAll(img)
		}
	}
	if r.IntN(3) == 0 {
		h.otherMachine()
	}
}

func (h *harbour) bumpAll(img *fleet.Image) {
	h.bump(img.Name)
	for _, other := range h.fleet.Images {
		for _, parent := range other.Used() {
			if parent == img {
				h.bumpAll(other)
			}
		}
	}
}

// checkBasis: what a run built and published was made of what the registry has.
func checkBasis(t *testing.T, h *harbour, p *plan.Plan, where string) {
	t.Helper()
	for _, s := range p.Steps {
		if s.Action != plan.Build || !s.Publish {
			continue
		}
		for _, parent := range s.Image.Used() {
			stored, published := h.facts.Images[parent.Ref], h.facts.Published[parent.Ref]
			if stored.Manifest != published.Digest || published.Digest == "" {
				t.Fatalf("%s: %s was built on %s %s, the registry has %q\n%s", where, s.Image.Name, parent.Name, stored.Manifest, published.Digest, strings.Join(text(p), "\n"))
			}
		}
	}
}

func countWork(p *plan.Plan) int {
	n := 0
	for _, s := range p.Steps {
		if s.Action == plan.Build || s.Action == plan.Publish || s.Action == plan.Pull {
			n++
		}
	}
	return n
}
