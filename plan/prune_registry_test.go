package plan_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/version"
)

// publishedTags takes words "tag=digest" and "tag=digest+part+part"; a tag alone has a digest of its
// own, "tag=" none that is known.
func publishedTags(words string) map[string]plan.PublishedTag {
	tags := map[string]plan.PublishedTag{}
	for _, word := range strings.Fields(words) {
		tag, names, ok := strings.Cut(word, "=")
		if !ok {
			names = "of-" + tag
		}
		parts := strings.Split(names, "+")
		t := plan.PublishedTag{Digest: digests.Manifest(parts[0])}
		for _, part := range parts[1:] {
			t.Parts = append(t.Parts, digests.Manifest(part))
		}
		tags[tag] = t
	}
	return tags
}

// prunedText writes "remove tag tag (kind)" and "keep tag (kind)".
func prunedText(p plan.PrunedImage) []string {
	var lines []string
	for _, r := range p.Remove {
		lines = append(lines, fmt.Sprintf("remove %s (%s)", strings.Join(r.Tags, " "), r.Reason.Kind()))
	}
	for _, k := range p.Keep {
		lines = append(lines, fmt.Sprintf("keep %s (%s)", k.Tag, k.Reason.Kind()))
	}
	return lines
}

func TestPrunePublished(t *testing.T) {
	for _, tt := range []struct {
		name     string
		keep     int
		versions string // of the changelog, newest first
		tags     string
		external string // what another image of the fleet is made from
		want     string
	}{
		{"the oldest go first, by Debian's order", 2, "1.10 1.9 1.8 1.7", "1.7 1.8 1.10 1.9", "",
			"remove 1.7 (old), remove 1.8 (old), keep 1.9 (newest), keep 1.10 (newest)"},
		{"fewer than are to be kept", 3, "1.1 1.0", "1.0 1.1", "", "keep 1.0 (newest), keep 1.1 (newest)"},
		{"nothing is published", 3, "1.1 1.0", "", "", ""},
		{"the newest is not published yet", 1, "1.2 1.1 1.0", "1.0 1.1", "", "remove 1.0 (old), keep 1.1 (newest)"},
		{"rebuilds on updates count as versions", 1, "1.0-s2 1.0-s1 1.0", "1.0 1.0-s1 1.0-s2 1.0-s10", "",
			"remove 1.0 (old), remove 1.0-s1 (old), keep 1.0-s2 (newest), keep 1.0-s10 (newer)"},
		{"a changelog that was cut short", 1, "1.2 1.1", "0.9-s3 1.1 1.2 1.3", "",
			"remove 0.9-s3 (old), remove 1.1 (old), keep 1.2 (newest), keep 1.3 (newer)"},
		{"what is no version of it", 1, "1.2.3 1.2.2", "1.2.2 1.2.3 1 1.2 latest stable v1.0.0 1.0.0-alpine3 sha256-ab.sig", "",
			"remove 1.2.2 (old), keep 1 (foreign), keep 1.0.0-alpine3 (foreign), keep 1.2 (foreign), keep 1.2.3 (newest), " +
				"keep latest (foreign), keep sha256-ab.sig (foreign), keep stable (foreign), keep v1.0.0 (foreign)"},
		{"dates are no small numbers", 1, "20260102 20260101", "12 20260101 20260102", "",
			"remove 20260101 (old), keep 12 (foreign), keep 20260102 (newest)"},
		{"nightly builds are counted apart", 2, "1.1 1.0 0.9",
			"0.9 1.0 1.1 1.0-20260101 1.0-20260102 1.0-20260102-101112 1.1-20260103 1.1-20261341 2.0-20260101", "",
			"remove 0.9 (old), remove 1.0-20260101 (old), remove 1.0-20260102 (old), " +
				"keep 1.0 (newest), keep 1.0-20260102-101112 (newest), keep 1.1 (newest), keep 1.1-20260103 (newest), " +
				"keep 1.1-20261341 (foreign), keep 2.0-20260101 (newer)"},
		{"what latest is", 1, "1.2 1.1 1.0", "1.0 1.1=L 1.2 latest=L", "",
			"remove 1.0 (old), keep 1.1 (same), keep 1.2 (newest), keep latest (foreign)"},
		{"what any kept tag is", 1, "1.2 1.1 1.0", "1.0=A 1.1=B 1.2=B prod=A", "",
			"keep 1.0 (same), keep 1.1 (same), keep 1.2 (newest), keep prod (foreign)"},
		{"old tags of one manifest go together", 1, "1.2 1.1 1.0", "1.0=A 1.1=A 1.2=B", "",
			"remove 1.0 1.1 (old), keep 1.2 (newest)"},
		{"part of a kept index", 1, "1.2 1.1 1.0", "1.0=A 1.1=B 1.2=I+B+C", "",
			"remove 1.0 (old), keep 1.1 (part), keep 1.2 (newest)"},
		{"an old index goes with what is part of it", 1, "1.2 1.1 1.0", "1.0=A 1.1=I+A 1.2", "",
			"remove 1.0 (old), remove 1.1 (old), keep 1.2 (newest)"},
		{"a Dockerfile names the tag", 1, "1.2 1.1 1.0", "1.0=A 1.1=A 1.2", "registry.example:5000/ns/app:1.0",
			"keep 1.0 (used), keep 1.1 (same), keep 1.2 (newest)"},
		{"a Dockerfile names the digest", 1, "1.2 1.1 1.0", "1.0 1.1=sha256:ab 1.2", "registry.example:5000/ns/app@sha256:ab",
			"remove 1.0 (old), keep 1.1 (used), keep 1.2 (newest)"},
		{"a Dockerfile names it by another name of the registry", 1, "1.2 1.1 1.0", "1.0 1.1 1.2", "internal.example/ns/app:1.1",
			"remove 1.0 (old), keep 1.1 (used), keep 1.2 (newest)"},
		{"a Dockerfile names another repository's", 1, "1.2 1.1", "1.1 1.2", "registry.example:5000/app:1.1",
			"remove 1.1 (old), keep 1.2 (newest)"},
		{"the registry did not say what a tag names", 1, "1.2 1.1 1.0", "1.0 1.1 1.2 latest=", "",
			"keep 1.0 (nodigest), keep 1.1 (nodigest), keep 1.2 (newest), keep latest (foreign)"},
		{"the changelog went back", 1, "1.0 2.0 0.9", "2.0 1.0 0.9", "",
			"remove 0.9 (old), keep 1.0 (newest), keep 2.0 (newer)"},
		{"a version that only counts the same", 1, "1.0 1.00", "1.0 1.00", "",
			"remove 1.00 (old), keep 1.0 (newest)"},
		{"at least one is kept", 0, "1.1 1.0", "1.0 1.1", "", "remove 1.0 (old), keep 1.1 (newest)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var versions []version.Version
			for _, v := range strings.Fields(tt.versions) {
				versions = append(versions, version.Version(v))
			}
			f := newFleet(t, "app:"+string(versions[0]), "other:1")
			if tt.external != "" {
				f.Lookup("other").External = []string{"debian:12", tt.external}
			}
			published := map[*fleet.Image]plan.PublishedTags{f.Lookup("app"): {Versions: versions, Tags: publishedTags(tt.tags)}}
			got := plan.PrunePublished(f, published, plan.PublishedOptions{Keep: tt.keep, UpdateID: "s"})
			if len(got) != 1 || got[0].Repository != "registry.example:5000/ns/app" {
				t.Fatalf("got %+v", got)
			}
			if diff := cmp.Diff(tt.want, strings.Join(prunedText(got[0]), ", ")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestPrunePublishedReasons: the texts say what it is that keeps a version.
func TestPrunePublishedReasons(t *testing.T) {
	f := newFleet(t, "app:1.4", "child:1")
	f.Lookup("child").External = []string{"registry.example:5000/ns/app:1.0"}
	published := map[*fleet.Image]plan.PublishedTags{f.Lookup("app"): {
		Versions: []version.Version{"1.4"},
		Tags:     publishedTags("0.9 1.0 1.1=A 1.2=B 1.3=C 1.4=A 1.5=I+C prod=B latest=B 1.4-20260101 1.4-20260102"),
	}}
	p := plan.PrunePublished(f, published, plan.PublishedOptions{Keep: 1, UpdateID: "s"})[0]
	got := map[string]string{}
	for _, r := range p.Remove {
		got[strings.Join(r.Tags, " ")] = r.Reason.Text()
	}
	for _, k := range p.Keep {
		got[k.Tag] = k.Reason.Text()
	}
	want := map[string]string{
		"0.9": "it is older than the newest version", "1.4-20260101": "it is older than the newest nightly build",
		"1.0": "the Dockerfile of child names it", "1.1": "1.4 names the same image, and would be deleted with it",
		"1.2": "latest names the same image, and would be deleted with it", "1.3": "it is part of 1.5",
		"1.4": "it is the changelog's newest version", "1.5": "it is newer than the changelog's 1.4",
		"prod": "it is not a version of the image", "latest": "it is not a version of the image",
		"1.4-20260102": "it is among the newest nightly build",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestPrunePublishedFleet: children before parents, selected images only, and none of the list.
func TestPrunePublishedFleet(t *testing.T) {
	f := newFleet(t, "base:1.1", "lib:1.1 needs base", "app:1.1 needs lib", "alone:1.1", "listed:1.1", "absent:1.1")
	f.Lookup("listed").Moving = true
	published := map[*fleet.Image]plan.PublishedTags{}
	for _, img := range f.Images {
		if img.Name != "absent" {
			published[img] = plan.PublishedTags{Tags: publishedTags("0.9 1.0 1.1")}
		}
	}
	text := func(glob string) []string {
		var lines []string
		for _, p := range plan.PrunePublished(f, published, plan.PublishedOptions{Keep: 2, Select: glob}) {
			lines = append(lines, fmt.Sprintf("%d %s: %s", p.Wave, p.Image.Name, prunedText(p)[0]))
		}
		return lines
	}
	want := []string{"0 listed: keep 0.9 (fixed)", "0 app: remove 0.9 (old)", "0 alone: remove 0.9 (old)", "1 lib: remove 0.9 (old)", "2 base: remove 0.9 (old)"}
	if diff := cmp.Diff(want, text("")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"1 lib: remove 0.9 (old)", "2 base: remove 0.9 (old)"}, text("*/ns/[bl]*[be]:1.1")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestPrunePublishedDockerHub: a repository of Docker Hub has several names.
func TestPrunePublishedDockerHub(t *testing.T) {
	app := &fleet.Image{Name: "app", Version: "1.1", Tag: "1.1", Ref: "docker.io/library/app:1.1"}
	for _, ref := range []string{"app:1.0", "library/app:1.0", "docker.io/library/app:1.0", "index.docker.io/library/app:1.0@sha256:ab"} {
		f, err := fleet.New("fleet", []*fleet.Image{app, {Name: "other", Version: "1", Tag: "1", Ref: "docker.io/other:1", External: []string{ref}}})
		if err != nil {
			t.Fatal(err)
		}
		got := plan.PrunePublished(f, map[*fleet.Image]plan.PublishedTags{app: {Tags: publishedTags("1.0 1.1")}}, plan.PublishedOptions{Keep: 1})
		if diff := cmp.Diff([]string{"keep 1.0 (used)", "keep 1.1 (newest)"}, prunedText(got[0])); diff != "" {
			t.Errorf("%s (-want +got)\n%s", ref, diff)
		}
	}
}

// randomTags are versions, builds by night and strange tags on few digests, some of them indexes.
func randomTags(r *rand.Rand) map[string]plan.PublishedTag {
	tags := map[string]plan.PublishedTag{}
	for range r.IntN(30) {
		tag := fmt.Sprintf("%d.%d", 1+r.IntN(3), r.IntN(12))
		switch r.IntN(6) {
		case 0:
			tag += fmt.Sprintf("-202601%02d", 1+r.IntN(28))
		case 1:
			tag += fmt.Sprintf("-s%d", r.IntN(12))
		case 2:
			tag = []string{"latest", "prod", "1", "2", "x1.0"}[r.IntN(5)]
		}
		t := plan.PublishedTag{Digest: digests.Manifest(fmt.Sprint("d", r.IntN(25)))}
		if r.IntN(4) == 0 {
			t.Parts = []digests.Manifest{digests.Manifest(fmt.Sprint("d", r.IntN(25))), digests.Manifest(fmt.Sprint("d", r.IntN(25)))}
		}
		tags[tag] = t
	}
	return tags
}

func TestPrunePublishedOfRandomRegistries(t *testing.T) {
	removed, shared := 0, 0
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 9))
		f := newFleet(t, "app:2.5")
		app, keep := f.Images[0], 1+r.IntN(5)
		facts := plan.PublishedTags{Versions: []version.Version{"2.5", "2.4", "1.0"}, Tags: randomTags(r)}
		published := map[*fleet.Image]plan.PublishedTags{app: facts}
		o := plan.PublishedOptions{Keep: keep, UpdateID: "s"}
		p := plan.PrunePublished(f, published, o)[0]
		image := cmp.Comparer(func(a, b *fleet.Image) bool { return a == b })
		reason := cmp.Comparer(func(a, b plan.Reason) bool { return a.Kind() == b.Kind() && a.Text() == b.Text() })
		if diff := cmp.Diff(p, plan.PrunePublished(f, published, o)[0], image, reason); diff != "" {
			t.Fatalf("seed %d: two plans of the same differ\n%s", seed, diff)
		}
		if err := checkPruned(facts, p, keep); err != nil {
			t.Fatalf("seed %d, keep %d: %v\n%v\n%s", seed, keep, err, facts.Tags, strings.Join(prunedText(p), "\n"))
		}
		removed += len(p.Remove)
		for _, k := range p.Keep {
			if k.Reason.Kind() == "same" || k.Reason.Kind() == "part" {
				shared++
			}
		}
	}
	if removed < 1000 || shared < 1000 {
		t.Errorf("only %d removals and %d shared: the test tests too little", removed, shared)
	}
}

// checkPruned says what must hold whatever the registry has, without looking how it was decided.
func checkPruned(facts plan.PublishedTags, p plan.PrunedImage, keep int) error {
	gone, seen := map[digests.Manifest]bool{}, map[string]int{}
	for _, r := range p.Remove {
		gone[r.Digest] = true
		for _, tag := range r.Tags {
			seen[tag]++
			if tag == "latest" || tag == "2.5" || tag == "prod" || !strings.Contains(tag, ".") || tag[0] == 'x' {
				return fmt.Errorf("%s is removed", tag)
			}
			if facts.Tags[tag].Digest != r.Digest {
				return fmt.Errorf("%s does not name %s", tag, r.Digest)
			}
		}
	}
	builds, releases, keptBuilds, keptReleases := 0, 0, 0, 0
	for tag := range facts.Tags {
		kept := slices.ContainsFunc(p.Keep, func(k plan.Kept) bool { return k.Tag == tag })
		if kept {
			seen[tag]++
		}
		for _, d := range append([]digests.Manifest{facts.Tags[tag].Digest}, facts.Tags[tag].Parts...) {
			if kept && gone[d] {
				return fmt.Errorf("%s is kept, and %s, which it needs, is removed", tag, d)
			}
		}
		switch {
		case !strings.Contains(tag, ".") || tag[0] == 'x':
		case strings.Contains(tag, "-2026"):
			builds++
			keptBuilds += map[bool]int{true: 1}[kept]
		default:
			releases++
			keptReleases += map[bool]int{true: 1}[kept]
		}
		if seen[tag] != 1 {
			return fmt.Errorf("%s is decided %d times", tag, seen[tag])
		}
	}
	if keptBuilds < min(keep, builds) || keptReleases < min(keep, releases) {
		return fmt.Errorf("only %d of %d builds and %d of %d versions are kept", keptBuilds, builds, keptReleases, releases)
	}
	return nil
}
