package registry

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// blob brings one blob into the sink. A part that is there already may be of something else, which
// shows at the end: then all is fetched.
func (pl *puller) blob(ctx context.Context, d ocispecs.Descriptor) error {
	resumed, err := pl.round(ctx, d, false)
	if resumed && errors.Is(err, ErrDigest) {
		pl.advance(-d.Size)
		_, err = pl.round(ctx, d, true)
	}
	return err
}

func (pl *puller) round(ctx context.Context, d ocispecs.Descriptor, anew bool) (resumed bool, err error) {
	w, err := content.OpenWriter(ctx, pl.into, content.WithRef(writeRef(d)), content.WithDescriptor(d))
	if errdefs.IsAlreadyExists(err) {
		info, err := pl.into.Info(ctx, d.Digest)
		if err == nil && info.Size != d.Size {
			err = pl.h.fail(ErrDigest, "its manifest says that the blob has %d bytes, but it has %d", d.Size, info.Size)
		}
		pl.advance(d.Size)
		return false, err
	}
	if err != nil {
		return false, err
	}
	defer w.Close()
	status, err := w.Status()
	if err != nil {
		return false, err
	}
	down := &download{pl: pl, d: d, w: w}
	if status.Offset > 0 && (anew || status.Offset > d.Size) {
		if err := w.Truncate(0); err != nil {
			return false, fmt.Errorf("cannot begin anew: %w", err)
		}
		status.Offset = 0
	}
	if down.offset = status.Offset; down.offset == 0 {
		down.hash = d.Digest.Algorithm().Hash()
	}
	pl.advance(down.offset)
	for t := (turns{policy: pl.h.c.opts.Retry}); down.offset < d.Size; {
		before := down.offset
		err := down.attempt(ctx)
		if err == nil {
			break
		}
		t.forward = down.offset > before
		if !t.next(ctx, err) {
			return false, err
		}
	}
	resumed = down.hash == nil
	if !resumed && digest.NewDigest(d.Digest.Algorithm(), down.hash) != d.Digest {
		return false, pl.h.fail(ErrDigest, "it sent other content")
	}
	err = w.Commit(ctx, d.Size, d.Digest)
	if err == nil || errdefs.IsAlreadyExists(err) {
		return resumed, nil
	}
	return resumed, errors.Join(pl.h.fail(ErrDigest, "what was fetched cannot be stored"), err)
}

type download struct {
	pl     *puller
	d      ocispecs.Descriptor
	w      content.Writer
	offset int64
	hash   hash.Hash // nil when the sink had a part: then Commit alone verifies
}

// attempt fetches what is missing in one request.
func (dl *download) attempt(ctx context.Context) error {
	ctx = once(ctx) // the loop around this counts alone
	h := dl.pl.h
	c := call{
		method: http.MethodGet, path: "/v2/" + dl.pl.from.Path() + "/blobs/" + dl.d.Digest.String(),
		scopes: []string{dl.pl.from.pull()}, good: []int{http.StatusOK, http.StatusPartialContent},
	}
	if dl.offset > 0 {
		c.header = map[string]string{"Range": fmt.Sprintf("bytes=%d-%d", dl.offset, dl.d.Size-1)}
	}
	resp, err := h.do(ctx, c)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if dl.offset > 0 {
		var start int64
		_, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-", &start)
		if resp.StatusCode != http.StatusPartialContent || err != nil || start != dl.offset {
			if resp.StatusCode == http.StatusPartialContent {
				return h.fail(ErrRefused, "it sent another part of the blob than was asked for")
			}
			if err := dl.restart(); err != nil { // it knows no ranges and sent all
				return err
			}
		}
	} else if resp.StatusCode == http.StatusPartialContent {
		return h.fail(ErrRefused, "it sent a part of the blob although all was asked for")
	}
	return dl.copy(ctx, resp.Body)
}

// copy writes the body, and not a byte more than the blob has.
func (dl *download) copy(ctx context.Context, body io.Reader) error {
	h, buf := dl.pl.h, make([]byte, 256<<10)
	for {
		n, err := body.Read(buf)
		if int64(n) > dl.d.Size-dl.offset {
			_ = dl.restart()
			return h.fail(ErrDigest, "it sent more than the %d bytes of the blob", dl.d.Size)
		}
		if n > 0 {
			if _, werr := dl.w.Write(buf[:n]); werr != nil {
				return fmt.Errorf("cannot store it: %w", werr)
			}
			if dl.hash != nil {
				dl.hash.Write(buf[:n])
			}
			dl.offset += int64(n)
			dl.pl.advance(int64(n))
		}
		switch {
		case err == io.EOF && dl.offset == dl.d.Size:
			return nil
		case err == io.EOF:
			return h.unreached(ctx, io.ErrUnexpectedEOF)
		case err != nil:
			return h.unreached(ctx, err)
		}
	}
}

// restart forgets what was written.
func (dl *download) restart() error {
	if err := dl.w.Truncate(0); err != nil {
		return fmt.Errorf("cannot begin anew: %w", err)
	}
	dl.pl.advance(-min(dl.offset, dl.d.Size))
	dl.offset, dl.hash = 0, dl.d.Digest.Algorithm().Hash()
	return nil
}
