package registry

import (
	"fmt"
	"strings"

	"github.com/distribution/reference"
)

// place is a reference, taken apart: a tag or a digest of a repository. With both, the digest counts.
type place struct {
	host, repo  string
	tag, digest string
}

// parse reads a reference as Docker does: docker.io, library/ and the tag latest are filled in.
func parse(ref string) (place, error) {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return place{}, fmt.Errorf("cannot read image name %q: %w", ref, err)
	}
	p := place{host: reference.Domain(named), repo: reference.Path(named)}
	if d, ok := named.(reference.Digested); ok {
		p.digest = d.Digest().String()
	}
	if t, ok := reference.TagNameOnly(named).(reference.Tagged); ok {
		p.tag = t.Tag()
	}
	return p, nil
}

// parseRepository reads a name without tag and digest.
func parseRepository(name string) (place, error) {
	named, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		return place{}, fmt.Errorf("cannot read repository name %q: %w", name, err)
	}
	if !reference.IsNameOnly(named) {
		return place{}, fmt.Errorf("cannot read repository name %q: it has a tag or a digest", name)
	}
	return place{host: reference.Domain(named), repo: reference.Path(named)}, nil
}

// SplitPrefix returns the host of the registry that image names with a prefix belong to, and the path there, as
// Options wants them: "registry.example/team" is team on registry.example, "team" the same on docker.io.
func SplitPrefix(prefix string) (host, namespace string, err error) {
	p, err := parseRepository(strings.TrimRight(prefix, "/") + "/x")
	return p.host, strings.TrimSuffix(strings.TrimSuffix(p.repo, "x"), "/"), err
}

// target is the last part of the manifest's address.
func (p place) target() string {
	if p.digest != "" {
		return p.digest
	}
	return p.tag
}

func (p place) String() string {
	s := p.host + "/" + p.repo
	if p.tag != "" {
		s += ":" + p.tag
	}
	if p.digest != "" {
		s += "@" + p.digest
	}
	return s
}

func (p place) withDigest(d string) place { p.tag, p.digest = "", d; return p }

func (p place) manifestPath() string { return "/v2/" + p.repo + "/manifests/" + p.target() }

// Scopes of tokens, as the token authentication spec writes them.
func (p place) pull() string   { return "repository:" + p.repo + ":pull" }
func (p place) push() string   { return "repository:" + p.repo + ":pull,push" }
func (p place) delete() string { return "repository:" + p.repo + ":delete,pull" }
