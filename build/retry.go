package build

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/slipway-build/slipway/engine"
)

// Builder builds one image. *engine.Engine is one.
type Builder interface {
	// Build builds r and stores the image under r.Ref, or leaves the store as it was.
	Build(ctx context.Context, r engine.Request) (engine.Result, error)
}

// Retrying is a Builder that tries again after a transient fault: of the network, of a server, of a
// mirror that is being updated, or a full disk on which something could be freed.
type Retrying struct {
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
func (b Retrying) Build(ctx context.Context, r engine.Request) (engine.Result, error) {
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

// signs are what programs print about faults that pass by themselves. The words are those of apt,
// curl, wget, git, pip, npm, Go's net package and the C library.
var signs = []struct {
	cause   string
	pattern *regexp.Regexp
}{
	{"the mirror is being updated", regexp.MustCompile(`(?i)hash sum mismatch|mirror sync in progress|file has unexpected size`)},
	{"a name could not be resolved", regexp.MustCompile(`(?i)temporary failure (?:in name resolution|resolving)|could not resolve host|EAI_AGAIN|server misbehaving`)},
	{"a connection failed", regexp.MustCompile(`(?i)connection (?:reset by peer|refused|timed out|failed)|could not connect to|failed to connect to|unable to connect to|network is unreachable|no route to host|ECONNRESET|ECONNREFUSED|ETIMEDOUT|broken pipe|early EOF|remote end hung up|unexpected EOF|empty reply from server|connection broken|curl: \((?:18|52|55|56|92)\)`)},
	{"a server took too long", regexp.MustCompile(`(?i)i/o timeout|TLS handshake timeout|operation timed out|read timed out|curl: \(28\)|context deadline exceeded while awaiting headers`)},
	{"a server was overloaded or failed", regexp.MustCompile(`(?i)\b(?:429 too many requests|500 internal server error|502 bad gateway|503 service (?:temporarily )?unavailable|504 gateway time-?out)|(?:error|status(?: code)?|returned error)[: ]+(?:429|50[0234])\b|toomanyrequests|ERROR (?:429|50[0234]):|\bFailed to fetch\b.*\s50[0234]\s`)},
}

// transient names the passing fault that made a build fail, "" for one that would come again.
func transient(err error, printed string) string {
	lower := strings.ToLower(err.Error() + "\n" + printed)
	if errors.Is(err, syscall.ENOSPC) || strings.Contains(lower, syscall.ENOSPC.Error()) {
		return noSpaceCause
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return "a server took too long"
	}
	// What a step printed counts only when the step failed; what it survived did no harm. Its last
	// lines are those that tell why.
	lines := strings.Split(strings.TrimRight(printed, "\n"), "\n")
	text := strings.Join(lines[max(0, len(lines)-12):], "\n")
	if step := (*engine.StepError)(nil); !errors.As(err, &step) || step.Exit <= 0 {
		text += "\n" + err.Error() // of a failed command it only repeats the command
	}
	for _, s := range signs {
		if s.pattern.MatchString(text) {
			return s.cause
		}
	}
	return ""
}
