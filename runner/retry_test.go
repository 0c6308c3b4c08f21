package runner_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/runner"
)

// flaky fails as often as it has failures; each prints something first.
type flaky struct {
	failures []failure
	calls    int
}

type failure struct {
	prints string
	err    error
}

func (f *flaky) Build(_ context.Context, r engine.Request) (engine.Result, error) {
	f.calls++
	if f.calls > len(f.failures) {
		return engine.Result{Digest: "sha256:good"}, nil
	}
	fault := f.failures[f.calls-1]
	r.Progress(engine.Update{Logs: []engine.Output{{StepID: "1", Data: []byte(fault.prints)}}})
	return engine.Result{}, fault.err
}

func TestRetrying(t *testing.T) {
	exit := errors.New("process did not complete successfully: exit code 100")
	for _, tt := range []struct {
		name     string
		failures []failure
		free     int64
		calls    int
		good     bool
	}{
		{name: "no fault", calls: 1, good: true},
		{name: "apt's mirror", failures: []failure{{"E: Failed to fetch http://mirror/x.deb  Hash Sum mismatch\n", exit}}, calls: 2, good: true},
		{name: "apt's server", failures: []failure{{"E: Failed to fetch http://mirror/x.deb  503  Service Unavailable [IP: ::1 80]\n", exit}}, calls: 2, good: true},
		{name: "no such package", failures: []failure{{"E: Unable to locate package nothing\n", exit}}, calls: 1},
		{name: "not found", failures: []failure{{"E: Failed to fetch http://mirror/x.deb  404  Not Found\n", exit}}, calls: 1},
		{name: "wrong", failures: []failure{{"x\n", errors.New("exit code 3")}}, calls: 1},
		{name: "three times", failures: []failure{{"curl: (6) Could not resolve host: x\n", exit}, {"curl: (7) Failed to connect to x\n", exit}, {"read: Connection reset by peer\n", exit}}, calls: 3},
		{name: "survived", failures: []failure{{"Connection reset by peer\n" + lines(40) + "no such file\n", exit}}, calls: 1},
		{name: "registry", failures: []failure{{"", errors.New("failed to do request: Head \"https://r/v2/\": dial tcp 127.0.0.1:1: connect: connection refused")}}, calls: 2, good: true},
		{name: "server's error", failures: []failure{{"", errors.New("unexpected status from HEAD request to https://r/v2/: 502 Bad Gateway")}}, calls: 2, good: true},
		{name: "unauthorized", failures: []failure{{"", errors.New("unexpected status: 401 Unauthorized")}}, calls: 1},
		{name: "disk full, nothing to free", failures: []failure{{"write error: No space left on device\n", exit}}, calls: 1},
		{name: "disk full, something to free", failures: []failure{{"write error: No space left on device\n", exit}}, free: 1 << 20, calls: 2, good: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inner := &flaky{failures: tt.failures}
			var printed string
			var notes []string
			b := runner.Retrying{
				Builder: inner, Retries: 2, Delay: time.Millisecond,
				Free: func(context.Context) (int64, error) { return tt.free, nil },
				Notify: func(_ engine.Request, try int, cause string, _ time.Duration) {
					notes = append(notes, fmt.Sprint(try, cause))
				},
			}
			_, err := b.Build(t.Context(), engine.Request{Progress: func(u engine.Update) { printed += string(u.Logs[0].Data) }})
			if inner.calls != tt.calls || (err == nil) != tt.good || len(notes) != tt.calls-1 {
				t.Errorf("%d calls, %v, %q", inner.calls, err, notes)
			}
			if len(tt.failures) > 0 && printed[:min(len(printed), 5)] != tt.failures[0].prints[:min(len(tt.failures[0].prints), 5)] {
				t.Errorf("output was not passed on: %q", printed)
			}
		})
	}
}

func lines(n int) string {
	return string(slices.Concat(slices.Repeat([]byte("Unpacking something ...\n"), n)))
}

func TestRetryingStopsWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	fault := failure{"Connection reset by peer\n", errors.New("exit code 1")}
	inner := &flaky{failures: []failure{fault, fault}}
	b := runner.Retrying{Builder: inner, Retries: 5, Delay: time.Hour, Notify: func(engine.Request, int, string, time.Duration) { cancel() }}
	if _, err := b.Build(ctx, engine.Request{}); err == nil || inner.calls != 1 {
		t.Errorf("%v, %d calls", err, inner.calls)
	}
}
