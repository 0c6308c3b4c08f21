package cli_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/slipway-build/slipway/internal/enginetest"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// watcher polls the tags of a fleet while others publish it.
type watcher struct {
	*reader
	*chain
	whole  map[string]int // version by image@digest: what was pulled and verified
	latest map[string]int // by image, as last seen
	only   string         // the tag to look at beside latest; "" looks at all there are
	passes int
	moved  int // how often a tag was seen to be new or another
	wrong  []string
}

// pass looks at each tag once, children before what they are made from. It returns the versions that
// have a tag, by image.
func (w *watcher) pass(ctx context.Context) map[string][]int {
	found := map[string][]int{}
	for _, image := range slices.Backward(w.names) {
		tags, err := []string{w.only, "latest"}, error(nil)
		if w.only == "" {
			tags, err = w.tags(ctx, image)
		}
		if err != nil {
			w.say("the tags of %s: %v", image, err)
		}
		for _, tag := range tags {
			version, err := strconv.Atoi(tag)
			if err != nil && tag != "latest" {
				w.say("%s has the tag %s", image, tag)
			}
			if w.look(ctx, image, tag, version) && tag != "latest" {
				found[image] = append(found[image], version)
			}
		}
		for _, child := range w.names {
			for _, version := range found[child] {
				if slices.Contains(w.needs[child], image) && !slices.Contains(found[image], version) {
					w.say("%s:%d is published, but its parent %s is not", child, version, image)
				}
			}
		}
	}
	w.passes++
	return found
}

// look verifies what a tag names, if anything, and tells whether that is a whole image.
func (w *watcher) look(ctx context.Context, image, tag string, version int) bool {
	digest, err := w.digest(ctx, image, tag)
	if digest == "" || err != nil {
		if err != nil {
			w.say("%s:%s: %v", image, tag, err)
		}
		return false
	}
	is, known := w.whole[image+"@"+digest]
	if !known {
		w.moved++
		img, err := w.image(ctx, image+"@"+digest)
		if err != nil {
			w.say("%s:%s is %s, which cannot be pulled: %v", image, tag, digest, err)
			return false
		}
		if is, err = strconv.Atoi(says(w.t, img, image)); err != nil {
			w.say("%s:%s: %v", image, tag, err)
		}
		w.whole[image+"@"+digest] = is
	}
	if tag == "latest" {
		if is < w.latest[image] {
			w.say("%s:latest went back from %d to %d", image, w.latest[image], is)
		}
		w.latest[image] = is
	} else if is != version {
		w.say("%s:%s is version %d", image, tag, is)
	}
	return true
}

// digest asks what a tag names; nothing, for a moment, when docker-registry has made its folder and not
// yet its file. Neither is that file written at once: it may be found empty.
func (w *watcher) digest(ctx context.Context, image, tag string) (string, error) {
	ref, err := name.NewTag(w.addr + "/p/" + image + ":" + tag)
	if err != nil {
		return "", err
	}
	for range 20 {
		found, failure := remote.Head(ref, w.with(ctx)...)
		if err = failure; err == nil {
			return found.Digest.String(), nil
		}
		var status *transport.Error
		if errors.As(err, &status) && status.StatusCode == http.StatusNotFound {
			return "", nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return "", err
}

func (w *watcher) say(format string, args ...any) {
	w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
}

// during watches while f runs.
func (w *watcher) during(f func()) {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			w.pass(w.t.Context())
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	f()
	close(stop)
	<-done
}

// publish starts a run and, if it is to be killed, does so that long after the first image began to be
// published. It returns how many images were said to be published, and whether the run ended by itself.
func (c *chain) publish(killed bool, after time.Duration) (sent int, took time.Duration, ended bool) {
	c.t.Helper()
	cmd := c.slipway("build", "--publish", "--progress", "json", "fleet")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	var began time.Time
	var timer *time.Timer
	events(out, func(e event) {
		switch e.Event {
		case "publishing":
			if !began.IsZero() {
				return
			}
			began = time.Now()
			if killed {
				timer = time.AfterFunc(after, func() { cmd.Process.Kill() })
			}
		case "published":
			sent++
		case "finished":
			ended = true
		}
	})
	took = time.Since(began)
	if timer != nil {
		timer.Stop()
	}
	if err := cmd.Wait(); err != nil && !killed {
		c.t.Errorf("a run that was not killed: %v", err)
	}
	return sent, took, ended
}

// TestPublishKilled: kill -9 at random moments while forty images are published, twenty times. At every
// moment each tag names a whole image of the version that it says, latest never goes back, and no child
// is there without its parent. Every next run finishes, and in the end nothing is left to do.
func TestPublishKilled(t *testing.T) {
	enginetest.Need(t)
	const images, kills = 40, 20
	r := rand.New(rand.NewPCG(5, 3))
	server := registrytest.Start(t, registrytest.Config{})
	c := newChain(t, images, 1, r)
	c.configure("registry: %s\nnamespace: p\n", server.Addr)
	w := &watcher{reader: newReader(t, server, "", ""), chain: c, whole: map[string]int{}, latest: map[string]int{}}
	c.version(1, 20<<10)
	_, whole, _ := c.publish(false, 0)
	killed, middle := 0, 0
	version := 1
	for ; killed < kills; version++ {
		if version == 3*kills {
			t.Fatalf("only %d of %d runs lived long enough to be killed", killed, version)
		}
		c.version(version+1, 20<<10)
		w.only = fmt.Sprint(version + 1)
		w.during(func() {
			sent, _, ended := c.publish(true, time.Duration(r.Int64N(int64(whole))))
			if !ended {
				killed++
			}
			if !ended && sent > 0 && sent < images {
				middle++
			}
			c.publish(false, 0)
		})
		found := w.pass(t.Context())
		for _, n := range c.names {
			if !slices.Contains(found[n], version+1) || w.latest[n] != version+1 {
				w.say("after a whole run %s has the versions %v, latest is %d, not %d", n, found[n], w.latest[n], version+1)
			}
		}
		if len(w.wrong) > 0 {
			t.Fatalf("version %d:\n%s", version+1, strings.Join(w.wrong, "\n"))
		}
	}
	t.Logf("%d kills, %d in the middle; %d passes saw %d changes", killed, middle, w.passes, w.moved)
	if middle < kills/2 || w.passes < 2*version {
		t.Errorf("%d of %d kills came while some images were published and others not, and there were %d looks at all tags in %d runs: this shows little", middle, killed, w.passes, 2*version)
	}
	w.only = ""
	if found := w.pass(t.Context()); len(w.wrong) > 0 || len(found[c.names[0]]) != version {
		t.Errorf("at the end there are %v\n%s", found, strings.Join(w.wrong, "\n"))
	}
	if r := c.end(c.elsewhere("build", "--publish", "fleet")); r.code != 0 || !strings.Contains(r.out, "Nothing to build") {
		t.Errorf("with an empty store: %s", r)
	}
	if left, err := filepath.Glob(filepath.Join(server.Root, "docker/registry/v2/repositories/p/*/_manifests/tags/*/current/link")); err != nil || len(left) != images*(version+1) {
		t.Errorf("%d tags, %v; want %d", len(left), err, images*(version+1))
	}
}
