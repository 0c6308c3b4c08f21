//go:build linux

package embedded

import (
	"context"
	"fmt"
)

// turn is full while an engine of this process runs. BuildKit and containerd keep for a whole process what an
// engine has of its own: where they mount for a moment (TMPDIR, and containerd's mount location), the proxies of
// git (variables of the process), and where they log to (logrus' standard logger). So one engine runs at a time;
// the next one, of another session and on another root, waits for its turn.
var turn = make(chan struct{}, 1)

// takeTurn waits for the turn, unless the engine is to run beside others. Give gives it back.
func takeTurn(ctx context.Context, beside bool) (give func(), err error) {
	if beside {
		return func() {}, nil
	}
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("cannot wait for the other engine of this process: %w", context.Cause(ctx))
	}
}
