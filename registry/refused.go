package registry

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/containerd/containerd/v2/core/remotes/docker/auth"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// unreadableError says that a registry refuses to tell what references name, although it accepts the same
// credentials elsewhere: they may be absent, as Artifactory and Quay say it, or somebody else's.
type unreadableError struct {
	Refs []string // as they were given; sorted
	Err  error    // of the first
}

// Error is that of the first reference.
func (u *unreadableError) Error() string { return u.Err.Error() }

// Unwrap is that error.
func (u *unreadableError) Unwrap() error { return u.Err }

// SplitUnreadable takes the references that are unreadable out of an error of Look or Digests; rest is what
// else is wrong.
func SplitUnreadable(err error) (refs []string, rest error) {
	switch e := err.(type) {
	case *unreadableError:
		return e.Refs, nil
	case *Error, nil:
		return nil, err
	case interface{ Unwrap() []error }:
		var others []error
		for _, part := range e.Unwrap() {
			more, other := SplitUnreadable(part)
			refs, others = append(refs, more...), append(others, other)
		}
		slices.Sort(refs)
		return refs, errors.Join(others...)
	}
	return nil, err
}

// reading does what reads a repository. Registries that have no such repository refuse to let it be read, but
// not who may make it: what was refused with a token to pull is asked again with one to push.
func (h *host) reading(ctx context.Context, p place, do func(scope string) error) error {
	err := do(p.pull())
	if !errors.Is(err, ErrUnauthorized) || !h.auth.mayAsk(ctx, p.Path()) {
		return err
	}
	if second := do(p.push()); !errors.Is(second, ErrUnauthorized) {
		return second
	}
	return err
}

// mayAsk tells whether there are tokens, and somebody who could be given another.
func (a *authorizing) mayAsk(ctx context.Context, repository string) bool {
	a.mu.Lock()
	bearer := a.challenge.Scheme == auth.BearerAuth
	a.mu.Unlock()
	login, err := a.credentials(ctx, repository)
	return bearer && err == nil && !login.anonymous() && login.RegistryToken == ""
}

// accepts tells whether the registry takes what a repository's requests have for something else, its root: then
// a refusal is about the repository. Nobody is never accepted.
func (h *host) accepts(ctx context.Context, repository string) bool {
	login, err := h.auth.credentials(ctx, repository)
	if err != nil || login.anonymous() {
		return false
	}
	h.auth.mu.Lock()
	known, asked := h.auth.accepted[login.AuthConfig]
	h.auth.mu.Unlock()
	if asked {
		return known
	}
	resp, err := h.do(withRepository(ctx, repository), call{method: http.MethodGet, path: "/v2/", good: []int{http.StatusOK}})
	if err == nil {
		drain(resp)
	} else if !errors.Is(err, ErrUnauthorized) {
		return false // nobody knows; the next one asks again
	}
	h.auth.mu.Lock()
	defer h.auth.mu.Unlock()
	h.auth.accepted[login.AuthConfig] = err == nil
	return err == nil
}

// absentIs403 tells whether the configuration says that the registry refuses what is not there.
func (h *host) absentIs403() bool {
	return h.c.opts.AbsentIs403 != "" && canonical(h.c.opts.AbsentIs403) == canonical(h.name)
}

// listLacks tells whether the repository's list of tags says for certain that a tag is not there, or that it is.
// A list that is refused or breaks off says neither.
func (h *host) listLacks(ctx context.Context, p place) (lacks, has bool, err error) {
	tags, all, err := h.tags(ctx, p, maxTagPages)
	switch {
	case gives(err, transport.NameUnknownErrorCode):
		return true, false, nil
	case saysNothing(err):
		return false, false, nil
	case err != nil:
		return false, false, err
	}
	has = slices.Contains(tags, p.Tag())
	return all && !has, has, nil
}
