package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/recipe"
)

// The kinds of reasons that have several causes, or of which more is to be known.
const (
	kindUntested    = "untested"
	kindTest        = "test"
	kindTags        = "tags"
	kindFailed      = "failed"
	kindFiles       = "files"
	kindParent      = "parent"
	kindRebuilt     = "rebuilt"
	kindArgument    = "argument"
	kindEngine      = "engine"
	kindInputs      = "inputs"
	kindUnversioned = "unversioned"
	kindUnpublished = "unpublished"
	kindVanished    = "vanished"
	kindUnreadable  = "unreadable"
	kindMoved       = "moved"
	kindOutdated    = "outdated"
	kindNeeded      = "needed"
	kindStored      = "stored"
	kindForeign     = "foreign"
	kindIndex       = "index"
)

// The kinds of reasons of PrunePublished that a view treats differently.
const (
	PruneNewest   = "newest"   // kept: one of the newest
	PruneNoDigest = "nodigest" // kept: it is old, but not all digests of the image are known
	PruneForeign  = "foreign"  // kept: the tag is not a version of the image
	PruneFixed    = "fixed"    // kept: the configuration's list says what tags the image has
)

// vocabulary is how each cause is told: its kind, which programs go by and docs/plan.md lists, the sentence,
// and how an argument of it is shown.
var vocabulary = [causes]struct {
	kind, text string
	show       func(string) string
}{
	byUnselected: {"unselected", "not selected", nil},
	byNowhere:    {kindForeign, "its Architecture in control names no platform of the configuration", nil},
	byError:      {"error", "%s", nil},
	byBlocked:    {"blocked", "blocked by %s, which has an error", nil},

	byBlockedForeign:   {"blocked", "blocked by %s, which is not built here", nil},
	byForeign:          {kindForeign, "this machine builds for %s and cannot run %s", nil},
	byEmulated:         {kindForeign, "this machine builds for %s; it can run %s by emulation, but this version does not build that way", nil},
	byForeignParent:    {kindForeign, "this machine has images for %s alone, and it is made from %s for %s", nil},
	byStuckTargets:     {kindIndex, "there is no image for %s", nil},
	byLoose:            {kindIndex, "its images are not together at the registry, and this version publishes no index", nil},
	byUnpublishedIndex: {kindIndex, "not published", nil},

	byNew:         {"new", "never built", nil},
	byRemoved:     {"removed", "%s was built, but is no longer in the store", nil},
	byFailedBuild: {kindFailed, "its last build failed", nil},
	byFailedTest:  {kindFailed, "its last test failed", nil},
	byVersion:     {"version", "version %s → %s (%s)", nil},
	byDamaged:     {"damaged", "damaged: of its content %s", nil},
	byUnsureTest:  {kindUntested, "its test did not end", nil},
	byRequested:   {"requested", "requested", nil},

	byFiles:         {kindFiles, "files changed: %s", nil},
	byIgnoreFile:    {kindFiles, "ignore file %s → %s", shownOr(buildcontext.IgnoreFile)},
	byCheckout:      {kindFiles, "checked out of the commit: %s → %s", shownOr("all")},
	byCommit:        {"commit", "commit %s → %s", short},
	byFolder:        {"folder", "folder %s → %s of the repository", shownOr("/")},
	byDockerfile:    {"dockerfile", "the rendered Dockerfile changed (by the configuration, or by another image's version)", nil},
	byTarget:        {kindArgument, "target %q → %q", nil},
	byArgument:      {kindArgument, "build argument %s %s", nil},
	byDate:          {kindArgument, "its date changed", nil},
	byPlatform:      {"platform", "platform %s → %s", nil},
	byEngine:        {kindEngine, "engine level %s → %s", nil},
	byUnsureInputs:  {kindInputs, "its files changed during the run that built it", nil},
	byUnknownInputs: {kindInputs, "it is not known what it was made from", nil},
	byOtherInputs:   {kindInputs, "its content changed; what exactly is not known, because the state has no record of that build", nil},
	byContent:       {kindUnversioned, "built %s has other content now: the version says nothing of it (`slipway update %s` adds a changelog entry)", nil},

	byParent:         {kindParent, "now made from %s", nil},
	byParentGone:     {kindParent, "now made without %s", nil},
	byParentVersion:  {kindParent, "parent %s %s → %s", nil},
	byTrigger:        {kindRebuilt, "now made from %s", nil},
	byTriggerGone:    {kindRebuilt, "now made without %s", nil},
	byTriggerVersion: {kindRebuilt, "parent %s %s → %s", nil},
	byParentToBuild:  {kindRebuilt, "parent %s %s is to be built", nil},
	byParentBuilt:    {kindRebuilt, "parent %s %s was built again", nil},
	byImage:          {kindRebuilt, "image %s changed", nil},

	byPublished:        {"published", "published", nil},
	byPublishedContent: {kindUnversioned, "published %s has other content: add a changelog entry (`slipway update %s --reason TEXT`)", nil},
	byPublishedTags:    {kindTags, "further tags: %s", nil},
	byUnread:           {"unread", "its definition is wrong: %s", nil},
	byMoved:            {kindMoved, "its tag was moved by others: %s → %s", shortDigest},
	byOutdatedParent:   {kindOutdated, "parent %s %s is another at the registry now", nil},
	byOutdated:         {kindOutdated, "what it is made from is another at the registry now", nil},
	byUnseenBase:       {kindOutdated, "its base %s cannot be looked at: %s", nil},
	byNewBase:          {kindOutdated, "its base %s is newer now (`slipway update %s` builds on it)", nil},
	byNewBaseOfListed:  {kindOutdated, "its base %s is newer now (`slipway build --force --select '%s:*'` builds on it)", nil},

	byUntested: {kindUntested, "built, but its test did not end well", nil},
	byTest:     {kindTest, "its test changed", nil},
	byNewTest:  {kindTest, "it has a test now", nil},
	byTags:     {kindTags, "further tags: %s", nil},
	byTested:   {kindStored, "built and tested", nil},
	byTestless: {kindStored, "built; it has no test", nil},

	byUnpublished:    {kindUnpublished, "not published", nil},
	byAbsentPlatform: {kindUnpublished, "the registry has the tag, without %s", nil},
	byPartialParent:  {kindUnpublished, "not published: what it is made from, %s, is not published for all its platforms", nil},
	byPrivate:        {kindUnpublished, "not published: what it is made from, %s, is not here as it is published (--no-pull)", nil},
	byReplaced:       {kindUnpublished, "the registry has another image under this tag, which is replaced", nil},
	byOther:          {kindUnpublished, "the registry has another image under this tag", nil},
	byUnreadable:     {kindUnreadable, "not readable: absent, or not ours", nil},
	byVanished:       {kindVanished, "%s was published, but is no longer at the registry", nil},
	byNeeded:         {kindNeeded, "needed by %s", nil},

	pruneOld:     {"old", "it is older than the newest %s", nil},
	pruneNewest:  {PruneNewest, "it is among the newest %s", nil},
	pruneOwn:     {PruneNewest, "it is the changelog's newest version", nil},
	pruneNewer:   {"newer", "it is newer than the changelog's %s", nil},
	pruneUsed:    {"used", "the Dockerfile of %s names it", nil},
	pruneSame:    {"same", "%s names the same image, and would be deleted with it", nil},
	prunePart:    {"part", "it is part of %s", nil},
	pruneUnknown: {PruneNoDigest, "the registry did not say what all tags of the image name", nil},
	pruneForeign: {PruneForeign, "it is not a version of the image", nil},
	pruneFixed:   {PruneFixed, "the configuration's list says what tags the image has", nil},
}

// Kind is what programs go by: one of those that docs/plan.md lists or, of a pruned image, docs/registries.md.
func (r Reason) Kind() string { return vocabulary[r.cause].kind }

// Text is the sentence for people. It may be worded better one day.
func (r Reason) Text() string {
	words, args := vocabulary[r.cause], make([]any, 0, 3)
	switch r.cause {
	case byFiles:
		args = append(args, filesText(r.more))
	case byTags, byPublishedTags, byStuckTargets:
		args = append(args, strings.Join(r.args, ", "))
	case byNeeded:
		args = append(args, someOf(r.args))
	default:
		for _, arg := range r.args {
			if words.show != nil {
				arg = words.show(arg)
			}
			args = append(args, arg)
		}
	}
	if len(args) == 0 {
		return words.text
	}
	return fmt.Sprintf(words.text, args...)
}

// texts are the sentences of the reasons in one line, but for those of a kind.
func texts(reasons []Reason, but string) string {
	var all []string
	for _, r := range reasons {
		if r.Kind() != but {
			all = append(all, r.Text())
		}
	}
	return strings.Join(all, "; ")
}

// strictError is what the option Strict makes of content that changed under an unchanged version.
func (m *maker) strictError(n *node) error {
	img := n.img
	err := fmt.Errorf("%s:%d: cannot build %s %s again: its content changed, its version did not: %s",
		m.fleet.Path(img, "changelog"), img.Line, img.Name, img.Tag, texts(n.reasons, kindUnversioned))
	err = problem.Withf(err, "`slipway update %s --reason TEXT` adds a changelog entry; without --strict it is built under the old version", img.Name)
	return m.withIgnoreHint(err, img, n.stored.Mark())
}

// publishedError is that of other content under a published version.
func (m *maker) publishedError(n *node, why []Reason) error {
	img := n.img
	err := fmt.Errorf("%s:%d: cannot build %s %s: %s", m.fleet.Path(img, "changelog"), img.Line, img.Name, img.Tag, texts(why, ""))
	err = problem.With(err, "--force builds it under its old version, and replaces the published one")
	return m.withIgnoreHint(err, img, n.published.Mark)
}

// baseError is that of an image from elsewhere that cannot be built on.
func (m *maker) baseError(img *fleet.Image, ref string, err error) error {
	err = fmt.Errorf("%s: cannot build %s %s: its base %s cannot be refreshed: %w", m.fleet.Path(img, ""), img.Name, img.Tag, ref, err)
	if m.facts.stored(ref).ID != "" {
		err = problem.With(err, "with --no-pull it is built on the one in the store")
	}
	return err
}

// IgnoreHint says how to leave out of a context what only Slipway reads.
func IgnoreHint(f *fleet.Fleet, img *fleet.Image) string {
	return "an instruction takes the whole folder; these lines in " + f.Path(img, buildcontext.IgnoreFile) +
		" leave out what only Slipway reads: .dockerignore, changelog, control, Dockerfile*, test.sh"
}

// withIgnoreHint gives it to the error of an image all of whose folder counts.
func (m *maker) withIgnoreHint(err error, img *fleet.Image, mark inputs.Mark) error {
	if followed, bad := recipe.Parse(mark.Followed); bad != nil || !followed.Known || !followed.Whole() || m.fleet.Recipe(img).Plain {
		return err
	}
	return problem.With(err, IgnoreHint(m.fleet, img))
}

// someOf lists up to three names in alphabetical order.
func someOf(names []string) string {
	const most = 3
	names = slices.Sorted(slices.Values(names))
	if n := len(names); n > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), n-most)
	}
	return strings.Join(names, ", ")
}

// shownOr is how the name of a file is shown, or a word for an empty one.
func shownOr(none string) func(string) string {
	return func(name string) string { return shown(cmp.Or(name, none)) }
}

// short is a commit as people write it.
func short(commit string) string { return commit[:min(len(commit), 12)] }

// shortDigest is a digest as people compare it.
func shortDigest(d string) string {
	_, hex, _ := strings.Cut(d, ":")
	return short(hex)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// mostFiles is how many changed files a sentence names.
const mostFiles = 5

func filesText(changes *detail) string {
	if changes == nil {
		return "which ones is not known"
	}
	files, more := changes.files, ""
	if n := len(files); n > mostFiles+1 {
		files, more = files[:mostFiles], fmt.Sprintf(", %d more", n-mostFiles)
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.text()
	}
	return strings.Join(names, ", ") + more
}

// text is the file's name, and how it changed unless that goes without saying.
func (f fileChange) text() string {
	wasMode, was, ok := strings.Cut(f.before, " ")
	isMode, is, _ := strings.Cut(f.after, " ")
	name := shown(f.path)
	switch {
	case f.added:
		return name + " (new)"
	case f.gone:
		return name + " (gone)"
	case ok && was == is:
		return fmt.Sprintf("%s (mode %s → %s)", name, permissions(wasMode), permissions(isMode))
	}
	return name
}

// permissions are a mode's last four octal digits.
func permissions(mode string) string {
	padded := "0000" + mode
	return padded[len(padded)-4:]
}

// shown is a file's name for people: one that could do something to a terminal, or to the list that
// it stands in, is quoted.
func shown(name string) string {
	if quoted := strconv.Quote(name); quoted[1:len(quoted)-1] != name || strings.Contains(name, ", ") {
		return quoted
	}
	return name
}
