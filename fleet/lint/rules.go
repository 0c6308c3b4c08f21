package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/fleet/fault"
)

// Severity says how bad a finding is. The words are SARIF's levels.
type Severity string

// The severities, the worst first.
const (
	Error   Severity = "error"   // the build fails, or gives something else than was meant
	Warning Severity = "warning" // works today and will bite
	Note    Severity = "note"    // untidy
)

// Severities are all, the worst first.
func Severities() []Severity { return []Severity{Error, Warning, Note} }

// AtLeast reports whether s is as bad as other or worse.
func (s Severity) AtLeast(other Severity) bool {
	return slices.Index(Severities(), s) <= slices.Index(Severities(), other)
}

// Rule is one kind of finding.
type Rule struct {
	ID       string   // kebab-case; BuildKit's rules keep BuildKit's names
	Severity Severity // of its findings, unless a finding says otherwise
	Text     string   // what is wrong, one sentence
	Why      string   // what it leads to
	URL      string   // BuildKit's own page; empty for Slipway's rules
}

// The rules that are not kinds of problems of a scan.
const (
	changelogFormat    = "changelog-format"
	changelogOrder     = "changelog-version-order"
	changelogTwice     = "changelog-version-twice"
	changelogTime      = "changelog-time-order"
	unusedDependency   = "unused-dependency"
	floatingBase       = "floating-base-image"
	unpinnedAdd        = "unpinned-add"
	secretVariable     = "secret-in-variable"
	ungivenSecret      = "ungiven-secret"
	missingSource      = "missing-copy-source"
	copyIgnored        = "CopyIgnoredFile"
	buildContext       = "build-context"
	dockerignoreSyntax = "dockerignore-syntax"
	testNotExecutable  = "test-not-executable"
	lfsPointer         = "lfs-pointer"
	unknownRule        = "unknown-lint-rule"
)

// Rules are all rules: Slipway's own in the order of the files they look at, then BuildKit's.
func Rules() []Rule { return slices.Clone(rules) }

// FindRule returns the rule with the id.
func FindRule(id string) (Rule, bool) {
	r, ok := byID[id]
	return r, ok
}

var byID = func() map[string]Rule {
	m := make(map[string]Rule, len(rules))
	for _, r := range rules {
		m[r.ID] = r
	}
	return m
}()

var rules = slices.Concat(ownRules, buildKitRules)

var ownRules = []Rule{
	{ID: string(fault.UnreadableFile), Severity: Error, Text: "A file or folder cannot be read.",
		Why: "The image cannot be built."},
	{ID: string(fault.IncompleteFolder), Severity: Warning, Text: "A folder has only one of Dockerfile.template and changelog. Without a changelog it is an error.",
		Why: "It defines no image, and is never built."},
	{ID: string(fault.OutsideFolder), Severity: Error, Text: "A symbolic link leads to a definition outside the fleet.",
		Why: "It is not read: nothing outside the fleet's folder is."},

	{ID: string(fault.ChangelogSyntax), Severity: Error, Text: "A changelog cannot be read.",
		Why: "The image has neither name nor version."},
	{ID: changelogFormat, Severity: Warning, Text: "A part of a changelog does not fit deb-changelog(5).",
		Why: "It is passed over here; dpkg and python-debian may fail, and a date or an author gets lost."},
	{ID: string(fault.InvalidName), Severity: Error, Text: "The name in the changelog cannot be an image's name.",
		Why: "Registries accept lower-case repository paths only."},
	{ID: string(fault.InvalidTag), Severity: Error, Text: "The version in the changelog cannot be a tag.",
		Why: "Tags have letters, digits and `_.-`, and at most 128 of them."},
	{ID: string(fault.DuplicateName), Severity: Error, Text: "Two folders define one image.",
		Why: "Nothing is built, because either could be meant."},
	{ID: changelogOrder, Severity: Warning, Text: "A changelog goes back in version.",
		Why: "An entry is older, as dpkg compares versions, than the one below it: a typing error, or entries in the wrong order."},
	{ID: changelogTwice, Severity: Warning, Text: "A changelog has a version twice.",
		Why: "Both would be the same tag; the newer one is taken for built already."},
	{ID: changelogTime, Severity: Warning, Text: "A changelog goes back in time.",
		Why: "The date is the image's date: a newer image looks older than the one it replaces."},

	{ID: string(fault.ControlSyntax), Severity: Error, Text: "A control file is not in Debian's format.",
		Why: "dpkg refuses it. `build` passes over what it cannot read, as docker-pkg does: a dependency may be missing. Where one could be, `update` refuses to work."},
	{ID: string(fault.DependencyCycle), Severity: Error, Text: "Images need each other.",
		Why: "There is no order in which they could be built."},
	{ID: string(fault.UnknownDependency), Severity: Warning, Text: "A dependency in control is defined nowhere.",
		Why: "`build` goes on without it, `update` refuses to work."},
	{ID: string(fault.MissingPlatform), Severity: Error, Text: "A parent is not made for a platform that the image is made for.",
		Why: "There is nothing that it could be built on."},
	{ID: string(fault.UnmetVersion), Severity: Warning, Text: "The fleet has another version than control asks for.",
		Why: "The image is built with it all the same."},
	{ID: string(fault.UndeclaredDependency), Severity: Warning, Text: "The Dockerfile uses an image that control does not name.",
		Why: "docker-pkg may build the image before its parent, and its `update` passes it over."},
	{ID: unusedDependency, Severity: Note, Text: "control names an image that the Dockerfile does not use.",
		Why: "The image waits for the other one's build and gets its updates, for nothing."},
	{ID: string(fault.UnorderedReference), Severity: Warning, Text: "An ONBUILD instruction, or a further tag, names an image that is built from this one.",
		Why: "What was built or published before is used, so two builds in a row may differ."},
	{ID: string(fault.OutdatedReference), Severity: Warning, Text: "The Dockerfile uses another version of an image than the fleet has.",
		Why: "Updates of the other image do not arrive."},

	{ID: string(fault.UndefinedVariable), Severity: Error, Text: "A template uses a variable that is not defined.",
		Why: "It cannot be rendered."},
	{ID: string(fault.UnknownImage), Severity: Error, Text: "image_tag is given a name that nobody has.",
		Why: "It cannot be rendered."},
	{ID: string(fault.TemplateError), Severity: Error, Text: "A template cannot be parsed or rendered.",
		Why: "There is no Dockerfile to build."},
	{ID: string(fault.UnknownUser), Severity: Warning, Text: "uid or add_user is given a name that known_uid_mappings lacks.",
		Why: "uid leaves the name as it is, add_user fails."},

	{ID: string(fault.UnknownKey), Severity: Error, Text: "A key of the configuration is like one of Slipway's and is none, or has a value that is of another form, and no template uses it.",
		Why: "It does nothing; most likely a typing error."},
	{ID: string(fault.UnreadKey), Severity: Warning, Text: "A value below `slipway` has not the form of Slipway's key of that name, and a template uses `slipway`.",
		Why: "Slipway does not act on it."},
	{ID: string(fault.UnusedExclude), Severity: Warning, Text: "A glob of `slipway.exclude` matches no image and no folder.",
		Why: "It leaves nothing out; most likely a typing error."},

	{ID: string(fault.DockerfileSyntax), Severity: Error, Text: "The rendered Dockerfile is not one.",
		Why: "BuildKit refuses it."},
	{ID: string(fault.UserNotNumeric), Severity: Error, Text: "The last USER is a name although force_numeric_user is set.",
		Why: "The build refuses it: a cluster cannot tell whether a named user is root."},
	{ID: floatingBase, Severity: Warning, Text: "FROM, COPY --from or RUN --mount uses an image from elsewhere with the tag latest, or without a tag.",
		Why: "Nobody can say later what the image was built on. A note only where `base_images` or `seed_image` ask for it."},
	{ID: unpinnedAdd, Severity: Warning, Text: "ADD fetches a URL without --checksum, or a git repository without a commit.",
		Why: "What arrives can change at any time, unnoticed."},
	{ID: secretVariable, Severity: Warning, Text: "An ARG or ENV looks like a secret.",
		Why: "It stays in the image's configuration and history, for everybody who can pull it."},
	{ID: ungivenSecret, Severity: Warning, Text: "A RUN --mount asks for a secret or an SSH agent that neither `slipway.secrets`, `slipway.ssh` nor a flag gives.",
		Why: "With `required` the build refuses the image; a note without: the step runs, and finds nothing."},
	{ID: missingSource, Severity: Error, Text: "COPY or ADD takes a file that the folder does not have.",
		Why: "The build fails."},
	{ID: copyIgnored, Severity: Error, Text: "COPY or ADD takes a file that .dockerignore leaves out.",
		Why: "The build fails.", URL: docs + "copy-ignored-file/"},

	{ID: buildContext, Severity: Error, Text: "A file of the folder cannot be part of the build context.",
		Why: "A link out of the fleet and of `slipway.link_roots`, a link to nothing, a device or a pipe: the build refuses it."},
	{ID: string(fault.UnreadableGit), Severity: Warning, Text: "What git keeps of a checkout cannot be read.",
		Why: "Modes of files count as they stand: a clone made under another umask is other content."},
	{ID: dockerignoreSyntax, Severity: Error, Text: ".dockerignore has a pattern that is none.",
		Why: "The build refuses it."},
	{ID: lfsPointer, Severity: Warning, Text: "A file of the folder is a pointer of git-lfs.",
		Why: "Where the image should have the file it has three lines of text."},
	{ID: testNotExecutable, Severity: Error, Text: "The image's test is not executable.",
		Why: "The test fails, so the image is thrown away after it was built."},
	{ID: unknownRule, Severity: Warning, Text: "A rule to be ignored does not exist.",
		Why: "Nothing is ignored; most likely a typing error."},
}

const docs = "https://docs.docker.com/go/dockerfile/rule/"

// buildKitRules are those of BuildKit's linter that can be checked without a build. Left out are
// SecretsUsedInArgOrEnv (secret-in-variable looks closer), InvalidBaseImagePlatform (needs the
// registry) and InvalidDefinitionDescription (an experiment of BuildKit's).
var buildKitRules = []Rule{
	buildKit("ConsistentInstructionCasing", Note, "The instructions of one Dockerfile are not all upper or all lower case."),
	buildKit("DuplicateStageName", Warning, "Two stages have one name."),
	buildKit("ExposeInvalidFormat", Warning, "EXPOSE has an IP address or a port of the host."),
	buildKit("ExposeProtoCasing", Note, "The protocol in EXPOSE is not lower case."),
	buildKit("FromAsCasing", Note, "FROM and AS are not both upper or both lower case."),
	buildKit("FromPlatformFlagConstDisallowed", Warning, "FROM --platform has a fixed value."),
	buildKit("InvalidDefaultArgInFrom", Warning, "The defaults of the ARGs make no image name for FROM."),
	buildKit("JSONArgsRecommended", Warning, "CMD or ENTRYPOINT is not a JSON list: a shell gets the signals."),
	buildKit("LegacyKeyValueFormat", Warning, "ENV or LABEL is written with a blank instead of =."),
	buildKit("MaintainerDeprecated", Note, "MAINTAINER is used; a label says the same."),
	buildKit("MultipleInstructionsDisallowed", Warning, "A stage has CMD, ENTRYPOINT or HEALTHCHECK twice; only the last one counts."),
	buildKit("NoEmptyContinuation", Warning, "An empty line follows a backslash."),
	buildKit("RedundantTargetPlatform", Note, "FROM --platform asks for what is the default."),
	buildKit("ReservedStageName", Warning, "A stage is called scratch or context."),
	buildKit("StageNameCasing", Note, "The name of a stage is not lower case."),
	buildKit("UndefinedArgInFrom", Warning, "FROM uses an ARG that is not declared."),
	buildKit("UndefinedVar", Warning, "A variable is used that neither ARG nor ENV defines, here or in the images below."),
	buildKit("WorkdirRelativePath", Warning, "WORKDIR is relative, with no absolute one above it in the stage."),
}

func buildKit(id string, severity Severity, text string) Rule {
	return Rule{ID: id, Severity: severity, Text: text, Why: "BuildKit warns of it.", URL: docs + kebab(id) + "/"}
}

// kebab is the name of a BuildKit rule in the address of its page.
func kebab(id string) string {
	if id == "JSONArgsRecommended" {
		return "json-args-recommended"
	}
	var b strings.Builder
	for i, c := range id {
		if 'A' <= c && c <= 'Z' {
			if i > 0 {
				b.WriteByte('-')
			}
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

// markdown is the table of all rules in docs/lint.md.
func markdown() string {
	var b strings.Builder
	b.WriteString("| rule | severity | what is wrong | what it leads to |\n|---|---|---|---|\n")
	for _, r := range rules {
		name := "`" + r.ID + "`"
		if r.URL != "" {
			name = "[" + name + "](" + r.URL + ")"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, r.Severity, r.Text, r.Why)
	}
	return b.String()
}
