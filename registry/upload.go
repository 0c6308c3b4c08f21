package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// smallBlob is sent in one request with its end, larger ones as a stream that can be resumed.
const smallBlob = 256 << 10

// blob brings one blob to the repository, by the cheapest way there is.
func (ps *pusher) blob(ctx context.Context, d ocispecs.Descriptor) error {
	release, err := ps.h.flights.take(ctx, d.Digest)
	if err != nil {
		return err
	}
	defer release()
	if err := ps.h.transfers.Acquire(ctx, 1); err != nil {
		return err
	}
	defer ps.h.transfers.Release(1)

	up := &upload{ps: ps, d: d}
	defer up.close()
	for t := (turns{policy: ps.h.c.opts.Retry}); ; {
		err := up.attempt(ctx)
		if err == nil {
			ps.h.flights.landed(d.Digest, ps.to.Path())
			break
		}
		if up.startAnew(err) {
			continue
		}
		t.forward = up.moved
		if !t.next(ctx, err) {
			up.cancel(ctx)
			return fmt.Errorf("cannot send blob %s: %w", d.Digest, err)
		}
	}
	ps.advance(d.Size - up.shown)
	return nil
}

// upload is the way of one blob, over several attempts.
type upload struct {
	ps    *pusher
	d     ocispecs.Descriptor
	body  *checked // kept over attempts: what was hashed is not hashed again
	at    string   // the session's address, "" without one
	moved bool     // the last attempt brought the registry further
	shown int64    // bytes in the progress
	anew  bool     // a session was given up, once
	doubt bool     // a sibling could not be asked, once
	blind bool     // the registry failed when it looked for the blob, once
}

func (up *upload) attempt(ctx context.Context) error {
	ctx = once(ctx) // the loop around this counts alone
	up.moved = false
	if up.at != "" {
		offset, err := up.resume(ctx)
		if err != nil && !gone(err) {
			return err
		}
		if err == nil && offset > 0 {
			up.moved = true
			return up.stream(ctx, offset)
		}
		up.at = "" // the registry does not resume, or has nothing
	}
	there, err := up.exists(ctx, up.ps.to.Path())
	switch {
	case errors.Is(err, ErrServer) && up.blind:
		// A registry whose disk was full may be left with half a record of the blob. Sending mends it.
	case err != nil:
		up.blind = errors.Is(err, ErrServer)
		return err
	}
	if there {
		up.ps.count(&up.ps.done.Present, 0)
		return nil
	}
	mounted, err := up.begin(ctx)
	if err != nil || mounted {
		return err
	}
	return up.stream(ctx, 0)
}

func (up *upload) exists(ctx context.Context, repo string) (bool, error) {
	p := place{up.ps.to.At(repo)}
	scope := p.pull()
	if repo == up.ps.to.Path() {
		scope = p.push() // the token of the upload
	}
	resp, err := up.ps.h.do(ctx, call{
		method: http.MethodHead, path: "/v2/" + repo + "/blobs/" + up.d.Digest.String(), scopes: []string{scope},
		good: []int{http.StatusOK, http.StatusNotFound},
	})
	if errors.Is(err, ErrUnauthorized) && repo == up.ps.to.Path() {
		return false, nil // some refuse what they do not have; who may not send it either is told then
	}
	if err != nil {
		return false, err
	}
	drain(resp)
	return resp.StatusCode == http.StatusOK, nil
}

// begin mounts the blob from a repository that has it, or opens a session.
func (up *upload) begin(ctx context.Context) (mounted bool, err error) {
	known := up.ps.h.flights.at(up.d.Digest)
	for _, from := range append(slices.Clone(known), up.ps.siblings...) {
		if from == up.ps.to.Path() || !up.ps.h.auth.alike(ctx, from, up.ps.to.Path()) {
			continue // what one login may read, the other may not mount
		}
		if !slices.Contains(known, from) {
			there, err := up.exists(ctx, from)
			if Transient(err) && !up.doubt { // another attempt is cheaper than to send all
				up.doubt = true
				return false, err
			}
			if err != nil || !there {
				continue // a sibling that may not be read is none
			}
		}
		mounted, err := up.post(ctx, "?mount="+url.QueryEscape(up.d.Digest.String())+"&from="+url.QueryEscape(from),
			place{up.ps.to.At(from)}.pull())
		if err == nil && mounted {
			up.ps.count(&up.ps.done.Mounted, 0)
			return true, nil
		}
		if err == nil {
			return false, nil // 202: a session was opened instead
		}
		if Transient(err) || ctx.Err() != nil {
			return false, err
		}
	}
	return up.post(ctx, "")
}

func (up *upload) post(ctx context.Context, query string, more ...string) (mounted bool, err error) {
	resp, err := up.ps.h.do(ctx, call{
		method: http.MethodPost, path: "/v2/" + up.ps.to.Path() + "/blobs/uploads/" + query,
		scopes: append([]string{up.ps.to.push()}, more...), good: []int{http.StatusCreated, http.StatusAccepted},
	})
	if err != nil {
		return false, err
	}
	drain(resp)
	if resp.StatusCode == http.StatusCreated && query != "" {
		if got := resp.Header.Get("Docker-Content-Digest"); got != "" && got != up.d.Digest.String() {
			return false, up.ps.h.fail(ErrDigest, "it mounted %s instead of %s", got, up.d.Digest)
		}
		return true, nil
	}
	return false, up.locate(resp)
}

// locate keeps the session's next address. It may be on another host: no credentials go there.
func (up *upload) locate(resp *http.Response) error {
	u, err := resp.Location()
	if err != nil {
		return up.ps.h.fail(ErrRefused, "its answer to an upload has no usable address")
	}
	if u.Scheme != "https" && resp.Request.URL.Scheme == "https" && u.Host == up.ps.h.addr {
		u.Scheme = "https" // a registry behind a proxy that does not know of the TLS before it
	}
	if !up.ps.h.mayLeadTo(u) {
		return up.ps.h.fail(ErrRefused, "it wants blobs sent to %s over plain http", u.Host)
	}
	up.at = u.String()
	return nil
}

// resume asks how much of the blob the registry has: Range is 0-LAST (distribution spec, "Resuming").
func (up *upload) resume(ctx context.Context) (int64, error) {
	resp, err := up.ps.h.do(ctx, call{
		method: http.MethodGet, url: up.at, scopes: []string{up.ps.to.push()},
		good: []int{http.StatusNoContent, http.StatusOK, http.StatusAccepted},
	})
	if err != nil {
		return 0, err
	}
	drain(resp)
	if resp.Header.Get("Location") != "" {
		if err := up.locate(resp); err != nil {
			return 0, err
		}
	}
	_, last, ok := strings.Cut(strings.TrimPrefix(resp.Header.Get("Range"), "bytes="), "-")
	n, err := strconv.ParseInt(last, 10, 64)
	if !ok || err != nil || n < 0 || up.body == nil || n >= up.body.reached() {
		return 0, &Error{Kind: ErrNotFound, Registry: up.ps.h.name, Detail: "it does not say how much of the upload it has"}
	}
	if n == 0 {
		return 0, nil // "0-0" is what registries write for nothing, too
	}
	return n + 1, nil
}

// startAnew gives up a session that the registry lost or spoilt, once: the content itself is right.
func (up *upload) startAnew(err error) bool {
	var e *Error
	if up.anew || up.at == "" || !gone(err) || up.broken() != nil {
		return false
	}
	if errors.As(err, &e) && e.Kind == ErrDigest && e.Status == 0 {
		return false // it accepted the blob, but as something else
	}
	up.anew, up.at = true, ""
	return true
}

// gone tells that a session is of no use any more.
func gone(err error) bool {
	var e *Error
	return errors.As(err, &e) && !e.Transient() && e.Kind != ErrUnauthorized && e.Kind != ErrFull && e.Status != http.StatusRequestEntityTooLarge
}

// stream sends the blob from offset on and ends the session.
func (up *upload) stream(ctx context.Context, offset int64) error {
	if err := up.open(ctx); err != nil {
		return err
	}
	if up.d.Size > smallBlob || offset > 0 {
		if offset < up.d.Size {
			resp, err := up.transfer(ctx, http.MethodPatch, up.at, offset)
			if err != nil {
				return err
			}
			drain(resp)
			if err := up.locate(resp); err != nil {
				return err
			}
		}
		offset = up.d.Size
	}
	u, err := url.Parse(up.at)
	if err != nil {
		return up.ps.h.fail(ErrRefused, "its answer to an upload has no usable address")
	}
	q := u.Query()
	q.Set("digest", up.d.Digest.String())
	u.RawQuery = q.Encode()
	if offset == up.d.Size && up.d.Size > 0 {
		if err := up.body.verify(); err != nil {
			return err
		}
	}
	resp, err := up.transfer(ctx, http.MethodPut, u.String(), offset)
	if err != nil {
		return err
	}
	drain(resp)
	if got := resp.Header.Get("Docker-Content-Digest"); got != "" && got != up.d.Digest.String() {
		return up.ps.h.fail(ErrDigest, "it stored a blob as %s, but %s was sent", got, up.d.Digest)
	}
	up.ps.count(&up.ps.done.Sent, up.d.Size)
	return nil
}

// transfer sends what is left of the blob in one request. It is not repeated but resumed; only a
// token that was refused before the blob was read is replaced on the way.
func (up *upload) transfer(ctx context.Context, method, address string, offset int64) (*http.Response, error) {
	ctx = withScopes(once(ctx), []string{up.ps.to.push()})
	up.show(offset)
	req, err := http.NewRequestWithContext(ctx, method, address, http.NoBody)
	if err != nil {
		return nil, up.ps.h.fail(ErrRefused, "its answer to an upload has no usable address")
	}
	header := map[string]string{"Content-Type": "application/octet-stream"}
	if offset < up.d.Size {
		req.GetBody = func() (io.ReadCloser, error) { return up.body.from(offset, up.show), nil }
		if req.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
		req.ContentLength = up.d.Size - offset
		if req.ContentLength > smallBlob { // a refusal shall come before the blob is under way
			header["Expect"] = "100-continue"
		}
		if offset > 0 {
			header["Content-Range"] = fmt.Sprintf("%d-%d", offset, up.d.Size-1)
		}
	}
	resp, err := up.ps.h.send(req, header, []int{http.StatusCreated, http.StatusAccepted, http.StatusNoContent, http.StatusOK})
	if bad := up.broken(); bad != nil {
		if resp != nil {
			resp.Body.Close()
		}
		return nil, bad
	}
	return resp, err
}

// broken is the error of the content itself, which the network reports as its own.
func (up *upload) broken() error {
	if up.body == nil {
		return nil
	}
	return up.body.failure()
}

func (up *upload) open(ctx context.Context) error {
	if up.body != nil {
		return nil
	}
	r, err := up.ps.from.ReaderAt(ctx, up.d)
	if err != nil {
		return fmt.Errorf("cannot read it: %w", err)
	}
	up.body = newChecked(r, up.d, up.ps.h)
	return nil
}

func (up *upload) close() {
	if up.body != nil {
		up.body.close()
	}
}

// show tells the progress that the blob is so far.
func (up *upload) show(offset int64) {
	up.ps.mu.Lock()
	delta := offset - up.shown
	up.shown = offset
	up.ps.mu.Unlock()
	up.ps.advance(delta)
}

// cancel gives the registry its space back, as far as it listens.
func (up *upload) cancel(ctx context.Context) {
	if up.at == "" || ctx.Err() != nil {
		return
	}
	resp, err := up.ps.h.do(once(ctx), call{
		method: http.MethodDelete, url: up.at, scopes: []string{up.ps.to.push()}, good: []int{http.StatusNoContent, http.StatusOK, http.StatusAccepted},
	})
	if err == nil {
		drain(resp)
	}
}

// lacksBlobs tells that a manifest was refused because blobs of it are missing.
func lacksBlobs(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	for _, code := range []transport.ErrorCode{transport.ManifestBlobUnknownErrorCode, transport.BlobUnknownErrorCode, transport.ManifestUnknownErrorCode} {
		if strings.Contains(e.Detail, string(code)) {
			return true
		}
	}
	return false
}
