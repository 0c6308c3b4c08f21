package ref

import (
	"strings"

	"github.com/distribution/reference"
)

// Split cuts a reference as it is written into repository, tag and digest; what is not there is empty. A
// colon before the last slash belongs to a registry's port. Nothing is filled in or refused: a Dockerfile's
// references may have variables in them.
func Split(written string) (repository, tag, digest string) {
	repository, digest, _ = strings.Cut(written, "@")
	if i := strings.LastIndexByte(repository, ':'); i > strings.LastIndexByte(repository, '/') {
		repository, tag = repository[:i], repository[i+1:]
	}
	return repository, tag, digest
}

// Canonical is Ref.String of a reference as it is written. What is none stays as it is.
func Canonical(written string) string {
	r, err := Parse(written)
	if err != nil {
		return written
	}
	return r.String()
}

// Familiar is a reference without what may be left out of its repository's name. What is none stays as it is.
func Familiar(written string) string {
	named, err := reference.ParseNormalizedNamed(written)
	if err != nil {
		return written
	}
	return reference.FamiliarString(named)
}

// Short is a repository, as it is written, without what means Docker Hub.
func Short(repository string) string {
	for _, host := range []string{"docker.io/", "index.docker.io/"} {
		repository = strings.TrimPrefix(repository, host)
	}
	if official, ok := strings.CutPrefix(repository, "library/"); ok && !strings.Contains(official, "/") {
		repository = official
	}
	return repository
}
