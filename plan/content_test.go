package plan_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/plan"
)

// shop is a fleet with a store and a state, in which building takes no time.
type shop struct {
	fleet *fleet.Fleet
	facts plan.Facts
	salt  map[string]string // by name: goes into the bits, beside the inputs
	past  map[string]plan.Past
	old   bool // images are marked by the first rules
}

// newShop makes a fleet as newFleet does; everything is used by the Dockerfiles.
func newShop(t testing.TB, lines ...string) *shop {
	s := &shop{fleet: newFleet(t, lines...), salt: map[string]string{}, past: map[string]plan.Past{}}
	s.facts = plan.Facts{Images: map[string]plan.StoredImage{}, Inputs: map[*fleet.Image]inputs.Now{}}
	for _, img := range s.fleet.Images {
		for i := range img.Depends {
			img.Depends[i].Used = true
		}
		s.set(img, inputs.Parts{
			Scheme: inputs.Scheme, Level: 1, Platform: "linux/amd64", Dockerfile: "sha256:d", Files: "sha256:t",
			Args: map[string]string{"SOURCE_DATE_EPOCH": "sha256:0", "VERSION": "sha256:1"},
		})
	}
	return s
}

// plan makes a plan, and answers what it asks. It must be the one that is made when all is known from the beginning.
func (s *shop) plan(o plan.Options) *plan.Plan {
	d := plan.Begin(s.fleet, s.facts, o)
	for len(d.Questions()) > 0 {
		answers := map[plan.Question]plan.Past{}
		for _, q := range d.Questions() {
			answers[q] = s.past[q.Image.Name]
		}
		d.Answer(answers)
	}
	all := map[plan.Question]plan.Past{}
	for _, img := range s.fleet.Images {
		for _, made := range []string{"", string(s.facts.Images[img.Ref].Inputs), string(s.facts.Published[img.Ref].Mark.Inputs)} {
			all[plan.Question{Image: img, Inputs: digests.Inputs(made)}] = s.past[img.Name]
		}
	}
	p := d.Plan()
	if diff := cmp.Diff(text(plan.Know(s.fleet, s.facts, o, all)), text(p)); diff != "" {
		panic("who asks sees another plan (-who knows +who asks)\n" + diff)
	}
	return p
}

// set says what an image would be made from.
func (s *shop) set(img *fleet.Image, p inputs.Parts) {
	n := inputs.Now{Parts: p, Files: map[string]string{"": p.Files}, Trees: []string{p.Files, "sha256:other umask"}}
	n.Old = []inputs.OldTexts{{Dockerfile: p.Dockerfile}}
	s.facts.Inputs[img] = n
}

// parts are what an image would be made from, by the rules that mark it.
func (s *shop) parts(img *fleet.Image) inputs.Parts {
	m := inputs.Mark{}
	if s.old {
		m.Inputs = "sha256:some"
	}
	return s.facts.Inputs[img].By(m)[0].On(img.MadeFrom(func(ref string) digests.Config { return s.facts.Images[ref].ID }))
}

// stored is an image that was built from the parts.
func stored(digest string, p inputs.Parts) plan.StoredImage {
	return plan.StoredImage{ID: digests.Config(digest), Tested: true, Inputs: p.Digest(), Followed: p.Followed, Level: p.Level}
}

func (s *shop) image(name string) *fleet.Image { return s.fleet.Lookup(name) }

// edit changes what an image would be made from.
func (s *shop) edit(name string, change func(*inputs.Parts)) {
	parts := s.facts.Inputs[s.image(name)].Under("")
	args := map[string]string{}
	for k, v := range parts.Args {
		args[k] = v
	}
	parts.Args = args
	change(&parts)
	s.set(s.image(name), parts)
}

// carryOut builds what the plan says, and returns what was built. An image whose parents came out
// the same is left alone, as the builder does it.
func (s *shop) carryOut(p *plan.Plan) []string {
	var built []string
	for _, step := range p.Steps {
		if step.Action != plan.Build {
			continue
		}
		img := step.Image
		parts := s.parts(img)
		if old, ok := s.facts.Images[img.Ref]; ok && old.Inputs == parts.Digest() {
			continue
		}
		built = append(built, img.Name)
		same := parts
		same.Dockerfile = strings.TrimSuffix(parts.Dockerfile, "-comment") // makes the same bits
		s.facts.Images[img.Ref] = stored(string(same.Digest())+s.salt[img.Name], parts)
		s.past[img.Name] = plan.Past{Tag: img.Tag, Parts: parts, Before: map[string]string{"a": "100644 1", "b": "100644 1"}, After: map[string]string{"a": "100644 2", "b": "100644 1"}}
	}
	return built
}

func TestReasonsOfContent(t *testing.T) {
	const note = "; built 1 has other content now: the version says nothing of it (`slipway update app` adds a changelog entry)"
	for _, tt := range []struct {
		name string
		edit func(s *shop)
		want string // the line of app
	}{
		{"nothing", func(*shop) {}, "app: up to date: built and tested"},
		{"files", func(s *shop) { s.edit("app", func(p *inputs.Parts) { p.Files = "sha256:t2" }) }, "app: build: files changed: a" + note},
		{"files, no listing", func(s *shop) {
			s.edit("app", func(p *inputs.Parts) { p.Files = "sha256:t2" })
			past := s.past["app"]
			past.Before = nil
			s.past["app"] = past
		}, "app: build: files changed: which ones is not known" + note},
		{"dockerfile", func(s *shop) { s.edit("app", func(p *inputs.Parts) { p.Dockerfile = "sha256:d2" }) },
			"app: build: the rendered Dockerfile changed (by the configuration, or by another image's version)" + note},
		{"argument", func(s *shop) { s.edit("app", func(p *inputs.Parts) { p.Args["VERSION"] = "sha256:2" }) }, "app: build: build argument VERSION changed" + note},
		{"argument added", func(s *shop) { s.edit("app", func(p *inputs.Parts) { p.Args["NEW"] = "sha256:2" }) }, "app: build: build argument NEW added" + note},
		{"argument removed", func(s *shop) { s.edit("app", func(p *inputs.Parts) { delete(p.Args, "VERSION") }) }, "app: build: build argument VERSION removed" + note},
		{"platform", func(s *shop) { s.edit("app", func(p *inputs.Parts) { p.Platform = "linux/arm64" }) }, "app: build: platform linux/amd64 → linux/arm64" + note},
		{"engine", func(s *shop) { s.edit("app", func(p *inputs.Parts) { p.Level = 2 }) }, "app: build: engine level 1 → 2"},
		{"commit", func(s *shop) {
			s.edit("app", func(p *inputs.Parts) { p.Commit = "0123456789abcdef" })
			past := s.past["app"]
			past.Parts.Commit = "fedcba9876543210"
			s.past["app"] = past
			s.facts.Images[s.image("app").Ref] = stored("sha256:1", past.Parts)
		}, "app: build: commit fedcba987654 → 0123456789ab" + note},
		{"folder", func(s *shop) {
			s.edit("app", func(p *inputs.Parts) { p.Commit, p.Folder, p.Dockerfile = "0123456789abcdef", "api", "sha256:d2" })
			past := s.past["app"]
			past.Parts.Commit = "0123456789abcdef"
			s.past["app"] = past
			s.facts.Images[s.image("app").Ref] = stored("sha256:1", past.Parts)
		}, "app: build: folder / → api of the repository" + note},
		{"ignore file", func(s *shop) {
			s.edit("app", func(p *inputs.Parts) { p.Commit, p.IgnoreFile = "0123456789abcdef", "Dev.dockerignore" })
			past := s.past["app"]
			past.Parts.Commit = "0123456789abcdef"
			s.past["app"] = past
			s.facts.Images[s.image("app").Ref] = stored("sha256:1", past.Parts)
		}, "app: build: ignore file .dockerignore → Dev.dockerignore" + note},
		{"checkout", func(s *shop) {
			s.edit("app", func(p *inputs.Parts) { p.Commit, p.Checkout = "0123456789abcdef", "submodules=a,b" })
			past := s.past["app"]
			past.Parts.Commit = "0123456789abcdef"
			s.past["app"] = past
			s.facts.Images[s.image("app").Ref] = plan.StoredImage{ID: "sha256:1", Tested: true, Inputs: past.Parts.Digest()}
		}, "app: build: checked out of the commit: all → submodules=a,b" + note},
		{"parent rebuilt", func(s *shop) {
			ref := s.image("base").Ref
			img := s.facts.Images[ref]
			img.ID = "sha256:other"
			s.facts.Images[ref] = img
		}, "app: build: parent base 1 was built again"},
		{"parent changed", func(s *shop) { s.edit("base", func(p *inputs.Parts) { p.Files = "sha256:t2" }) }, "app: build: parent base 1 is to be built"},
		{"untested", func(s *shop) {
			ref := s.image("app").Ref
			img := s.facts.Images[ref]
			img.Tested = false
			s.facts.Images[ref] = img
		}, "app: test: built, but its test did not end well"},
		{"no record", func(s *shop) { s.facts.Images[s.image("app").Ref] = plan.StoredImage{ID: "sha256:1", Tested: true} },
			"app: build: it is not known what it was made from"},
		{"state lost", func(s *shop) {
			s.edit("app", func(p *inputs.Parts) { p.Files = "sha256:t2" })
			delete(s.past, "app")
		}, "app: build: its content changed; what exactly is not known, because the state has no record of that build" + note},
		{"failed", func(s *shop) {
			delete(s.facts.Images, s.image("app").Ref)
			s.past["app"] = plan.Past{Failed: true}
		}, "app: build: its last build failed"},
		{"removed", func(s *shop) { delete(s.facts.Images, s.image("app").Ref) }, "app: build: 1 was built, but is no longer in the store"},
	} {
		for _, old := range []bool{false, true} {
			t.Run(fmt.Sprint(tt.name, ", first rules ", old), func(t *testing.T) {
				s := newShop(t, "base:1", "app:1 needs base")
				s.old = old
				s.carryOut(s.plan(plan.Options{}))
				tt.edit(s)
				got := text(s.plan(plan.Options{}))
				if got[1] != tt.want {
					t.Errorf("got  %s\nwant %s", got[1], tt.want)
				}
			})
		}
	}
}

func TestStrict(t *testing.T) {
	s := newShop(t, "base:1", "app:1 needs base", "other:1 needs base")
	s.carryOut(s.plan(plan.Options{}))
	s.edit("app", func(p *inputs.Parts) { p.Files = "sha256:t2" })
	s.facts.Images[s.image("base").Ref] = stored("sha256:again", s.parts(s.image("base")))
	want := []string{
		"base: up to date: built and tested",
		"app: error: fleet/app/changelog:0: cannot build app 1 again: its content changed, its version did not: files changed: a; parent base 1 was built again",
		"other: build: parent base 1 was built again", // nobody edited anything
	}
	if diff := cmp.Diff(want, text(s.plan(plan.Options{Strict: true}))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestRebuiltIffChanged: for random graphs and random edits, an image is built if and only if an
// input of it or of something it is made from changed, and parents that come out the same change
// nothing.
func TestRebuiltIffChanged(t *testing.T) {
	builds, spared := 0, 0
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 4))
		n := 2 + r.IntN(20)
		var lines []string
		for i := range n {
			line := fmt.Sprintf("i%02d:1 needs", i)
			for other := range i {
				if r.IntN(n) < 2 {
					line += fmt.Sprintf(" i%02d", other)
				}
			}
			lines = append(lines, line)
		}
		s := newShop(t, lines...)
		if got := len(s.carryOut(s.plan(plan.Options{}))); got != n {
			t.Fatalf("seed %d: the first run built %d of %d", seed, got, n)
		}
		for round := range 6 {
			changed := map[string]bool{}   // its own inputs
			different := map[string]bool{} // its bits, by an edit of its own
			for range r.IntN(4) {
				name := fmt.Sprintf("i%02d", r.IntN(n))
				changed[name] = true
				switch value := fmt.Sprintf("sha256:%d-%d", round, r.IntN(1e9)); r.IntN(4) {
				case 0:
					s.edit(name, func(p *inputs.Parts) { p.Files = value })
					different[name] = true
				case 1:
					s.edit(name, func(p *inputs.Parts) { p.Args["VERSION"] = value })
					different[name] = true
				case 2:
					s.edit(name, func(p *inputs.Parts) { p.Dockerfile = value })
					different[name] = true
				case 3: // toggles
					s.edit(name, func(p *inputs.Parts) {
						if trimmed, ok := strings.CutSuffix(p.Dockerfile, "-comment"); ok {
							p.Dockerfile = trimmed
						} else {
							p.Dockerfile += "-comment"
						}
					})
				}
			}
			if len(changed) != len(different) && r.IntN(2) == 0 {
				// Two toggles of one image are no change: make it one.
				for name := range changed {
					s.edit(name, func(p *inputs.Parts) { p.Files += "x" })
					different[name] = true
				}
			}
			p := s.plan(plan.Options{})
			want, bits := map[string]bool{}, map[string]bool{}
			for _, step := range p.Steps {
				name := step.Image.Name
				edited := s.parts(step.Image).On(s.past[name].Parts.Parents).Digest() != s.facts.Images[step.Image.Ref].Inputs
				above, fresh := false, false
				for _, need := range step.Needs {
					above = above || want[need.Image.Name]
					fresh = fresh || bits[need.Image.Name]
				}
				want[name] = edited || above
				bits[name] = different[name] || fresh
				if got := step.Action == plan.Build; got != want[name] {
					t.Fatalf("seed %d round %d: %s is %q, edited %v, something above %v\n%s", seed, round, name, step.Action, edited, above, strings.Join(text(p), "\n"))
				}
				if edited && !changed[name] {
					t.Fatalf("seed %d round %d: %s has other inputs without an edit", seed, round, name)
				}
			}
			for _, name := range s.carryOut(p) {
				builds++
				fresh := false
				for _, need := range p.Find(name).Needs {
					fresh = fresh || bits[need.Image.Name]
				}
				if !changed[name] && !fresh {
					t.Fatalf("seed %d round %d: %s was built although nothing it is made from is other", seed, round, name)
				}
			}
			for name, w := range want {
				if w && !changed[name] && !bits[name] {
					spared++
				}
			}
			if after := s.plan(plan.Options{}); strings.Contains(strings.Join(text(after), "\n"), ": build: ") {
				t.Fatalf("seed %d round %d: something is left to build\n%s", seed, round, strings.Join(text(after), "\n"))
			}
		}
	}
	if builds < 2000 || spared < 100 {
		t.Errorf("%d builds, %d spared: the test tests too little", builds, spared)
	}
}
