package registry

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Retry says how often and how patiently transient faults are tried again.
type Retry struct {
	Attempts int           // in all; default 5
	First    time.Duration // pause before the second attempt, doubled for each further; default 200ms
	Longest  time.Duration // of one such pause; default 10s
	// Patience is how long a registry that says 429 is obeyed, all its pauses together; default 2m.
	Patience time.Duration
}

func (r Retry) withDefaults() Retry {
	if r.Attempts <= 0 {
		r.Attempts = 5
	}
	if r.First <= 0 {
		r.First = 200 * time.Millisecond
	}
	if r.Longest <= 0 {
		r.Longest = 10 * time.Second
	}
	if r.Patience <= 0 {
		r.Patience = 2 * time.Minute
	}
	return r
}

// turns counts the attempts of one piece of work.
type turns struct {
	policy  Retry
	failed  int
	obeyed  time.Duration
	forward bool // there was progress since the last fault: it counts as the first
}

// next waits before another attempt, or returns false when there shall be none. Pauses that the
// registry asks for do not count as attempts, but against Patience.
func (t *turns) next(ctx context.Context, err error) bool {
	var e *Error
	if !errors.As(err, &e) || !e.Transient() || ctx.Err() != nil {
		return false
	}
	if t.forward {
		t.failed, t.forward = 0, false
	}
	pause := t.policy.First << min(t.failed, 20)
	if pause > t.policy.Longest || pause <= 0 {
		pause = t.policy.Longest
	}
	pause = pause/2 + rand.N(pause/2+1) // jitter: many clients shall not come back at once
	if e.RetryAfter > 0 {
		pause = e.RetryAfter + rand.N(t.policy.First)
		if t.obeyed += pause; t.obeyed > t.policy.Patience {
			return false
		}
	}
	if e.Kind != ErrRateLimited || e.RetryAfter == 0 {
		if t.failed++; t.failed >= t.policy.Attempts {
			return false
		}
	}
	return sleep(ctx, pause)
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// retrying repeats requests whose body can be sent again, on faults of the network and answers that
// say "later". The last answer is returned as it is.
type retrying struct {
	next http.RoundTripper
	h    *host
}

type onceKey struct{}

// once marks requests that are not repeated here, because their sender resumes instead.
func once(ctx context.Context) context.Context { return context.WithValue(ctx, onceKey{}, true) }

func (r *retrying) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	t := turns{policy: r.h.c.opts.Retry}
	for first := true; ; first = false {
		attempt := req
		if !first {
			var err error
			if attempt, err = again(req); err != nil {
				return nil, err
			}
		}
		resp, err := r.next.RoundTrip(attempt)
		if ctx.Value(onceKey{}) != nil || !replayable(req) {
			return resp, err
		}
		fault := r.fault(ctx, resp, err)
		if fault == nil || !t.next(ctx, fault) {
			return resp, err
		}
		if resp != nil {
			resp.Body.Close()
		}
	}
}

// passing are the failures that a server may not have a little later.
var passing = []int{
	http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
}

// fault is the transient error that a round trip ended with, or nil.
func (r *retrying) fault(ctx context.Context, resp *http.Response, err error) error {
	if err != nil {
		return r.h.unreached(ctx, err)
	}
	switch s := resp.StatusCode; {
	case s == http.StatusTooManyRequests:
		return &Error{Kind: ErrRateLimited, RetryAfter: retryAfter(resp)}
	case slices.Contains(passing, s), s >= 520 && s <= 530: // what proxies say of the server behind them
		if saysFull(resp) {
			return nil
		}
		return &Error{Kind: ErrServer, RetryAfter: retryAfter(resp)}
	}
	return nil
}

// saysFull looks whether a failure is for want of disk space, which waiting does not mend.
func saysFull(resp *http.Response) bool {
	data, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // what cannot be read says nothing
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(data))
	return fullText(string(data))
}

func replayable(req *http.Request) bool {
	return req.Body == nil || req.Body == http.NoBody || req.GetBody != nil
}

// again returns a copy of a request with its body from the start.
func again(req *http.Request) (*http.Request, error) {
	out := req.Clone(req.Context())
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		out.Body = body
	}
	return out, nil
}

// longestWait bounds what a header can ask for, 34 years: a sum of such durations still is none that
// overflows.
const longestWait = (1 << 30) * time.Second

// retryAfter reads the header of 429 and 503, which is in seconds or a date (RFC 9110, 10.2.3).
func retryAfter(resp *http.Response) time.Duration {
	v := resp.Header.Get("Retry-After")
	// A number that is too large comes out as the largest.
	if s, err := strconv.Atoi(v); (err == nil || errors.Is(err, strconv.ErrRange)) && s >= 0 {
		return time.Duration(min(s, int(longestWait/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return min(max(time.Until(at), 0), longestWait)
	}
	return 0
}
