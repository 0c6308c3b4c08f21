//go:build linux

package embedded_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/opencontainers/go-digest"
	"golang.org/x/sys/unix"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/internal/enginetest"
	"github.com/slipway-build/slipway/store"
	"github.com/slipway-build/slipway/store/journal"
)

// named are options with names in a journal.
func named(root string) embedded.Options {
	return embedded.Options{Root: root, Names: enginetest.Names, NamesFile: filepath.Base(journal.Path(root))}
}

func startNamed(t *testing.T, root string) *embedded.Process {
	t.Helper()
	p, err := embedded.Start(t.Context(), named(root))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestFollow: what is asked of a process that ends is answered by the next that takes the root, or by an
// engine of one's own; a reader that was open goes on.
func TestFollow(t *testing.T) {
	enginetest.Need(t)
	root, ctx := t.TempDir(), t.Context()
	p := startNamed(t, root)
	digest0 := digest.Digest(enginetest.Build(t, p, base, enginetest.BaseDockerfile, enginetest.Busybox(t)).Digest)
	a, err := embedded.Follow(ctx, named(root))
	if err != nil {
		t.Fatal(err)
	}
	s := a.Services()
	info, err := s.Content.Info(ctx, digest0)
	if err != nil {
		t.Fatal(err)
	}
	img, err := s.Images.Get(ctx, base)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Content.ReaderAt(ctx, img.Target)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()

	ask := func(t *testing.T) {
		t.Helper()
		data := make([]byte, info.Size)
		if _, err := r.ReadAt(data, 0); err != nil || digest.FromBytes(data) != digest0 {
			t.Errorf("the open reader: %s, %v", data, err)
		}
		st := store.New(s.Images, s.Content)
		if got, err := st.Get(ctx, base); err != nil || got.Digest != digests.Manifest(digest0.String()) {
			t.Errorf("get: %+v, %v", got, err)
		}
		if err := errors.Join(st.Tag(ctx, base, "other:1"), st.Remove(ctx, "other:1")); err != nil {
			t.Error(err)
		}
		blobs := map[digest.Digest]int{}
		err := s.Content.Walk(ctx, func(i content.Info) error { blobs[i.Digest]++; return nil })
		if err != nil || blobs[digest0] != 1 {
			t.Errorf("walk: %v, %v", blobs, err)
		}
		if usage, err := s.BuildKit.DiskUsage(ctx); err != nil || len(usage) == 0 {
			t.Errorf("usage: %v, %v", usage, err)
		}
	}
	ask(t)
	closeNow(t, p)
	t.Run("the next process", func(t *testing.T) {
		p = startNamed(t, root)
		ask(t)
		closeNow(t, p)
	})
	t.Run("one's own", ask)
	if err := errors.Join(a.Lost(), a.Close()); err != nil {
		t.Error(err)
	}
	if _, err := embedded.Attach(ctx, root); !errors.Is(err, embedded.ErrNotRunning) {
		t.Errorf("somebody has the root still: %v", err)
	}
}

// TestFollowNobody: why no engine can be had is said once, and nothing waits for it.
func TestFollowNobody(t *testing.T) {
	enginetest.Need(t)
	root := t.TempDir()
	p := startNamed(t, root)
	o, tries := named(root), 0
	o.Names = func(context.Context, string, images.Store, content.Store) (embedded.NameStore, error) {
		tries++
		return nil, errors.New("no names today")
	}
	a, err := embedded.Follow(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	closeNow(t, p)
	if _, err := a.Services().Images.List(t.Context()); err == nil {
		t.Error("somebody answers")
	}
	if err := a.Lost(); err == nil || !strings.Contains(err.Error(), "no names today") || tries != 1 {
		t.Errorf("after %d tries: %v", tries, err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

// TestFollowSilence: processes that take connections and end before they answer cost no call its tries.
func TestFollowSilence(t *testing.T) {
	enginetest.Need(t)
	root, ctx := t.TempDir(), t.Context()
	p := startNamed(t, root)
	a, err := embedded.Follow(ctx, named(root))
	if err != nil {
		t.Fatal(err)
	}
	closeNow(t, p)
	lock, err := os.OpenFile(embedded.LockPath(root), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	silent, err := net.Listen("unix", embedded.SocketPath(root))
	if err != nil {
		t.Fatal(err)
	}

	done := make(chan error)
	go func() {
		defer close(done)
		for range 12 {
			conn, err := silent.Accept()
			if err != nil {
				done <- err
				return
			}
			conn.Close()
		}
		done <- errors.Join(silent.Close(), lock.Close())
	}()
	if _, err := a.Services().Images.List(ctx); err != nil {
		t.Error(err)
		silent.Close()
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := errors.Join(a.Lost(), a.Close()); err != nil {
		t.Error(err)
	}
}
