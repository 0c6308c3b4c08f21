package registry

import (
	"context"
	"io"
	"net/http"
	"time"
)

// watching ends requests that stand still: no byte sent or received for a minute, or, when all is
// sent, no answer for as long as a registry may need to store it.
type watching struct {
	next http.RoundTripper
	h    *host
}

func (w *watching) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	answer := stallAnswer
	if req.Body != nil && req.Body != http.NoBody {
		answer = stallUpload
	}
	timer := time.AfterFunc(answer, func() { cancel(w.h.fail(ErrUnreachable, "it stands still")) })
	stop := func() { timer.Stop(); cancel(nil) }
	req = req.WithContext(ctx)
	if req.Body != nil && req.Body != http.NoBody {
		req.Body = &watched{ReadCloser: req.Body, timer: timer, each: answer, ctx: ctx}
	}
	resp, err := w.next.RoundTrip(req)
	if err != nil {
		defer stop()
		return nil, cause(ctx, err)
	}
	timer.Reset(stallAnswer)
	resp.Body = &onClose{ReadCloser: &watched{ReadCloser: resp.Body, timer: timer, each: stallAnswer, ctx: ctx}, do: stop}
	return resp, nil
}

// cause prefers the reason of a cancelled request to the network's words for it.
func cause(ctx context.Context, err error) error {
	if c := context.Cause(ctx); c != nil {
		return c
	}
	return err
}

type watched struct {
	io.ReadCloser
	timer *time.Timer
	each  time.Duration
	ctx   context.Context // of the one request that this body belongs to
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if n > 0 {
		w.timer.Reset(w.each)
	}
	if err != nil && err != io.EOF {
		err = cause(w.ctx, err)
	}
	return n, err
}
