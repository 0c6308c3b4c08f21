//go:build linux

package embedded_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"testing"
	"testing/fstest"
	"time"

	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/engine/embedded"
)

type nopCloser struct{ *bytes.Buffer }

func (nopCloser) Close() error { return nil }

func TestTry(t *testing.T) {
	ctx := context.Background()
	t0 := time.Now()
	p, err := embedded.Start(ctx, embedded.Options{Root: t.TempDir(), Log: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	t.Log("start", time.Since(t0))
	bb, err := os.ReadFile("/tmp/etry/busybox")
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{"busybox": {Data: bb, Mode: 0o755}, "f.txt": {Data: []byte("hello\n"), Mode: 0o644}}
	e := engine.New(p.Services().BuildKit)
	r := engine.Request{Ref: "reg.example/base:1", Context: fsys, Epoch: time.Unix(1000, 0), Log: os.Stderr,
		Dockerfile: []byte("FROM scratch\nCOPY busybox /bin/busybox\nCOPY busybox /bin/sh\nCOPY f.txt /f\nRUN busybox cat /f\n")}
	res, err := e.Build(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(res, time.Since(t0))
	r = engine.Request{Ref: "reg.example/child:1", Context: fsys, Epoch: time.Unix(1000, 0), Log: os.Stderr, NoCache: true,
		Limits:             engine.Limits{Memory: 64 << 20},
		ArtifactDockerfile: []byte("FROM reg.example/base:1\nRUN busybox mkdir /build && echo art > /build/x\n"),
		Dockerfile:         []byte("FROM reg.example/base:1\nCOPY build/x /x\nRUN busybox cat /x\n")}
	res, err = e.Build(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(res, time.Since(t0))
	var out bytes.Buffer
	code, err := p.RunContainer(ctx, embedded.ContainerSpec{ID: "c1", Image: "reg.example/child:1", Args: []string{"/bin/sh", "-c", "busybox cat /x; exit 7"}},
		embedded.ProcessIO{Stdout: nopCloser{&out}, Stderr: nopCloser{&out}}, nil)
	t.Log(code, err, out.String(), time.Since(t0))
	r.Dockerfile = []byte("FROM reg.example/base:1\nRUN busybox false\n")
	_, err = e.Build(ctx, r)
	for x := err; x != nil; x = errors.Unwrap(x) {
		t.Logf("%T %v", x, x)
	}
	t.Log(p.Close(), time.Since(t0))
}
