package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"golang.org/x/sync/semaphore"

	"github.com/slipway-build/slipway/network"
)

// host is one registry and the way to it.
type host struct {
	c    *Client
	name string // as references have it: docker.io
	addr string // host of its API: registry-1.docker.io

	base      *network.Way
	auth      *authorizing
	plain     *http.Client        // without credentials
	tokens    *http.Client        // for the token server: credentials are in the requests themselves
	client    *http.Client        // everything else
	transfers *semaphore.Weighted // blobs under way
	flights   flights

	connecting chan struct{} // a lock that can be waited for with a context
	mu         sync.Mutex
	scheme     string // "" before connect
	tried      int    // how often connecting failed
	failed     error  // and why, the last time
}

// newHost puts the wrappers together. From the inside: the network; a watch over stalled requests; the
// bound of parallel requests; credentials; retries.
func newHost(c *Client, name string) *host {
	h := &host{c: c, name: name, addr: name, connecting: make(chan struct{}, 1)}
	if name == "docker.io" {
		h.addr = "registry-1.docker.io"
	}
	h.transfers = semaphore.NewWeighted(int64(c.opts.Transfers))
	h.flights.init()
	h.base = h.way()
	limited := &limiting{next: &watching{next: h.base, h: h}, slots: make(chan struct{}, c.opts.Parallel), patience: c.opts.Retry.Patience}
	h.auth = &authorizing{next: limited, h: h, logins: map[string]login{}, accepted: map[authn.AuthConfig]bool{}, tokens: map[tokenKey]token{}}
	h.plain = &http.Client{Transport: &retrying{next: limited, h: h}, CheckRedirect: h.redirect}
	h.tokens = &http.Client{Transport: &bounding{next: limited, h: h, limit: maxToken}, CheckRedirect: h.stay}
	h.client = &http.Client{Transport: &retrying{next: h.auth, h: h}, CheckRedirect: h.redirect}
	return h
}

// connect finds out, once, which protocol and which authentication the registry speaks.
func (h *host) connect(ctx context.Context) error {
	scheme, tried, _ := h.state()
	if scheme != "" {
		return nil
	}
	select {
	case h.connecting <- struct{}{}:
		defer func() { <-h.connecting }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	scheme, now, failed := h.state()
	if scheme != "" {
		return nil
	}
	if now != tried { // it failed while this call waited: forty pushes shall not try one by one
		return failed
	}
	err := h.search(ctx)
	if err != nil && ctx.Err() == nil {
		h.mu.Lock()
		h.tried, h.failed = h.tried+1, err
		h.mu.Unlock()
	}
	return err
}

func (h *host) state() (scheme string, tried int, failed error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.scheme, h.tried, h.failed
}

func (h *host) known() string {
	scheme, _, _ := h.state()
	return scheme
}

func (h *host) search(ctx context.Context) error {
	for t := (turns{policy: h.c.opts.Retry}); ; {
		err := h.ping(ctx)
		if err == nil || !t.next(ctx, err) {
			return err
		}
	}
}

func (h *host) ping(ctx context.Context) error {
	resp, scheme, err := h.pingAs(ctx, "https"), "https", error(nil)
	if e := resp.err; e != nil && h.mayBePlain() && resp.fallback {
		scheme = "http"
		if second := h.pingAs(ctx, "http"); second.err == nil || !second.fallback && ctx.Err() == nil {
			resp = second
		}
	}
	if resp.err != nil {
		return resp.err
	}
	defer drain(resp.Response)
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized:
		err = h.auth.learn(resp.Response)
	case http.StatusNotFound:
		e := h.fail(ErrRefused, "it has no /v2/: this is no image registry")
		e.Status = resp.StatusCode
		return e
	default:
		return h.answered(resp.Response)
	}
	if err != nil {
		return err
	}
	h.mu.Lock()
	h.scheme = scheme
	h.mu.Unlock()
	return nil
}

type pinged struct {
	*http.Response
	err      error
	fallback bool // the other protocol may work
}

func (h *host) pingAs(ctx context.Context, scheme string) pinged {
	req, err := http.NewRequestWithContext(once(ctx), http.MethodGet, scheme+"://"+h.addr+"/v2/", nil)
	if err != nil {
		return pinged{err: fmt.Errorf("registry %s: %w", h.name, err)}
	}
	req.Header.Set("User-Agent", h.c.opts.UserAgent)
	resp, err := h.plain.Do(req)
	if err != nil {
		var own *Error // it did answer
		return pinged{err: h.unreached(ctx, err), fallback: ctx.Err() == nil && !certificate(err) && !errors.As(err, &own)}
	}
	return pinged{Response: resp}
}

// redirect follows to other hosts, where credentials are not sent (see authorizing), but not from TLS
// to plain text. A write that becomes a read is refused: its 200 would count as success.
func (h *host) redirect(req *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return h.fail(ErrRefused, "it redirects again and again, at last to %s", req.URL.Host)
	}
	if was := via[len(via)-1].Method; req.Method != was {
		return h.fail(ErrRefused, "it redirects a %s with %d, which makes a %s of it", was, req.Response.StatusCode, req.Method)
	}
	if via[len(via)-1].URL.Scheme == "https" && !h.mayLeadTo(req.URL) {
		return h.fail(ErrRefused, "it redirects from https to plain http, to %s", req.URL.Host)
	}
	return nil
}

// stay follows redirects of a token server only to itself: 307 and 308 send a password in the body on.
func (h *host) stay(req *http.Request, via []*http.Request) error {
	if was := via[0].URL; req.URL.Scheme != was.Scheme || req.URL.Host != was.Host {
		return h.fail(ErrUnauthorized, "its token server %s redirects to %s://%s: no password is sent there", was.Host, req.URL.Scheme, req.URL.Host)
	}
	return h.redirect(req, via)
}

// call is one request. Small answers only: streams use send.
type call struct {
	method, path string
	url          string // instead of path: an upload's own address
	header       map[string]string
	body         []byte
	scopes       []string
	good         []int // statuses that are no error
}

func (h *host) url(c call) (*url.URL, error) {
	if c.url != "" {
		return url.Parse(c.url)
	}
	return url.Parse(h.known() + "://" + h.addr + c.path)
}

// do sends a request. Any answer whose status is not good is an *Error; else the caller closes it.
func (h *host) do(ctx context.Context, c call) (*http.Response, error) {
	var body io.Reader
	if c.body != nil {
		body = strings.NewReader(string(c.body)) // NewRequest makes it repeatable
	}
	u, err := h.url(c)
	if err != nil {
		return nil, h.fail(ErrRefused, "its answer has an address that cannot be read")
	}
	req, err := http.NewRequestWithContext(withScopes(ctx, c.scopes), c.method, u.String(), body)
	if err != nil {
		return nil, h.fail(ErrRefused, "cannot make a request")
	}
	return h.send(req, c.header, c.good)
}

func (h *host) send(req *http.Request, header map[string]string, good []int) (*http.Response, error) {
	req.Header.Set("User-Agent", h.c.opts.UserAgent)
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return nil, h.unreached(req.Context(), err)
	}
	if !slices.Contains(good, resp.StatusCode) {
		return nil, h.answered(resp)
	}
	return resp, nil
}

// read reads a small body to its end. More than limit is an error, not a truncated text.
func (h *host) read(ctx context.Context, resp *http.Response, limit int64) ([]byte, error) {
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, h.unreached(ctx, err)
	}
	if int64(len(data)) > limit {
		return nil, h.fail(ErrRefused, "its answer is longer than %d bytes", limit)
	}
	return data, nil
}

// fetch is do and read, repeated together: the answer's body may break off, too.
func (h *host) fetch(ctx context.Context, c call, limit int64) (*http.Response, []byte, error) {
	for t := (turns{policy: h.c.opts.Retry}); ; {
		var data []byte
		resp, err := h.do(once(ctx), c)
		if err == nil {
			data, err = h.read(ctx, resp, limit)
		}
		if err == nil || !t.next(ctx, err) {
			return resp, data, err
		}
	}
}

// drain ends an answer whose body does not matter, so that its connection is used again.
func drain(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	resp.Body.Close()
}

const stallAnswer, stallUpload = 60 * time.Second, 5 * time.Minute
