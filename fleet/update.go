package fleet

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/slipway-build/slipway/changelog"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/version"
)

// defaultReason is what an update is for when nobody says; docker-pkg's words.
const defaultReason = "Security update"

// UpdateOptions are what goes into new changelog entries.
type UpdateOptions struct {
	Reason  string          // one or more lines; empty is defaultReason
	Version version.Version // of the named image; empty is the next one (version.Updates.Next)
	Force   bool            // allows a Version that is older than the newest entry's

	Author, Email string    // of the entries; whoever calls finds them out
	Now           time.Time // date of the entries
	Distribution  string    // key distribution; empty is that of each image's newest entry
	UpdateID      string    // key update_id: the s in 1.2.3-s1
}

// Edit is a changelog with one more entry, not yet written.
type Edit struct {
	Image *Image
	Path  string // as messages have it
	Entry changelog.Entry
	Old   []byte // what the file held when the edit was planned
	New   []byte // Old with the entry in front

	file string // absolute, without symbolic links
}

// PlanUpdate makes a changelog entry for the image with exactly this name and for every image that
// depends on it, however far, or whose ONBUILD instructions name one that does, in build order;
// ApplyUpdate writes them. Definitions that cannot be
// read or rendered and dependencies that no folder defines are errors, as an image could be missed
// for them: many a Dockerfile uses a parent that its control does not name. See also Passed.
func PlanUpdate(f *Fleet, name string, o UpdateOptions) ([]Edit, error) {
	img, err := f.Find(name)
	if err != nil {
		return nil, err
	}
	if err := f.knowsAllEdges(); err != nil {
		return nil, err
	}
	// docker-pkg adds no bullet, so people write their own.
	o.Reason = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(o.Reason), "* "))
	if o.Reason == "" {
		o.Reason = defaultReason
	}
	t := tree{dir: f.dir, root: f.Root}
	if err := t.findReal(); err != nil {
		return nil, err
	}
	var edits []Edit
	var problems []Problem
	for _, target := range append([]*Image{img}, f.affected(img)...) {
		edit, err := planEdit(&t, f, target, img, o)
		if err != nil {
			problems = append(problems, atChangelog(f, target, err))
			continue
		}
		edits = append(edits, edit)
	}
	if err := joinProblems(problems); err != nil {
		return nil, err
	}
	return edits, nil
}

// knowsAllEdges refuses a fleet whose graph has holes.
func (f *Fleet) knowsAllEdges() error {
	problems := slices.Concat(f.Broken, f.missing)
	var errs []error
	for _, img := range f.Images {
		if img.depsUnknown || f.Recipe(img).Dockerfile.Text == "" && img.Err != nil {
			errs = append(errs, img.Err)
		}
	}
	if err := joinProblems(problems); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Passed tells of the images that an update gives no entry although they may need one: a Dockerfile of
// theirs is none, so only control says what they are made from. Sorted.
func Passed(f *Fleet, edits []Edit) []Problem {
	updated := map[*Image]bool{}
	for _, e := range edits {
		updated[e.Image] = true
	}
	var problems []Problem
	for _, img := range f.Images {
		if len(img.unread) == 0 || updated[img] {
			continue
		}
		p := img.unread[0]
		p.Text = img.Name + " gets no entry, for nobody can tell what it is made from: " + p.Text
		p.Hint = "mend it first, or give it an entry of its own: `slipway update " + img.Name + "`"
		problems = append(problems, p)
	}
	sortProblems(problems)
	return problems
}

func planEdit(t *tree, f *Fleet, target, updated *Image, o UpdateOptions) (Edit, error) {
	rel := path.Join(target.Dir, changelogFile)
	file, _, err := t.check(rel, maxChangelog)
	if err != nil {
		return Edit{}, fmt.Errorf("cannot read the changelog: %w", err)
	}
	old, err := t.read(rel, maxChangelog)
	if err != nil {
		return Edit{}, fmt.Errorf("cannot read the changelog: %w", err)
	}
	newest, err := changelog.ParseNewest(f.Path(target, changelogFile), old)
	if err != nil {
		return Edit{}, err
	}
	if newest.Package != target.Name || newest.Version != target.Version {
		return Edit{}, fmt.Errorf("cannot add an entry: the newest one is now %s (%s), it was %s (%s)",
			newest.Package, newest.Version, target.Name, target.Version)
	}
	entry := changelog.Entry{
		Package: target.Name, Distributions: cmp.Or(o.Distribution, newest.Distributions), Urgency: "high",
		Author: fmt.Sprintf("%s <%s>", o.Author, o.Email), Date: o.Now,
	}
	if target == updated {
		entry.Version, entry.Changes = o.Version, []string{o.Reason}
	} else {
		entry.Changes = []string{fmt.Sprintf("Rebuild on the update of %s:\n%s", updated.Name, o.Reason)}
	}
	if entry.Version == "" {
		if entry.Version, err = version.Updates(o.UpdateID).Next(target.Version); err != nil {
			return Edit{}, err
		}
	}
	where := "in the changelog"
	if target == updated && o.Version != "" {
		where = "in --version"
	}
	if err := checkUpdate(f, target, entry, where); err != nil {
		return Edit{}, err
	}
	if target == updated && o.Version != "" && !o.Force && o.Version.GoesBack(target.Version) {
		return Edit{}, problem.With(fmt.Errorf("cannot add version %s: it is older than %s, the newest entry's", entry.Version, target.Version), "--force adds it all the same; a version that was published before is not built again")
	}
	data, err := changelog.Prepend(old, entry)
	return Edit{
		Image: target, Path: f.Path(target, changelogFile), Entry: entry,
		Old: old, New: data, file: file,
	}, err
}

func checkUpdate(f *Fleet, target *Image, entry changelog.Entry, where string) error {
	if entry.Version == target.Version {
		return fmt.Errorf("cannot add version %s: it is the newest entry's already", entry.Version)
	}
	return checkTag(f.Path(target, changelogFile), &Image{
		Name: target.Name, Version: entry.Version, Tag: string(entry.Version), Line: target.Line,
	}, where)
}

// atChangelog gives an error the place of the image's newest entry, unless it has a place.
func atChangelog(f *Fleet, img *Image, err error) Problem {
	p := asProblem(f.Path(img, changelogFile), err)
	if p.Path == "" {
		p.Path = f.Path(img, changelogFile)
	}
	if p.Line == 0 {
		p.Line = img.Line
	}
	return p
}
