package registry

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// limiting bounds the requests under way, and holds all of them back while the registry wants to be
// left alone: one answer 429 counts for everybody.
type limiting struct {
	next     http.RoundTripper
	slots    chan struct{}
	patience time.Duration

	mu    sync.Mutex
	until time.Time
}

func (l *limiting) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	for {
		if pause := l.pause(); pause > 0 && !sleep(ctx, pause) {
			return nil, context.Cause(ctx)
		}
		select {
		case l.slots <- struct{}{}:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if l.pause() <= 0 {
			break
		}
		<-l.slots
	}
	resp, err := l.next.RoundTrip(req)
	if err != nil {
		<-l.slots
		return nil, err
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		l.hold(retryAfter(resp))
	}
	// The request is under way until its answer has been read.
	resp.Body = &onClose{ReadCloser: resp.Body, do: func() { <-l.slots }}
	return resp, nil
}

func (l *limiting) pause() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Until(l.until)
}

// hold does not wait longer than a request would: who cannot be patient enough shall fail at once.
func (l *limiting) hold(d time.Duration) {
	if d <= 0 || d > l.patience {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := time.Now().Add(d); until.After(l.until) {
		l.until = until
	}
}

// maxToken bounds what a token server says.
const maxToken = 1 << 20

// bounding ends answers that are longer than they can rightly be, for libraries that read to the end.
type bounding struct {
	next  http.RoundTripper
	h     *host
	limit int64
}

func (b *bounding) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(req)
	if err == nil {
		resp.Body = &bounded{ReadCloser: resp.Body, b: b, left: b.limit}
	}
	return resp, err
}

type bounded struct {
	io.ReadCloser
	b    *bounding
	left int64
}

func (r *bounded) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if r.left -= int64(n); r.left < 0 {
		return 0, r.b.h.fail(ErrRefused, "its token server's answer is longer than %d bytes", r.b.limit)
	}
	return n, err
}

// maxTexts bounds the manifests and configurations of one image, all together, and a tag list.
const maxTexts = 64 << 20

// texts counts what is in memory.
type texts struct {
	h    *host
	what string
	sum  int64
}

func (t *texts) add(data []byte) error {
	if t.sum += int64(len(data)); t.sum > maxTexts {
		return t.h.fail(ErrRefused, "%s longer than %d bytes in all", t.what, maxTexts)
	}
	return nil
}

// onClose does something once, when a body is closed.
type onClose struct {
	io.ReadCloser
	once sync.Once
	do   func()
}

func (b *onClose) Close() error {
	defer b.once.Do(b.do)
	return b.ReadCloser.Close()
}
