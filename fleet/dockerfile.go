package fleet

import "strings"

// Dockerfile is what the fleet must know of a rendered Dockerfile. It is not the Dockerfile's text.
type Dockerfile struct {
	Uses         []Use  // in the order of lines; stages of the same file are no uses
	Base         string // the image that the last stage begins with, in the end; "scratch" for none
	LastUser     string // argument of the last USER; empty when there is none
	LastUserLine int    // in the rendered file, from one
	// Instructions are what of its text can change what is built: comments do not.
	Instructions string
}

// Use is one reference to an image that must exist when the Dockerfile is built.
type Use struct {
	Ref  string // as written, with the defaults of build arguments
	Line int    // in the rendered file, from one
	Kind string // "FROM", "COPY --from" or "RUN --mount"
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

// SplitRef cuts a reference into repository, tag and digest. A colon before the last slash belongs
// to a registry's port.
func SplitRef(ref string) (repo, tag, digest string) {
	repo, digest, _ = strings.Cut(ref, "@")
	if i := strings.LastIndexByte(repo, ':'); i > strings.LastIndexByte(repo, '/') {
		repo, tag = repo[:i], repo[i+1:]
	}
	return repo, tag, digest
}
