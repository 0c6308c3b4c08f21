package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/fleet/inputs"
)

// whyBuild returns the reasons to build an image, none when what is stored is good.
func (m *maker) whyBuild(img *fleet.Image, st *state) []Reason {
	var why []Reason
	switch {
	case !st.found:
		why = append(m.whyMissing(img), m.sinceGood(img, st)...)
	case st.stored.Damaged != "":
		why = []Reason{{KindDamaged, "damaged: of its content " + st.stored.Damaged}}
	case !st.known && !st.stored.Tested:
		// Nobody knows whether its definition is still what it was built from.
		why = append(why, Reason{KindUntested, "its test did not end"})
	case st.known && (!st.same || len(st.fresh) > 0):
		why = m.whyOther(img, st)
	}
	if m.Force != nil && st.selected && m.Force(img) {
		why = append(why, Reason{KindRequested, "requested"})
	}
	return why
}

func (m *maker) whyMissing(img *fleet.Image) []Reason {
	past := m.facts.Past[img.Name]
	old := cmp.Or(m.previous[repository(img)], past.Tag)
	switch {
	case past.FailedTest:
		return []Reason{{KindFailed, "its last test failed"}}
	case past.Failed:
		return []Reason{{KindFailed, "its last build failed"}}
	case past.Tag == img.Tag:
		return []Reason{{KindRemoved, img.Tag + " was built, but is no longer in the store"}}
	case old == "":
		return []Reason{{KindNew, "never built"}}
	}
	source := "changelog"
	switch {
	case img.Tag != img.Version:
		source = "nightly or snapshot"
	case img.Moving:
		source = "tags"
	}
	return []Reason{{KindVersion, fmt.Sprintf("version %s → %s (%s)", old, img.Tag, source)}}
}

// sinceGood says what changed since this version was good, although it is not in the store now: its
// version promises that content.
func (m *maker) sinceGood(img *fleet.Image, st *state) []Reason {
	past := m.facts.Past[img.Name]
	if !st.known || past.Tag != img.Tag || !past.known() {
		return nil
	}
	if _, same := st.by(past.Mark()); same {
		return nil
	}
	var why []Reason
	for _, r := range m.compare(past, st) {
		if r.Kind != KindRebuilt { // its parents may only be missing, as it is
			why = append(why, r)
		}
	}
	if changedContent(why) && versioned(img) {
		why = append(why, unversioned(img))
	}
	return why
}

// whyOther says what is other than when the stored image was made.
func (m *maker) whyOther(img *fleet.Image, st *state) []Reason {
	past, known := m.facts.Past[img.Name]
	if known && past.Parts.Digest() == st.stored.Inputs {
		why := m.compare(past, st)
		if content := changedContent(why); content && versioned(img) {
			why = append(why, unversioned(img))
		}
		if len(why) > 0 {
			return why
		}
	}
	why := m.parents(st.parents, st.parents, st.fresh) // of what is certain anyway
	_, sameInputs := st.by(st.stored.Mark())
	switch {
	case sameInputs && st.otherLevel():
		why = append(why, Reason{KindEngine, fmt.Sprintf("engine level %d → %d", st.stored.Level, st.now.Level)})
	case st.same:
	case st.stored.Inputs == InputsUnsure:
		why = append(why, Reason{KindInputs, "its files changed during the run that built it"})
	case st.stored.Inputs == "":
		why = append(why, Reason{KindInputs, "it is not known what it was made from"})
	default:
		why = append(why, Reason{KindInputs, "its content changed; what exactly is not known, because the state has no record of that build"})
		if versioned(img) {
			why = append(why, unversioned(img))
		}
	}
	return why
}

// changedContent tells whether there is more than what happens without anybody's edit: an image
// that was built again under its version, or another engine.
func changedContent(why []Reason) bool {
	return slices.ContainsFunc(why, func(r Reason) bool { return r.Kind != KindEngine && r.Kind != KindRebuilt })
}

// versioned tells whether the image's tag is to stand for one content: that of its changelog does, a
// nightly build's and that of a listed image do not.
func versioned(img *fleet.Image) bool { return !img.Moving && img.Tag == img.Version }

func unversioned(img *fleet.Image) Reason {
	return Reason{KindUnversioned, fmt.Sprintf("built %s has other content now: the version says nothing of it (`slipway update %s` adds a changelog entry)", img.Tag, img.Name)}
}

func changedUnversioned(why []Reason) bool {
	return slices.ContainsFunc(why, func(r Reason) bool { return r.Kind == KindUnversioned })
}

// strictError is what the option Strict makes of content that changed under an unchanged version.
func (m *maker) strictError(img *fleet.Image, st *state) error {
	var what []string
	for _, r := range st.why {
		if r.Kind != KindUnversioned {
			what = append(what, r.Text)
		}
	}
	return fmt.Errorf("%s:%d: cannot build %s %s again: its content changed, its version did not: %s\nhint: `slipway update %s --reason TEXT` adds a changelog entry; without --strict it is built under the old version%s",
		m.fleet.Path(img, "changelog"), img.Line, img.Name, img.Tag, strings.Join(what, "; "), img.Name, m.ignoreHint(img, st.stored.Mark()))
}

// compare lists the differences between the inputs then and now.
func (m *maker) compare(past Past, st *state) []Reason {
	before := past.Parts
	after, _ := st.by(past.Mark())
	var why []Reason
	files := changedFiles(past, before, after)
	if files != "" {
		why = append(why, Reason{KindFiles, "files changed: " + files})
	}
	if before.Commit != after.Commit {
		why = append(why, Reason{KindCommit, fmt.Sprintf("commit %s → %s", short(before.Commit), short(after.Commit))})
	}
	if before.Folder != after.Folder && after.Commit != "" && before.Commit != "" {
		why = append(why, Reason{KindFolder, fmt.Sprintf("folder %s → %s of the repository", shown(cmp.Or(before.Folder, "/")), shown(cmp.Or(after.Folder, "/")))})
	}
	if before.IgnoreFile != after.IgnoreFile && before.Commit == after.Commit {
		why = append(why, Reason{KindFiles, fmt.Sprintf("ignore file %s → %s", shown(cmp.Or(before.IgnoreFile, buildcontext.IgnoreFile)), shown(cmp.Or(after.IgnoreFile, buildcontext.IgnoreFile)))})
	}
	if before.Checkout != after.Checkout && before.Commit == after.Commit {
		why = append(why, Reason{KindFiles, fmt.Sprintf("checked out of the commit: %s → %s", shown(cmp.Or(before.Checkout, "all")), shown(cmp.Or(after.Checkout, "all")))})
	}
	dockerfiles := before.Dockerfile != after.Dockerfile || before.BuildDockerfile != after.BuildDockerfile
	if dockerfiles && files == "" && before.Commit == after.Commit && before.Folder == after.Folder && sameNames(before.Parents, after.Counted()) {
		why = append(why, Reason{KindDockerfile, "the rendered Dockerfile changed (by the configuration, or by another image's version)"})
	}
	if before.Target != after.Target {
		why = append(why, Reason{KindArgument, fmt.Sprintf("target %q → %q", before.Target, after.Target)})
	}
	for _, name := range union(before.Args, after.Args) {
		if name != "SOURCE_DATE_EPOCH" {
			why = appendArgument(why, name, before.Args[name], after.Args[name])
		} else if before.Args[name] != after.Args[name] && files == "" && before.Commit == after.Commit {
			why = append(why, Reason{KindArgument, "its date changed"})
		}
	}
	why = append(why, m.parents(before.Parents, after.Counted(), st.fresh)...)
	if before.Platform != after.Platform {
		why = append(why, Reason{KindPlatform, fmt.Sprintf("platform %s → %s", before.Platform, after.Platform)})
	}
	if before.Level != st.now.Level {
		why = append(why, Reason{KindEngine, fmt.Sprintf("engine level %d → %d", before.Level, st.now.Level)})
	}
	return why
}

// sameNames tells whether the parents are the same images, in whatever version. If not, the
// Dockerfile differs by their names, which the parents' own reasons say.
func sameNames(a, b []inputs.Parent) bool {
	return slices.EqualFunc(a, b, func(a, b inputs.Parent) bool { return a.Name == b.Name })
}

func appendArgument(why []Reason, name, before, after string) []Reason {
	verb := "changed"
	switch {
	case before == after:
		return why
	case before == "":
		verb = "added"
	case after == "":
		verb = "removed"
	}
	return append(why, Reason{KindArgument, "build argument " + name + " " + verb})
}

func union(a, b map[string]string) []string {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

// short is a commit as people write it.
func short(commit string) string {
	return commit[:min(len(commit), 12)]
}

// problems takes joined errors apart, without their hints.
func problems(err error) []string {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []string
		for _, e := range joined.Unwrap() {
			all = append(all, problems(e)...)
		}
		return all
	}
	text, _, _ := strings.Cut(err.Error(), "\nhint: ")
	return []string{text}
}
