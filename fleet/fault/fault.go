// Package fault has the kinds of problems that a scan of a fleet finds. The words are the names of the rules
// of slipway lint.
package fault

import "github.com/slipway-build/slipway/problem"

// The kinds of problems that a scan finds.
const (
	UnreadableFile       problem.Kind = "unreadable-file"
	IncompleteFolder     problem.Kind = "incomplete-folder"
	OutsideFolder        problem.Kind = "outside-folder"
	ChangelogSyntax      problem.Kind = "changelog-syntax"
	ChangelogFormat      problem.Kind = "changelog-format"
	InvalidName          problem.Kind = "invalid-name"
	InvalidTag           problem.Kind = "invalid-tag"
	DuplicateName        problem.Kind = "duplicate-name"
	ControlSyntax        problem.Kind = "control-syntax"
	DependencyCycle      problem.Kind = "dependency-cycle"
	UnknownDependency    problem.Kind = "unknown-dependency"
	MissingPlatform      problem.Kind = "missing-platform"
	UnmetVersion         problem.Kind = "unmet-version"
	UndeclaredDependency problem.Kind = "undeclared-dependency"
	OutdatedReference    problem.Kind = "outdated-reference"
	UnorderedReference   problem.Kind = "unordered-reference"
	UndefinedVariable    problem.Kind = "undefined-variable"
	UnknownImage         problem.Kind = "unknown-image"
	UnknownUser          problem.Kind = "unknown-user"
	TemplateError        problem.Kind = "template-error"
	DockerfileSyntax     problem.Kind = "dockerfile-syntax"
	UserNotNumeric       problem.Kind = "user-not-numeric"
	UnknownKey           problem.Kind = "unknown-key"
	UnreadKey            problem.Kind = "unread-key"
	UnusedExclude        problem.Kind = "unused-exclude"
	UnreadableGit        problem.Kind = "unreadable-git"
)
