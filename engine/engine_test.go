package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/internal/enginetest"
	"github.com/slipway-build/slipway/store"
)

const (
	base  = "registry.example/base:1"
	child = "registry.example/child:1"
)

func TestBuild(t *testing.T) {
	p := enginetest.Start(t)
	enginetest.BuildBase(t, p, base)
	e := engine.New(p.Services().BuildKit)

	t.Run("child finds the parent just built and shares its layers", func(t *testing.T) {
		enginetest.Build(t, p, child, "FROM "+base+"\nRUN echo hello > /hello\n", fstest.MapFS{})
		s := store.New(p.Services().Images, p.Services().Content)
		parent, err := s.Layers(t.Context(), base)
		if err != nil {
			t.Fatal(err)
		}
		layers, err := s.Layers(t.Context(), child)
		if err != nil {
			t.Fatal(err)
		}
		if len(layers) != len(parent)+1 || layers[0] != parent[0] {
			t.Errorf("child has layers %v, parent %v", layers, parent)
		}
	})

	t.Run("artifacts appear as build/", func(t *testing.T) {
		r := enginetest.Request(child, "FROM "+base+"\nCOPY build/ /opt/\nRUN grep -q art /opt/sub/x && test ! -e /opt/other\n", fstest.MapFS{"in": {Data: []byte("art\n")}})
		r.ArtifactDockerfile = []byte("FROM " + base + "\nCOPY in /in\nRUN mkdir -p /build/sub && cp /in /build/sub/x && touch /other\n")
		r.Scratch = t.TempDir()
		if _, err := e.Build(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	})

	t.Run("a failed step names its line and exit code", func(t *testing.T) {
		var log bytes.Buffer
		r := enginetest.Request(child, "FROM "+base+"\nRUN true\nRUN echo to the log && \\\n    exit 3\n", fstest.MapFS{})
		r.Log = &log
		_, err := e.Build(t.Context(), r)
		var step *engine.StepError
		if !errors.As(err, &step) {
			t.Fatalf("error is %T: %v", err, err)
		}
		if step.Line != 3 || step.Exit != 3 || step.File != "Dockerfile" || !strings.HasPrefix(step.Text, "RUN echo to the log") {
			t.Errorf("step error %+v", step)
		}
		if !strings.Contains(log.String(), "to the log") {
			t.Errorf("log lacks the output:\n%s", &log)
		}
	})

	t.Run("a context that changed within a second at the same size is noticed", func(t *testing.T) {
		mtime := time.Unix(1700000000, 0)
		var digests []string
		for _, text := range []string{"one", "two"} {
			files := fstest.MapFS{"f": {Data: []byte(text), ModTime: mtime, Mode: 0o644}}
			digests = append(digests, enginetest.Build(t, p, child, "FROM "+base+"\nCOPY f /f\n", files).Digest)
		}
		if digests[0] == digests[1] {
			t.Error("the second build used the first one's context")
		}
	})

	t.Run("no-cache runs steps anew", func(t *testing.T) {
		r := enginetest.Request(child, "FROM "+base+"\nRUN cat /proc/uptime > /stamp\n", fstest.MapFS{})
		first, err := e.Build(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		again, err := e.Build(t.Context(), r)
		if err != nil || again.Digest != first.Digest {
			t.Errorf("with cache: %v then %v, %v", first, again, err)
		}
		r.NoCache = true
		anew, err := e.Build(t.Context(), r)
		if err != nil || anew.Digest == first.Digest {
			t.Errorf("without cache: %v again, %v", anew, err)
		}
	})

	t.Run("the memory limit holds in RUN steps", func(t *testing.T) {
		r := enginetest.Request(child, "FROM "+base+"\nRUN dd if=/dev/zero of=/dev/null bs=200M count=1\n", fstest.MapFS{})
		if _, err := e.Build(t.Context(), r); err != nil {
			t.Fatalf("without a limit: %v", err)
		}
		r.NoCache = true
		r.Limits = engine.Limits{Memory: 64 << 20, MemSwap: 64 << 20, CPUShares: 512, CPUSetCPUs: "0"}
		var step *engine.StepError
		if _, err := e.Build(t.Context(), r); !errors.As(err, &step) || step.Exit != 137 {
			t.Errorf("with a limit: %v", err)
		}
	})

	t.Run("a syntax line fetches nothing", func(t *testing.T) {
		enginetest.Build(t, p, child, "# syntax=registry.invalid/frontend:1\nFROM "+base+"\nRUN <<EOF\necho here\nEOF\n", fstest.MapFS{})
	})

	t.Run("builds run side by side", func(t *testing.T) {
		var eg errgroup.Group
		for i := range 4 {
			eg.Go(func() error {
				ref := fmt.Sprintf("registry.example/side%d:1", i)
				_, err := e.Build(t.Context(), enginetest.Request(ref, fmt.Sprintf("FROM %s\nRUN echo %d > /n\n", base, i), fstest.MapFS{}))
				return err
			})
		}
		if err := eg.Wait(); err != nil {
			t.Error(err)
		}
	})

	t.Run("cancelling ends a running step", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		r := enginetest.Request(child, "FROM "+base+"\nRUN echo running && sleep 600\n", fstest.MapFS{})
		r.NoCache = true
		r.Progress = func(u engine.Update) {
			for _, l := range u.Logs {
				if strings.Contains(string(l.Data), "running") {
					cancel()
				}
			}
		}
		if _, err := e.Build(ctx, r); !errors.Is(err, context.Canceled) && !strings.Contains(fmt.Sprint(err), "canceled") {
			t.Errorf("error is %v", err)
		}
	})

	t.Run("a build argument with a secret stays out of image and log", func(t *testing.T) {
		var log bytes.Buffer
		r := enginetest.Request(child, "FROM "+base+"\nRUN test \"$http_proxy\" = http://u:hunter2@127.0.0.1:9\n", fstest.MapFS{})
		r.Args = map[string]string{"http_proxy": "http://u:hunter2@127.0.0.1:9"}
		r.Log, r.NoCache = &log, true
		if _, err := e.Build(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		var tar bytes.Buffer
		if err := store.New(p.Services().Images, p.Services().Content).Save(t.Context(), &tar, child); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(log.String(), "hunter2@127") && !strings.Contains(log.String(), "RUN test") || bytes.Contains(tar.Bytes(), []byte("http_proxy=http://u")) {
			t.Error("the proxy's password leaked")
		}
	})
}
