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

// authorizing adds what the registry asks for: a password, or a token from its token server. Requests
// to other hosts, where redirects and uploads may lead, get neither.
type authorizing struct {
	next http.RoundTripper
	h    *host

	mu        sync.Mutex
	challenge auth.Challenge // zero: none was asked for
	login     *authn.AuthConfig
	tokens    map[string]token // by scopes
	fetching  sync.Map         // scopes to *sync.Mutex-like channel: one request for one token
}

func (a *authorizing) RoundTrip(req *http.Request) (*http.Response, error) {
	if !a.ours(req.URL) {
		return a.next.RoundTrip(req)
	}
	used, err := a.authorize(req)
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
	if len(asked) == 0 || asked[0].Scheme == auth.BasicAuth && used != "" {
		return resp, nil
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
	if _, err := a.authorize(second); err != nil {
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

// authorize sets the header, and returns what it is set to.
func (a *authorizing) authorize(req *http.Request) (string, error) {
	a.mu.Lock()
	scheme := a.challenge.Scheme
	a.mu.Unlock()
	value := ""
	switch scheme {
	case auth.BasicAuth:
		login, err := a.credentials(req.Context())
		if err != nil {
			return "", err
		}
		if login.Username != "" || login.Password != "" {
			probe := http.Request{Header: http.Header{}}
			probe.SetBasicAuth(login.Username, login.Password)
			value = probe.Header.Get("Authorization")
		}
	case auth.BearerAuth:
		t, err := a.token(req.Context(), scopesOf(req.Context()))
		if err != nil {
			return "", err
		}
		value = "Bearer " + t
	}
	if value != "" {
		req.Header.Set("Authorization", value)
	}
	return value, nil
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

// credentials are looked up once for each registry: helper programs are slow.
func (a *authorizing) credentials(ctx context.Context) (authn.AuthConfig, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.login != nil {
		return *a.login, nil
	}
	found, err := a.lookUp(ctx)
	if err != nil {
		return authn.AuthConfig{}, a.h.fail(ErrUnauthorized, "cannot read its credentials: %v", err)
	}
	s := a.h.c.secrets
	s.addLogin(found.Username, found.Password)
	s.add(found.IdentityToken, found.RegistryToken, found.Auth)
	a.login = &found
	return found, nil
}

func (a *authorizing) lookUp(ctx context.Context) (authn.AuthConfig, error) {
	o := a.h.c.opts
	if a.h.configured() {
		return authn.AuthConfig{Username: o.Username, Password: o.Password}, nil
	}
	source, err := authn.Resolve(ctx, o.Keychain, resource(canonical(a.h.name)))
	if err != nil {
		return authn.AuthConfig{}, err
	}
	config, err := authn.Authorization(ctx, source)
	if err != nil || config == nil {
		return authn.AuthConfig{}, err
	}
	return *config, nil
}

// configured tells whether the configuration's username is for the registry: then no other counts.
func (h *host) configured() bool {
	o := h.c.opts
	return o.Username != "" && canonical(o.Registry) == canonical(h.name)
}

// canonical maps the names that Docker Hub goes by to the one in references.
func canonical(host string) string {
	switch host {
	case "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com":
		return "docker.io"
	}
	return host
}

// resource is a registry as keychains know it.
type resource string

func (r resource) RegistryStr() string {
	if r == "docker.io" {
		return "index.docker.io"
	}
	return string(r)
}

func (r resource) String() string { return r.RegistryStr() }
