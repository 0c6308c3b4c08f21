package fleet

import (
	"slices"
	"strconv"
	"strings"
)

// Dockerfile is what the fleet must know of a rendered Dockerfile. It is not the Dockerfile's text.
type Dockerfile struct {
	Uses         []Use  // in the order of lines; stages of the same file are no uses
	Base         string // the image that the last stage begins with, in the end; "scratch" for none
	LastUser     string // argument of the last USER; empty when there is none
	LastUserLine int    // in the rendered file, from one
	// Instructions are what of its text can change what is built: comments do not.
	Instructions string
	Stages       []Stage
	// Secrets are what the steps that the image is made from ask for, in the order of lines.
	Secrets []SecretUse
}

// Use is one reference to an image that must exist when the Dockerfile is built.
type Use struct {
	Ref  string // as written, with the defaults of build arguments
	Line int    // in the rendered file, from one
	Kind string // FromUse, CopyUse or MountUse, with OnBuildUse before it where an ONBUILD does it
	// Platform is what FROM --platform asks for; empty when it does not.
	Platform string
	// Idle tells that it is in a stage that the image is not made from.
	Idle bool
}

// The kinds of uses.
const (
	FromUse    = "FROM"
	CopyUse    = "COPY --from"
	MountUse   = "RUN --mount"
	OnBuildUse = "ONBUILD "
)

// Stage is a stage of a Dockerfile: a FROM and what follows it.
type Stage struct {
	Name string // in lower case; empty when it has none
	// OnBuild is what its ONBUILD instructions use in a stage that is built FROM it. It may name stages:
	// those of the Dockerfile that it is used in.
	OnBuild []Use
	// OnBuildSecrets are what they ask for there.
	OnBuildSecrets []SecretUse
	Idle           bool // the image is not made from it
}

// StageOf finds the stage that a COPY or a RUN --mount takes files from which stands in this Dockerfile,
// or gets into it by an ONBUILD. COPY knows stages by their numbers, too. Of two stages with one name it
// is the later.
func (d Dockerfile) StageOf(u Use) (int, bool) {
	if n, err := strconv.Atoi(u.Ref); err == nil && strings.HasSuffix(u.Kind, CopyUse) {
		return max(n, 0), true
	}
	name := strings.ToLower(u.Ref)
	for i, s := range slices.Backward(d.Stages) {
		if s.Name != "" && s.Name == name {
			return i, true
		}
	}
	return 0, false
}

// Stage is the index of the stage that a build of the target makes: the last for the empty name, or for
// one that there is not.
func (d Dockerfile) Stage(target string) int {
	if i, ok := d.StageOf(Use{Ref: target}); ok {
		return i
	}
	return max(len(d.Stages)-1, 0)
}

// ParseError is what ScanOptions.ParseDockerfile returns when it knows the line.
type ParseError struct {
	Line int // in the rendered file, from one; 0 when unknown
	Err  error
}

// Error returns the cause alone; the scan adds the place.
func (e *ParseError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *ParseError) Unwrap() error { return e.Err }
