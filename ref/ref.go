// Package ref has references to images as values: parsed where they come in, compared and taken apart
// without reading them again. The grammar is that of the distribution project, with Docker's defaults:
// docker.io, library/ and the tag latest may be left out.
package ref

import (
	"fmt"
	"strings"

	"github.com/distribution/reference"
)

// Ref is a tag or a digest of a repository at a registry. Two that mean the same are equal. The zero value
// is none.
type Ref struct {
	registry, path string
	tag, digest    string // with both, the digest says what is meant
}

// Parse reads a reference as people write it.
func Parse(s string) (Ref, error) {
	named, err := reference.ParseNormalizedNamed(s)
	if err != nil {
		return Ref{}, fmt.Errorf("cannot read image name %q: %w", s, err)
	}
	r := Ref{registry: reference.Domain(named), path: reference.Path(named)}
	if d, ok := named.(reference.Digested); ok {
		r.digest = d.Digest().String()
	}
	if t, ok := reference.TagNameOnly(named).(reference.Tagged); ok {
		r.tag = t.Tag()
	}
	return r, nil
}

// ParseRepository reads a name without tag and digest.
func ParseRepository(s string) (Ref, error) {
	named, err := reference.ParseNormalizedNamed(s)
	if err != nil {
		return Ref{}, fmt.Errorf("cannot read repository name %q: %w", s, err)
	}
	if !reference.IsNameOnly(named) {
		return Ref{}, fmt.Errorf("cannot read repository name %q: it has a tag or a digest", s)
	}
	return Ref{registry: reference.Domain(named), path: reference.Path(named)}, nil
}

// Known takes apart what String returned. It does for a thousand names at once, in no time, what Parse
// does with regular expressions.
func Known(canonical string) Ref {
	repository, tag, digest := Split(canonical)
	registry, path, ok := strings.Cut(repository, "/")
	if !ok { // nobody's String
		registry, path = "", repository
	}
	return Ref{registry, path, tag, digest}
}

// Registry is the host, with a port if there is one.
func (r Ref) Registry() string { return r.registry }

// Path is the repository at the registry: library/base.
func (r Ref) Path() string { return r.path }

// Repository is the reference without tag and digest: docker.io/library/base.
func (r Ref) Repository() string {
	if r.registry == "" {
		return r.path
	}
	return r.registry + "/" + r.path
}

// Tag is empty for a reference with a digest alone.
func (r Ref) Tag() string { return r.tag }

// Digest is that of a manifest, sha256:…; empty for a tag.
func (r Ref) Digest() string { return r.digest }

// Target is what stands for the manifest at the registry: the digest, else the tag.
func (r Ref) Target() string {
	if r.digest != "" {
		return r.digest
	}
	return r.tag
}

// WithTag is a tag of the same repository.
func (r Ref) WithTag(tag string) Ref { return Ref{r.registry, r.path, tag, ""} }

// WithDigest is a manifest of the same repository.
func (r Ref) WithDigest(digest string) Ref { return Ref{r.registry, r.path, "", digest} }

// At is another repository at the same registry.
func (r Ref) At(path string) Ref { return Ref{registry: r.registry, path: path} }

// String is the canonical form, in which all is written out: docker.io/library/base:1.0.
func (r Ref) String() string { return r.with(r.Repository()) }

func (r Ref) with(repository string) string {
	if r.tag != "" {
		repository += ":" + r.tag
	}
	if r.digest != "" {
		repository += "@" + r.digest
	}
	return repository
}

// Name is the repository as people write it: base.
func (r Ref) Name() string { return Short(r.Repository()) }
