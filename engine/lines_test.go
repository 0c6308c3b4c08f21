package engine_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/moby/buildkit/client"
	"github.com/opencontainers/go-digest"

	"github.com/slipway-build/slipway/engine"
)

// TestLinesInParts: what a step prints in parts stands in the log as one line, also where the log repeats the last
// lines of a step that failed, and when another step prints meanwhile. Otherwise a part of a secret is not known for one.
func TestLinesInParts(t *testing.T) {
	one, other := digest.FromString("1"), digest.FromString("2")
	now := time.Now()
	begun := func(d digest.Digest) *client.Vertex {
		return &client.Vertex{Digest: d, Name: d.String()[:9], Started: &now}
	}
	failed := begun(one)
	failed.Completed, failed.Error = &now, "exit code 1"
	prints := func(d digest.Digest, stream int, text string) *client.SolveStatus {
		return &client.SolveStatus{Logs: []*client.VertexLog{{Vertex: d, Stream: stream, Data: []byte(text), Timestamp: now}}}
	}
	var log bytes.Buffer
	err := engine.Watch(context.Background(), engine.Request{Log: &log}, func(_ context.Context, status chan *client.SolveStatus) error {
		defer close(status)
		for _, s := range []*client.SolveStatus{
			{Vertexes: []*client.Vertex{begun(one), begun(other)}},
			prints(one, 1, "a\nb: sec"), prints(other, 1, "an"), prints(one, 2, "of the other stream\n"), prints(other, 1, "other\n"),
			prints(one, 1, "ret\nthe end: sec"), prints(other, 1, "left: sec"), prints(other, 1, "ret"),
			prints(one, 1, "ret"), {Vertexes: []*client.Vertex{failed}},
		} {
			status <- s
			time.Sleep(200 * time.Millisecond) // the display waits for more before it prints
		}
		return errors.New("failed")
	})
	if err == nil || err.Error() != "failed" {
		t.Error(err)
	}
	text := log.String()
	for want, n := range map[string]int{"b: secret\n": 2, "the end: secret\n": 2, "another\n": 1, "left: secret": 1, "of the other stream\n": 2} {
		if got := strings.Count(text, want); got != n {
			t.Errorf("%q stands there %d times, not %d", want, got, n)
		}
	}
	if rest := strings.ReplaceAll(text, "secret", ""); strings.Contains(rest, "sec") || strings.Contains(rest, "ret") {
		t.Errorf("a part is left")
	}
	if t.Failed() {
		t.Log(text)
	}
}
