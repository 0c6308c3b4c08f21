package registry

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/containerd/containerd/v2/core/remotes/docker/auth"
	"github.com/google/go-containerregistry/pkg/authn"
)

type scopesKey struct{}

// withScopes says what the requests made with a context must be allowed to do.
func withScopes(ctx context.Context, scopes []string) context.Context {
	return context.WithValue(ctx, scopesKey{}, scopes)
}

func scopesOf(ctx context.Context) []string {
	s, _ := ctx.Value(scopesKey{}).([]string)
	return s
}

type repositoryKey struct{}

// withRepository says whose login requests have that are for no repository.
func withRepository(ctx context.Context, repository string) context.Context {
	return context.WithValue(ctx, repositoryKey{}, repository)
}

// repositoryOf is the repository whose login the requests made with a context have.
func repositoryOf(ctx context.Context) string {
	if name, ok := ctx.Value(repositoryKey{}).(string); ok {
		return name
	}
	return repositoryIn(scopesOf(ctx))
}

// repositoryIn is the repository that scopes are for, the first one's: of a mount that is its goal.
func repositoryIn(scopes []string) string {
	if len(scopes) == 0 {
		return ""
	}
	rest, ok := strings.CutPrefix(scopes[0], "repository:")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, ":")
	return name
}

// authorizing adds what the registry asks for: a password, or a token from its token server. Requests
// to other hosts, where redirects and uploads may lead, get neither.
type authorizing struct {
	next http.RoundTripper
	h    *host

	mu        sync.Mutex
	challenge auth.Challenge            // zero: none was asked for
	logins    map[string]login          // by repository, "" for none: helper programs are slow
	accepted  map[authn.AuthConfig]bool // what the registry's root said to them
	tokens    map[tokenKey]token
	fetching  sync.Map // tokenKey to a channel that is a lock: one request for one token
}

func (a *authorizing) RoundTrip(req *http.Request) (*http.Response, error) {
	if !a.ours(req.URL) {
		return a.next.RoundTrip(req)
	}
	repository := repositoryOf(req.Context()) // never one that the registry names
	used, fresh, err := a.authorize(req, repository)
	if err != nil {
		return nil, err
	}
	resp, err := a.next.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		return resp, err
	}
	// A token that has expired or was revoked, or a registry that asks for one only now.
	ctx := req.Context()
	asked := auth.ParseAuthHeader(resp.Header)
	if len(asked) == 0 || asked[0].Scheme == auth.BasicAuth && used != "" || fresh && a.same(asked[0]) {
		return resp, nil // another would be the same
	}
	if err := a.learn(resp); err != nil {
		return resp, nil
	}
	a.forget(used)
	if scope := asked[0].Parameters["scope"]; scope != "" && len(scopesOf(ctx)) == 0 {
		ctx = withScopes(ctx, strings.Fields(scope))
	}
	if !replayable(req) {
		return resp, nil
	}
	second, err := again(req.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	drain(resp)
	if _, _, err := a.authorize(second, repository); err != nil {
		return nil, err
	}
	return a.next.RoundTrip(second)
}

// ours tells whether an address is the registry's own, by the protocol that it was reached with: what
// is for TLS is never sent in plain text.
func (a *authorizing) ours(u *url.URL) bool {
	port := map[string]string{"https": ":443", "http": ":80"}[u.Scheme]
	return u.Scheme == a.h.known() && strings.TrimSuffix(u.Host, port) == strings.TrimSuffix(a.h.addr, port)
}

// same tells whether a challenge is the one that tokens were fetched for.
func (a *authorizing) same(c auth.Challenge) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return c.Scheme == a.challenge.Scheme && c.Parameters["realm"] == a.challenge.Parameters["realm"] && c.Parameters["service"] == a.challenge.Parameters["service"]
}

// authorize sets the header to what the registry is told for a repository, and returns it. It is fresh if it is a
// token that was fetched for this request.
func (a *authorizing) authorize(req *http.Request, repository string) (value string, fresh bool, err error) {
	a.mu.Lock()
	scheme := a.challenge.Scheme
	a.mu.Unlock()
	switch scheme {
	case auth.BasicAuth:
		login, err := a.credentials(req.Context(), repository)
		if err != nil {
			return "", false, err
		}
		if login.Username != "" || login.Password != "" {
			probe := http.Request{Header: http.Header{}}
			probe.SetBasicAuth(login.Username, login.Password)
			value = probe.Header.Get("Authorization")
		}
	case auth.BearerAuth:
		var t string
		if t, fresh, err = a.token(req.Context(), repository, scopesOf(req.Context())); err != nil {
			return "", false, err
		}
		value = "Bearer " + t
	}
	if value != "" {
		req.Header.Set("Authorization", value)
	}
	return value, fresh, nil
}

// learn takes the way to authenticate from an answer 401.
func (a *authorizing) learn(resp *http.Response) error {
	for _, c := range auth.ParseAuthHeader(resp.Header) { // the best first
		if c.Scheme == auth.BearerAuth || c.Scheme == auth.BasicAuth {
			a.mu.Lock()
			a.challenge = c
			a.mu.Unlock()
			return nil
		}
	}
	e := a.h.fail(ErrUnauthorized, "it asks for an authentication that is neither basic nor by token")
	e.Status = resp.StatusCode
	return e
}

// forget drops a token that was refused, unless another request has already replaced it.
func (a *authorizing) forget(header string) {
	refused, ok := strings.CutPrefix(header, "Bearer ")
	if !ok {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for scopes, t := range a.tokens {
		if t.text == refused {
			delete(a.tokens, scopes)
		}
	}
}

// credentials are what the registry is told for a repository, looked up once.
func (a *authorizing) credentials(ctx context.Context, repository string) (login, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if known, ok := a.logins[repository]; ok {
		return known, nil
	}
	found, err := a.lookUp(ctx, repository)
	if err != nil {
		return login{}, a.h.fail(ErrUnauthorized, "cannot read its credentials: %v", err)
	}
	s := a.h.c.secrets
	s.addLogin(found.Username, found.Password)
	s.add(found.IdentityToken, found.RegistryToken, found.Auth)
	a.logins[repository] = found
	return found, nil
}

// alike tells whether the registry is told the same for two repositories: then one token may be for both.
func (a *authorizing) alike(ctx context.Context, one, other string) bool {
	first, err := a.credentials(ctx, one)
	if err != nil {
		return false
	}
	second, err := a.credentials(ctx, other)
	return err == nil && first.AuthConfig == second.AuthConfig
}

// used is the login that a repository's requests had, if any had one.
func (a *authorizing) used(repository string) login {
	a.mu.Lock()
	defer a.mu.Unlock()
	if known, ok := a.logins[repository]; ok {
		return known
	}
	if a.h.configured() {
		return login{from: fromConfiguration}
	}
	return login{}
}
