package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/ref"
	"github.com/slipway-build/slipway/version"
)

// PublishedOptions say which published images are pruned, and to what.
type PublishedOptions struct {
	Select   string // glob, see fleet.Selection; it is compared with the changelog's newest version
	Keep     int    // versions of each image to keep at least, and as many nightly builds; from 1
	UpdateID string // of the configuration: the s in 1.2.3-s1
}

// PublishedTags is what a registry has of an image.
type PublishedTags struct {
	Versions []version.Version // that the changelog lists
	Tags     map[string]PublishedTag
}

// PublishedTag is what a tag names.
type PublishedTag struct {
	Digest digests.Manifest   // empty: not known, and so nothing of the image is removed
	Parts  []digests.Manifest // what it names is an index of these
}

// PrunedImage is what is done with the tags of one image.
type PrunedImage struct {
	Image      *fleet.Image
	Repository string    // the image's name with registry and namespace, without a tag
	Wave       int       // all images of lower waves come before; those of one wave may be done side by side
	Remove     []Removed // oldest first
	Keep       []Kept    // sorted by tag
}

// Removed is a manifest to delete, which deletes all its tags.
type Removed struct {
	Digest digests.Manifest
	Tags   []string // at least one; oldest first
	Reason Reason
}

// Kept is a tag that stays.
type Kept struct {
	Tag    string
	Digest digests.Manifest
	Reason Reason
}

// PrunePublished decides which versions of the fleet's selected images are deleted from the registry:
// those older than the newest ones that are kept. Nightly and snapshot builds are counted apart, so
// that they do not drive the versions out. Only what is a version of the image by the changelog, or
// looks like one, is ever removed; and no manifest that anything kept names, for it has its tags with
// it. What builds on an image comes before it.
func PrunePublished(f *fleet.Fleet, published map[*fleet.Image]PublishedTags, o PublishedOptions) []PrunedImage {
	o.Keep = max(o.Keep, 1)
	waves, used := pruneWaves(f), usedVersions(f)
	selection := fleet.NewSelection(o.Select)
	var all []PrunedImage
	for _, img := range slices.Backward(f.Order()) {
		facts, ok := published[img]
		if !ok || !selection.MatchesRef(repository(img)+":"+string(img.Version), img.Name+":"+string(img.Version)) {
			continue
		}
		p := &publishedPruner{img: img, facts: facts, o: o, used: used[hostless(repository(img))], kept: map[string]Reason{}}
		p.decide()
		all = append(all, PrunedImage{
			Image: img, Repository: repository(img), Wave: waves[img], Remove: p.removals(), Keep: p.keeps(),
		})
	}
	slices.SortStableFunc(all, func(a, b PrunedImage) int { return cmp.Compare(a.Wave, b.Wave) })
	return all
}

// pruneWaves numbers images by how many generations build on them.
func pruneWaves(f *fleet.Fleet) map[*fleet.Image]int {
	waves := map[*fleet.Image]int{}
	for _, img := range slices.Backward(f.Order()) {
		for _, child := range f.Children(img) {
			waves[img] = max(waves[img], waves[child]+1)
		}
	}
	return waves
}

// usedVersions are the tags and digests that Dockerfiles name, by repository, with one image that does.
func usedVersions(f *fleet.Fleet) map[string]map[string]string {
	used := map[string]map[string]string{}
	for _, img := range f.Targets().Images {
		for _, written := range img.Elsewhere() {
			repo, tag, digest := ref.Split(written)
			repo = hostless(repo)
			if used[repo] == nil {
				used[repo] = map[string]string{}
			}
			for _, what := range []string{tag, digest} {
				if what != "" && used[repo][what] == "" {
					used[repo][what] = img.Name
				}
			}
		}
	}
	return used
}

// hostless takes the registry off a repository's name: many a registry has several names, and Docker
// Hub's may be left out. What is kept for a wrong guess does no harm.
func hostless(repo string) string {
	if host, rest, ok := strings.Cut(repo, "/"); ok && (strings.ContainsAny(host, ".:") || host == "localhost") {
		repo = rest
	}
	return strings.TrimPrefix(repo, "library/")
}

// publishedPruner decides about one image.
type publishedPruner struct {
	img   *fleet.Image
	facts PublishedTags
	o     PublishedOptions
	used  map[string]string // tags and digests, with the image whose Dockerfile names them

	kept map[string]Reason // by tag
	old  []publishedVersion
}

func (p *publishedPruner) keep(tag string, c cause, args ...string) { p.kept[tag] = reason(c, args...) }

func (p *publishedPruner) decide() {
	read := newVersionReader(p.img, p.facts.Versions, p.o.UpdateID)
	var releases, builds []publishedVersion
	for tag := range p.facts.Tags {
		v, ok := read.version(tag)
		switch {
		case p.img.Moving:
			p.keep(tag, pruneFixed)
		case !ok:
			p.keep(tag, pruneForeign)
		case version.Updates(p.o.UpdateID).Compare(v.version, p.img.Version) > 0:
			p.keep(tag, pruneNewer, string(p.img.Version))
		case v.stamp != "":
			builds = append(builds, v)
		default:
			releases = append(releases, v)
		}
	}
	p.count(releases, "version")
	p.count(builds, "nightly build")
	p.keepUsed()
	p.keepShared()
}

// count keeps the newest; the others are old.
func (p *publishedPruner) count(list []publishedVersion, what string) {
	slices.SortFunc(list, func(a, b publishedVersion) int { return p.compare(b, a) })
	for i, v := range list {
		switch {
		case v.tag == string(p.img.Version):
			p.keep(v.tag, pruneOwn)
		case i < p.o.Keep:
			p.keep(v.tag, pruneNewest, several(p.o.Keep, what))
		default:
			p.old = append(p.old, v)
		}
	}
	slices.SortFunc(p.old, p.compare)
}

func several(n int, what string) string {
	if n == 1 {
		return what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// compare puts what is older first. The changelog's newest version is newer than what only counts as
// the same, such as 1.00 beside 1.0.
func (p *publishedPruner) compare(a, b publishedVersion) int {
	newest := func(v publishedVersion) int {
		if v.tag == string(p.img.Version) {
			return 1
		}
		return 0
	}
	return cmp.Or(version.Updates(p.o.UpdateID).Compare(a.version, b.version), cmp.Compare(a.stamp, b.stamp),
		cmp.Compare(newest(a), newest(b)), cmp.Compare(a.tag, b.tag))
}

// keepUsed keeps what Dockerfiles of the fleet are made from by a version of its own.
func (p *publishedPruner) keepUsed() {
	p.keepOld(func(v publishedVersion) []Reason {
		if by := cmp.Or(p.used[v.tag], p.used[string(p.facts.Tags[v.tag].Digest)]); by != "" {
			return because(pruneUsed, by)
		}
		return nil
	})
}

// keepShared keeps old versions whose manifest something else needs, and then what these need.
func (p *publishedPruner) keepShared() {
	for _, t := range p.facts.Tags {
		if t.Digest == "" {
			p.keepOld(func(publishedVersion) []Reason { return because(pruneUnknown) })
		}
	}
	for before := -1; before != len(p.old); {
		before = len(p.old)
		tagOf, wholeOf := map[digests.Manifest]string{}, map[digests.Manifest]string{}
		for tag := range p.kept {
			t := p.facts.Tags[tag]
			tagOf[t.Digest] = better(tagOf[t.Digest], tag)
			for _, part := range t.Parts {
				wholeOf[part] = better(wholeOf[part], tag)
			}
		}
		p.keepOld(func(v publishedVersion) []Reason {
			digest := p.facts.Tags[v.tag].Digest
			if tag := tagOf[digest]; tag != "" {
				return because(pruneSame, tag)
			} else if tag := wholeOf[digest]; tag != "" {
				return because(prunePart, tag)
			}
			return nil
		})
	}
}

// keepOld keeps those old versions that have a reason.
func (p *publishedPruner) keepOld(why func(publishedVersion) []Reason) {
	p.old = slices.DeleteFunc(p.old, func(v publishedVersion) bool {
		for _, r := range why(v) {
			p.kept[v.tag] = r
			return true
		}
		return false
	})
}

// better picks the tag that says more to people.
func better(a, b string) string {
	if a == "" || b == "latest" || a != "latest" && compareTags(b, a) > 0 {
		return b
	}
	return a
}

func (p *publishedPruner) removals() []Removed {
	var all []Removed
	at := map[digests.Manifest]int{}
	for _, v := range p.old {
		digest := p.facts.Tags[v.tag].Digest
		if i, ok := at[digest]; ok {
			all[i].Tags = append(all[i].Tags, v.tag)
			continue
		}
		what := "version"
		if v.stamp != "" {
			what = "nightly build"
		}
		at[digest] = len(all)
		all = append(all, Removed{Digest: digest, Tags: []string{v.tag}, Reason: reason(pruneOld, several(p.o.Keep, what))})
	}
	return all
}

func (p *publishedPruner) keeps() []Kept {
	var all []Kept
	for tag, why := range p.kept {
		all = append(all, Kept{Tag: tag, Digest: p.facts.Tags[tag].Digest, Reason: why})
	}
	slices.SortFunc(all, func(a, b Kept) int { return compareTags(a.Tag, b.Tag) })
	return all
}

// publishedVersion is a tag, understood.
type publishedVersion struct {
	tag     string
	version version.Version
	stamp   string // of a nightly or snapshot build: 20260131 or 20260131-235959
}

// versionReader tells which tags are versions of an image: what its changelog lists; for changelogs
// that were cut short, what has the form of one of those; and builds of these by night.
type versionReader struct {
	updates  version.Updates
	versions map[version.Version]bool
	forms    map[string]bool
}

func newVersionReader(img *fleet.Image, versions []version.Version, updateID string) versionReader {
	r := versionReader{updates: version.Updates(updateID), versions: map[version.Version]bool{}, forms: map[string]bool{}}
	for _, v := range append(slices.Clone(versions), img.Version) {
		r.versions[v], r.forms[r.updates.Form(v)] = true, true
	}
	return r
}

func (r versionReader) version(tag string) (publishedVersion, bool) {
	if v := version.Version(tag); r.versions[v] {
		return publishedVersion{tag: tag, version: v}, true
	}
	if of, stamp, ok := version.CutStamp(tag); ok && (r.versions[of] || r.forms[r.updates.Form(of)]) {
		return publishedVersion{tag: tag, version: of, stamp: stamp}, true
	}
	return publishedVersion{tag: tag, version: version.Version(tag)}, r.forms[r.updates.Form(version.Version(tag))]
}
