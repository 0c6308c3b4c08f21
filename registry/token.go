package registry

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/containerd/containerd/v2/core/remotes/docker/auth"
	remoteserrors "github.com/containerd/containerd/v2/core/remotes/errors"
	"github.com/google/go-containerregistry/pkg/authn"
	"golang.org/x/sync/errgroup"
)

// tokenKey is what a token was given for: two logins must not share one.
type tokenKey struct {
	login  authn.AuthConfig
	scopes string
}

// token is a bearer token and the time from when on it is not used any more.
type token struct {
	text  string
	until time.Time
}

// A token without a time of its own is good for a minute (the token authentication spec).
const tokenLife, tokenSlack = time.Minute, 10 * time.Second

// scopesPerToken bounds how many repositories one token is for: some servers make tokens that hold
// them all, and registries refuse headers of more than some kilobytes.
const scopesPerToken = 10

// token returns a token for scopes, with a repository's login. Simultaneous calls for the same make one request;
// fresh tells that this one did.
func (a *authorizing) token(ctx context.Context, repository string, scopes []string) (text string, fresh bool, err error) {
	login, err := a.credentials(ctx, repository)
	if err != nil {
		return "", false, err
	}
	key := tokenKey{login.AuthConfig, strings.Join(scopes, " ")}
	lock, _ := a.fetching.LoadOrStore(key, make(chan struct{}, 1))
	select {
	case lock.(chan struct{}) <- struct{}{}:
		defer func() { <-lock.(chan struct{}) }()
	case <-ctx.Done():
		return "", false, context.Cause(ctx)
	}
	a.mu.Lock()
	t, ok := a.tokens[key]
	a.mu.Unlock()
	if ok && time.Now().Before(t.until) {
		return t.text, false, nil
	}
	t, err = a.fetch(ctx, login, scopes)
	if err != nil {
		return "", false, err
	}
	a.mu.Lock()
	a.tokens[key] = t
	a.mu.Unlock()
	return t.text, true, nil
}

// prepare fetches tokens for many repositories together, as far as the server gives them: a
// thousand images shall not take a thousand tokens. What fails here is asked for singly later.
func (a *authorizing) prepare(ctx context.Context, scopes []string) {
	a.mu.Lock()
	bearer := a.challenge.Scheme == auth.BearerAuth
	a.mu.Unlock()
	if !bearer || len(scopes) < 2 {
		return
	}
	byLogin := map[authn.AuthConfig][]string{}
	for _, s := range scopes {
		l, err := a.credentials(ctx, repositoryIn([]string{s}))
		if err != nil {
			return
		}
		if !a.has(tokenKey{l.AuthConfig, s}) {
			byLogin[l.AuthConfig] = append(byLogin[l.AuthConfig], s)
		}
	}
	for with, lacking := range byLogin {
		a.prepareWith(ctx, login{AuthConfig: with}, lacking)
	}
}

func (a *authorizing) has(key tokenKey) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return time.Now().Before(a.tokens[key].until)
}

func (a *authorizing) prepareWith(ctx context.Context, with login, lacking []string) {
	if len(lacking) < 2 {
		return
	}
	first := lacking[:min(scopesPerToken, len(lacking))]
	if a.share(ctx, with, first) != nil { // a server that refuses is asked once
		return
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(a.h.c.opts.Parallel)
	for part := range slices.Chunk(lacking[len(first):], scopesPerToken) {
		group.Go(func() error { return a.share(ctx, with, part) })
	}
	_ = group.Wait()
}

// share fetches one token for several scopes.
func (a *authorizing) share(ctx context.Context, with login, scopes []string) error {
	t, err := a.fetch(ctx, with, scopes)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range scopes {
		a.tokens[tokenKey{with.AuthConfig, s}] = t
	}
	return nil
}

func (a *authorizing) fetch(ctx context.Context, login login, scopes []string) (token, error) {
	if login.RegistryToken != "" {
		return token{login.RegistryToken, time.Now().Add(tokenLife)}, nil
	}
	a.mu.Lock()
	challenge := a.challenge
	a.mu.Unlock()
	realm, err := url.Parse(challenge.Parameters["realm"])
	if err != nil || realm.Host == "" {
		return token{}, a.h.fail(ErrUnauthorized, "it names no token server")
	}
	if err := a.mayTrust(realm, login.AuthConfig); err != nil {
		return token{}, err
	}
	// The context's scopes are the registry's; the token server is another matter.
	return a.ask(ctx, login.AuthConfig, auth.TokenOptions{
		Realm: realm.String(), Service: challenge.Parameters["service"], Scopes: scopes,
		Username: login.Username, Secret: login.Password,
	})
}

func (a *authorizing) ask(ctx context.Context, login authn.AuthConfig, o auth.TokenOptions) (token, error) {
	ctx = once(ctx) // the request that needs the token is repeated
	header := http.Header{"User-Agent": {a.h.c.opts.UserAgent}}
	if login.IdentityToken != "" {
		o.Username, o.Secret = "", login.IdentityToken
		got, err := auth.FetchTokenWithOAuth(ctx, a.h.tokens, header, "slipway", o)
		if err != nil {
			return token{}, a.refused(ctx, err)
		}
		return a.keep(got.AccessToken, got.ExpiresInSeconds), nil
	}
	got, err := auth.FetchToken(ctx, a.h.tokens, header, o)
	if err != nil {
		return token{}, a.refused(ctx, err)
	}
	return a.keep(got.Token, got.ExpiresInSeconds), nil
}

// keep counts from now: the server's clock may be another.
func (a *authorizing) keep(text string, seconds int) token {
	a.h.c.secrets.add(text)
	life := time.Duration(seconds) * time.Second
	if life <= 0 {
		life = tokenLife
	}
	return token{text, time.Now().Add(life - min(tokenSlack, life/4))}
}

func (a *authorizing) refused(ctx context.Context, err error) error {
	var status remoteserrors.ErrUnexpectedStatus
	if !errors.As(err, &status) {
		return a.h.unreached(ctx, err)
	}
	e := a.h.fail(ErrServer, "its token server answers %s", status.Status)
	switch s := status.StatusCode; {
	case s == http.StatusTooManyRequests:
		e.Kind = ErrRateLimited
	case s < 500:
		e.Kind, e.Hint = ErrUnauthorized, a.h.loginHint(repositoryOf(ctx))
	}
	e.Status = status.StatusCode
	return e
}
