//go:build linux

package embedded_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/internal/enginetest"
	"github.com/slipway-build/slipway/store"
)

const base = "registry.example/base:1"

// childRoot is set in the processes that tests start to be killed.
const childRoot = "SLIPWAY_TEST_CHILD_ROOT"

func TestMain(m *testing.M) {
	if root := os.Getenv(childRoot); root != "" {
		os.Exit(runChild(root))
	}
	os.Exit(m.Run())
}

// runChild starts an engine and a step that never ends, and says when it runs.
func runChild(root string) int {
	ctx := context.Background()
	p, err := embedded.Start(ctx, embedded.Options{Root: root})
	if err != nil {
		println(err.Error())
		return 1
	}
	r := enginetest.Request("registry.example/slow:1", "FROM "+base+"\nRUN echo running && sleep 600\n", fstest.MapFS{})
	r.NoCache = true
	r.Progress = func(u engine.Update) {
		for _, l := range u.Logs {
			if strings.Contains(string(l.Data), "running") {
				os.Stdout.WriteString("running\n")
			}
		}
	}
	_, err = engine.New(p.Services().BuildKit).Build(ctx, r)
	println("the build ended:", err)
	return 1
}

func startAt(t *testing.T, root string) *embedded.Process {
	t.Helper()
	p, err := embedded.Start(t.Context(), embedded.Options{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func closeNow(t *testing.T, p *embedded.Process) {
	t.Helper()
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestKilled kills an engine in the middle of a step; the next one on the same
// root cleans up and builds.
func TestKilled(t *testing.T) {
	enginetest.Need(t)
	root := t.TempDir()
	p := startAt(t, root)
	enginetest.BuildBase(t, p, base)
	closeNow(t, p)

	child := exec.Command("/proc/self/exe")
	child.Env = append(os.Environ(), childRoot+"="+root)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "running\n" {
		t.Fatalf("child said %q, %v", line, err)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	child.Wait()
	if n := mountsBelow(t, root); n == 0 {
		t.Fatal("the killed engine left no mount: the test proves nothing")
	}

	p = startAt(t, root)
	if n := mountsBelow(t, root); n != 1 { // that for the bundles of its own containers
		t.Errorf("%d mounts of the killed engine are left", n-1)
	}
	list, err := store.New(p.Services().Images, p.Services().Content).List(t.Context())
	if err != nil || len(list) != 1 || list[0].Ref != base {
		t.Errorf("images after the kill: %v, %v", list, err)
	}
	enginetest.Build(t, p, "registry.example/slow:1", "FROM "+base+"\nRUN echo running\n", fstest.MapFS{})
	closeNow(t, p)
	if n := mountsBelow(t, root); n != 0 {
		t.Errorf("%d mounts are left after Close", n)
	}
}

func mountsBelow(t *testing.T, root string) int {
	t.Helper()
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(data), " "+root+"/")
}

func TestSecondProcess(t *testing.T) {
	p := enginetest.Start(t)
	enginetest.BuildBase(t, p, base)
	root := p.Root()

	t.Run("Start without Wait says who holds the root", func(t *testing.T) {
		_, err := embedded.Start(t.Context(), embedded.Options{Root: root})
		var busy *embedded.BusyError
		if !errors.As(err, &busy) || busy.Holder.PID != os.Getpid() {
			t.Errorf("error is %v", err)
		}
	})
	t.Run("Attach sees the images", func(t *testing.T) {
		a, err := embedded.Attach(t.Context(), root)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		list, err := store.New(a.Services().Images, a.Services().Content).List(t.Context())
		if err != nil || len(list) != 1 || list[0].Ref != base || list[0].Size == 0 {
			t.Errorf("images: %v, %v", list, err)
		}
	})
	t.Run("Index asks the running engine", func(t *testing.T) {
		list, err := embedded.Index(t.Context(), root)
		if err != nil || len(list) != 1 || list[0].Name != base {
			t.Errorf("index: %v, %v", list, err)
		}
	})
	t.Run("Start with Wait goes on when the root is free", func(t *testing.T) {
		told := make(chan embedded.Holder, 1)
		done := make(chan error, 1)
		go func() {
			q, err := embedded.Start(t.Context(), embedded.Options{Root: root, Wait: func(h embedded.Holder) { told <- h }})
			if err == nil {
				err = q.Close()
			}
			done <- err
		}()
		if h := <-told; h.PID != os.Getpid() || h.Since.IsZero() {
			t.Errorf("told of %+v", h)
		}
		closeNow(t, p)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Run("Index needs no engine", func(t *testing.T) {
		list, err := embedded.Index(t.Context(), root)
		if err != nil || len(list) != 1 || list[0].Name != base {
			t.Errorf("index: %v, %v", list, err)
		}
		if _, err := embedded.Attach(t.Context(), root); !errors.Is(err, embedded.ErrNotRunning) {
			t.Errorf("Attach to nobody: %v", err)
		}
	})
}

func TestIndexOfNothing(t *testing.T) {
	list, err := embedded.Index(t.Context(), t.TempDir())
	if err != nil || len(list) != 0 {
		t.Errorf("index: %v, %v", list, err)
	}
}

// TestIndexWaits: a process that is just starting or ending holds the files and cannot be asked yet.
func TestIndexWaits(t *testing.T) {
	enginetest.Need(t)
	root := t.TempDir()
	p := startAt(t, root)
	enginetest.BuildBase(t, p, base)
	closeNow(t, p)
	db, err := bolt.Open(filepath.Join(root, "engine", "containerdmeta.db"), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(500*time.Millisecond, func() { db.Close() })
	list, err := embedded.Index(t.Context(), root)
	if err != nil || len(list) != 1 || list[0].Name != base {
		t.Errorf("index: %v, %v", list, err)
	}
}

// TestIndexGivesUp: a caller that does not want to wait any more is heard.
func TestIndexGivesUp(t *testing.T) {
	enginetest.Need(t)
	root := t.TempDir()
	closeNow(t, startAt(t, root))
	db, err := bolt.Open(filepath.Join(root, "engine", "containerdmeta.db"), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	var busy *embedded.BusyError
	if _, err := embedded.Index(ctx, root); !errors.As(err, &busy) {
		t.Errorf("index: %v", err)
	}
}

func TestCloseIsQuick(t *testing.T) {
	p := enginetest.Start(t)
	start := time.Now()
	closeNow(t, p)
	closeNow(t, p)
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("Close took %s", took)
	}
}

// TestContextsDoNotPileUp: a build's context is gone with its engine.
func TestContextsDoNotPileUp(t *testing.T) {
	enginetest.Need(t)
	root := t.TempDir()
	p := startAt(t, root)
	enginetest.BuildBase(t, p, base)
	// BuildKit gives a context back a moment after the build has ended.
	for end := time.Now().Add(10 * time.Second); contexts(t, p) == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Error("the build left no context: the test proves nothing")
			break
		}
	}
	closeNow(t, p)
	p = startAt(t, root)
	defer closeNow(t, p)
	if n := contexts(t, p); n != 0 {
		t.Errorf("%d contexts are left", n)
	}
}

// TestCollectTakesTooLong: what Close has no time to free is no error; the next engine frees it.
func TestCollectTakesTooLong(t *testing.T) {
	enginetest.Need(t)
	root := t.TempDir()
	p := startAt(t, root)
	enginetest.BuildBase(t, p, base)
	embedded.CollectFor(p, time.Nanosecond)
	closeNow(t, p)
	p = startAt(t, root)
	if n := contexts(t, p); n != 0 {
		t.Errorf("%d contexts are left", n)
	}
	closeNow(t, p)
	if data, err := os.ReadFile(filepath.Join(root, "lock")); err != nil || len(data) != 0 {
		t.Errorf("the lock says that more is left: %q, %v", data, err)
	}
}

func contexts(t *testing.T, p *embedded.Process) int {
	t.Helper()
	records, err := p.Services().BuildKit.DiskUsage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, r := range records {
		if r.RecordType == "source.local" {
			n++
		}
	}
	return n
}
