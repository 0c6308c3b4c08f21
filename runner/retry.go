package runner

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/slipway-build/slipway/engine"
)

// Builder builds one image. *engine.Engine is one.
type Builder interface {
	// Build builds r and stores the image under r.Ref, or leaves the store as it was.
	Build(ctx context.Context, r engine.Request) (engine.Result, error)
}

// retrying is a Builder that tries again after a transient fault: of the network, of a server, of a
// mirror that is being updated, or a full disk on which something could be freed.
type retrying struct {
	Builder
	// Retries is how often it tries again; zero is never.
	Retries int
	// Delay is the pause before the second try. It doubles with each, and varies by a quarter.
	Delay time.Duration
	// Free makes room on a full disk, and returns how many bytes it freed.
	Free func(context.Context) (int64, error)
	// Notify is called before each pause.
	Notify func(r engine.Request, try int, cause string, pause time.Duration)
}

// Build implements Builder.
func (b retrying) Build(ctx context.Context, r engine.Request) (engine.Result, error) {
	for try := 0; ; try++ {
		seen := &output{next: r.Progress}
		watched := r
		watched.Progress = seen.progress
		res, err := b.Builder.Build(ctx, watched)
		if err == nil || ctx.Err() != nil || try >= b.Retries {
			return res, err
		}
		cause := transient(err, seen.text())
		if cause == "" {
			return res, err
		}
		if cause == noSpaceCause {
			if b.Free == nil {
				return res, err
			}
			if freed, freeErr := b.Free(ctx); freeErr != nil || freed == 0 {
				return res, errors.Join(err, freeErr)
			}
		}
		pause := b.Delay << try
		pause += time.Duration((rand.Float64() - 0.5) / 2 * float64(pause))
		if b.Notify != nil {
			b.Notify(r, try+2, cause, pause)
		}
		select {
		case <-ctx.Done():
			return res, err
		case <-time.After(pause):
		}
	}
}

// output keeps the end of what a build prints.
type output struct {
	next func(engine.Update)
	mu   sync.Mutex
	end  []byte
}

const outputKept = 16 << 10

func (o *output) progress(u engine.Update) {
	o.mu.Lock()
	for _, l := range u.Logs {
		o.end = append(o.end, l.Data...)
	}
	if n := len(o.end); n > outputKept {
		o.end = bytes.Clone(o.end[n-outputKept:])
	}
	o.mu.Unlock()
	if o.next != nil {
		o.next(u)
	}
}

func (o *output) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.end)
}

const noSpaceCause = "no space left on device"
