package remote_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/platforms"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/internal/enginetest"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
	"github.com/slipway-build/slipway/runner/publishing"
	"github.com/slipway-build/slipway/runner/remote"
	"github.com/slipway-build/slipway/store"
	"github.com/slipway-build/slipway/version"
)

// machine is a store with a way to a registry.
type machine struct {
	t       *testing.T
	process *embedded.Process
	client  *registry.Client
	remote  *remote.Registries
	addr    string
	held    context.Context // what is written with it is kept: a name comes later
}

func newMachine(t *testing.T, addr string) *machine {
	t.Helper()
	client, err := registry.New(registry.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	p := enginetest.Start(t)
	s := p.Services()
	held, release, err := p.Hold(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return &machine{t: t, process: p, held: held, client: client, addr: addr, remote: &remote.Registries{
		Client: client, Store: store.New(s.Images, s.Content), Content: s.Content, Hold: p.Hold, Platform: platforms.DefaultString(), UpdateID: "s",
	}}
}

// image puts an image into the store; text makes its content.
func (m *machine) image(tag, text string) *fleet.Image {
	m.t.Helper()
	img := &fleet.Image{Name: "app", Version: version.Version(tag), Tag: tag, Ref: m.addr + "/f/app:" + tag}
	target := m.put(text, map[string]string{ocispecs.AnnotationVersion: tag, inputs.InputsAnnotation: "sha256:" + text})
	m.name(img.Ref, target)
	return img
}

// name gives a good image its name.
func (m *machine) name(ref string, target ocispecs.Descriptor) {
	m.t.Helper()
	err := m.remote.Store.Put(m.t.Context(), ref, target)
	if err == nil {
		err = errors.Join(m.remote.Store.MarkTested(m.t.Context(), ref, store.TestNone, ""), m.remote.Store.MarkInputs(m.t.Context(), ref, store.Marks{}))
	}
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) put(text string, annotations map[string]string) ocispecs.Descriptor {
	layer := m.blob(ocispecs.MediaTypeImageLayer, []byte("layer "+text))
	config := m.json(ocispecs.MediaTypeImageConfig, ocispecs.Image{Platform: platforms.DefaultSpec(), Author: text})
	return m.json(ocispecs.MediaTypeImageManifest, ocispecs.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispecs.MediaTypeImageManifest,
		Config: config, Layers: []ocispecs.Descriptor{layer}, Annotations: annotations,
	})
}

func (m *machine) json(mediaType string, v any) ocispecs.Descriptor {
	data, err := json.Marshal(v)
	if err != nil {
		m.t.Fatal(err)
	}
	return m.blob(mediaType, data)
}

func (m *machine) blob(mediaType string, data []byte) ocispecs.Descriptor {
	m.t.Helper()
	d := ocispecs.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(data), Size: int64(len(data))}
	if err := content.WriteBlob(m.held, m.process.Services().Content, "t-"+d.Digest.String(), bytes.NewReader(data), d); err != nil {
		m.t.Fatal(err)
	}
	return d
}

func (m *machine) tag(tag string) digests.Manifest {
	m.t.Helper()
	found, err := m.client.Digests(m.t.Context(), []string{m.addr + "/f/app:" + tag})
	if err != nil {
		m.t.Fatal(err)
	}
	return found[m.addr+"/f/app:"+tag]
}

func (m *machine) publish(p publishing.Publication) publishing.Published {
	m.t.Helper()
	done, err := m.remote.Publish(m.t.Context(), p)
	if err != nil {
		m.t.Fatal(err)
	}
	return done
}

func TestLatest(t *testing.T) {
	m := newMachine(t, registrytest.Start(t, registrytest.Config{}).Addr)
	first := m.publish(publishing.Publication{Image: m.image("1.9", "a")})
	if m.tag("1.9") != first.Digest || m.tag("latest") != first.Digest || len(first.Moved) != 2 {
		t.Fatalf("%+v; latest is %s", first, m.tag("latest"))
	}
	if !strings.HasSuffix(first.Moved[1], ":1.9") {
		t.Errorf("the version's tag is not the last: %q", first.Moved)
	}
	if again := m.publish(publishing.Publication{Image: m.image("1.9", "a")}); len(again.Moved) != 0 || again.Bytes != 0 {
		t.Errorf("again: %+v", again)
	}
	second := m.publish(publishing.Publication{Image: m.image("1.10", "b")})
	if m.tag("latest") != second.Digest || second.Note != "" {
		t.Errorf("latest did not move to 1.10: %+v", second)
	}
	older := m.publish(publishing.Publication{Image: m.image("1.9.1", "c")})
	if m.tag("latest") != second.Digest || m.tag("1.9.1") != older.Digest || !strings.Contains(older.Note, "latest stays where it is: 1.10 is newer than 1.9.1") {
		t.Errorf("an older version: %+v", older)
	}
}

// Other tools leave no annotations: then the repository's tags say what is newest.
func TestLatestOfOtherTools(t *testing.T) {
	for _, tt := range []struct {
		tags          []string // "latest" among them or not
		version       string
		moves, isMade bool
	}{
		{[]string{"1.2", "latest"}, "1.10", true, true},
		{[]string{"1.10", "latest"}, "1.2", false, true},
		{[]string{"2"}, "1.5", false, false},
		{[]string{"stable", "latest"}, "1", true, true},
		{[]string{"v2.0", "latest"}, "v1.0", false, true},
		{[]string{"v2.0", "latest"}, "1.0", true, true},
		{[]string{"1.0-20261121", "latest"}, "1.0", true, true},
		{[]string{"1.0-1-20261121", "latest"}, "1.0-2", true, true},
		{[]string{"1.0-1-s1", "latest"}, "1.0-2", true, true},
		{[]string{"1.0-2", "latest"}, "1.0-1-s1", false, true},
		{[]string{"1.0-1-s2", "latest"}, "1.0-1-s1", false, true},
		{[]string{"1.0.11-alpine", "20240101", "9f8e7d6", "latest"}, "1.0.2", true, true},
		{[]string{"1.10-bookworm1", "latest"}, "1.9-bookworm2", false, true},
		{[]string{"1.0-20240302", "latest"}, "1.0-20240301", false, true},
	} {
		m := newMachine(t, registrytest.Start(t, registrytest.Config{}).Addr)
		var refs []string
		for _, tag := range tt.tags {
			refs = append(refs, m.addr+"/f/app:"+tag)
		}
		if _, err := m.client.Push(t.Context(), m.put("other", nil), m.process.Services().Content, registry.PushOptions{}, refs...); err != nil {
			t.Fatal(err)
		}
		done := m.publish(publishing.Publication{Image: m.image(tt.version, "mine")})
		now := m.tag("latest")
		if moved := now == done.Digest; moved != tt.moves || moved == (done.Note != "") || (now != "") != tt.isMade {
			t.Errorf("%s beside %v: moved %v, latest %q, %q", tt.version, tt.tags, moved, now, done.Note)
		}
		if m.tag(tt.version) != done.Digest {
			t.Errorf("%s beside %v is not published", tt.version, tt.tags)
		}
	}
}

func TestNothingIsReplacedUnasked(t *testing.T) {
	m := newMachine(t, registrytest.Start(t, registrytest.Config{}).Addr)
	first := m.publish(publishing.Publication{Image: m.image("1", "a")})
	// The plan did not know of it: somebody else has published meanwhile.
	img := m.image("1", "b")
	_, err := m.remote.Publish(t.Context(), publishing.Publication{Image: img})
	if err == nil || !strings.Contains(err.Error(), "another image was published under this tag meanwhile ("+string(first.Digest)+")") {
		t.Errorf("%v", err)
	}
	if m.tag("1") != first.Digest || m.tag("latest") != first.Digest {
		t.Error("it was replaced")
	}
	if _, err := m.remote.Publish(t.Context(), publishing.Publication{Image: img, Digest: first.Digest}); err == nil || !strings.Contains(err.Error(), "the store has") {
		t.Errorf("not what was tested: %v", err)
	}
	forced := m.publish(publishing.Publication{Image: img, There: first.Digest, Replace: true})
	if m.tag("1") != forced.Digest || m.tag("latest") != forced.Digest {
		t.Error("it was not replaced")
	}
}

// What is not tested is not published, nor what is made from an image that others have replaced.
func TestWhatIsNotPublished(t *testing.T) {
	m := newMachine(t, registrytest.Start(t, registrytest.Config{}).Addr)
	base := m.publish(publishing.Publication{Image: m.image("1", "base")})
	img := m.image("2", "child")
	if err := m.remote.Store.MarkTested(t.Context(), img.Ref, "", ""); err != nil {
		t.Fatal(err)
	}
	_, err := m.remote.Publish(t.Context(), publishing.Publication{Image: img})
	if err == nil || !strings.Contains(err.Error(), "its test did not pass") {
		t.Errorf("untested: %v", err)
	}
	img = m.image("2", "child")
	if err := m.remote.Store.MarkInputs(t.Context(), img.Ref, store.Marks{ID: "sha256:id", Inputs: plan.InputsUnsure}); err != nil {
		t.Fatal(err)
	}
	if _, err = m.remote.Publish(t.Context(), publishing.Publication{Image: img}); err == nil || !strings.Contains(err.Error(), "its files changed") {
		t.Errorf("of nobody knows what: %v", err)
	}
	img = m.image("2", "child")
	basis := map[string]digests.Manifest{m.addr + "/f/app:1": "sha256:another"}
	_, err = m.remote.Publish(t.Context(), publishing.Publication{Image: img, Basis: basis})
	if err == nil || !strings.Contains(err.Error(), "others have replaced at the registry meanwhile (sha256:another → "+string(base.Digest)+")") {
		t.Errorf("another parent: %v", err)
	}
	if m.tag("2") != "" || m.tag("latest") != base.Digest {
		t.Error("it was published")
	}
}

// An image that came out the same from another manifest of its base says which one is published.
func TestRebase(t *testing.T) {
	m := newMachine(t, registrytest.Start(t, registrytest.Config{}).Addr)
	base := m.publish(publishing.Publication{Image: m.image("1", "base")})
	img := &fleet.Image{Name: "app", Version: "2", Tag: "2", Ref: m.addr + "/f/app:2"}
	before := m.put("child", map[string]string{ocispecs.AnnotationVersion: "2",
		ocispecs.AnnotationBaseImageName: m.addr + "/f/app:1", ocispecs.AnnotationBaseImageDigest: "sha256:never-published"})
	m.name(img.Ref, before)
	basis := map[string]digests.Manifest{m.addr + "/f/app:1": base.Digest}
	done := m.publish(publishing.Publication{Image: img, Digest: digests.Manifest(before.Digest), Basis: basis})
	found, err := m.client.Inspect(t.Context(), img.Ref)
	if err != nil || digests.Manifest(found.Images[0].Manifest.Annotations[ocispecs.AnnotationBaseImageDigest]) != base.Digest || digests.Manifest(found.Root.Digest) != done.Digest {
		t.Errorf("%+v, %v", found.Root, err)
	}
	stored, err := m.remote.Store.Look(t.Context(), img.Ref)
	if err != nil || stored.Digest != done.Digest || stored.Tested == "" {
		t.Errorf("the store has %+v, %v", stored, err)
	}
	if again := m.publish(publishing.Publication{Image: img, Basis: basis}); again.Digest != done.Digest || len(again.Moved) != 0 {
		t.Errorf("again: %+v", again)
	}
}

// Two machines publish one version at once: one of them finds its tag taken, also when the request that
// it repeats may have been done, and latest is the version.
func TestTwoMachinesOneVersion(t *testing.T) {
	for _, fault := range []registrytest.Fault{
		{Path: "/manifests/latest", Status: 503}, {Path: "/manifests/1", Status: 503}, {Path: "/manifests/1", CutRequest: -1},
	} {
		server := registrytest.Start(t, registrytest.Config{})
		proxy := registrytest.NewProxy(t, server)
		m, direct := newMachine(t, proxy.Addr), newMachine(t, server.Addr)
		other := direct.image("1", "b")
		var theirs digests.Manifest
		var once sync.Once
		fault.Method, fault.Times = "PUT", 1
		fault.Before = func() { once.Do(func() { theirs = direct.publish(publishing.Publication{Image: other}).Digest }) }
		proxy.Inject(fault)
		_, err := m.remote.Publish(t.Context(), publishing.Publication{Image: m.image("1", "a")})
		if theirs == "" || err == nil || !strings.Contains(err.Error(), "meanwhile") {
			t.Errorf("%+v: %v", fault, err)
		}
		if m.tag("latest") != theirs || m.tag("1") != theirs {
			t.Errorf("%s: latest is %s, the version %s, and should be %s", fault.Path, m.tag("latest"), m.tag("1"), theirs)
		}
	}
}

// Of snapshots of one version the latest is the last that was begun, not the last that was done.
func TestLatestSnapshot(t *testing.T) {
	server := registrytest.Start(t, registrytest.Config{})
	m := newMachine(t, server.Addr)
	snapshot := func(stamp string) *fleet.Image {
		img := m.image("1.0", stamp)
		target, err := m.remote.Store.Target(t.Context(), img.Ref)
		if err != nil {
			t.Fatal(err)
		}
		img.Tag += "-" + stamp
		img.Ref = m.addr + "/f/app:" + img.Tag
		m.name(img.Ref, target)
		return img
	}
	later := m.publish(publishing.Publication{Image: snapshot("20261121-160619")})
	earlier := m.publish(publishing.Publication{Image: snapshot("20261121-160617")})
	if m.tag("latest") != later.Digest || !strings.Contains(earlier.Note, "1.0-20261121-160619 is newer") {
		t.Errorf("latest is %s; %+v", m.tag("latest"), earlier)
	}
	proxy := registrytest.NewProxy(t, server)
	proxied := newMachine(t, proxy.Addr)
	var between publishing.Published
	proxy.Inject(registrytest.Fault{Method: "PUT", Path: "/manifests/1.0-20261121-170000", Times: 1, Delay: time.Millisecond, Before: func() {
		between = m.publish(publishing.Publication{Image: snapshot("20261121-170001")}) // begun later, done first
	}})
	slow := proxied.image("1.0", "slow")
	slow.Tag += "-20261121-170000"
	target, err := proxied.remote.Store.Target(t.Context(), slow.Ref)
	if err != nil {
		t.Fatal(err)
	}
	slow.Ref = proxied.addr + "/f/app:" + slow.Tag
	proxied.name(slow.Ref, target)
	if proxied.publish(publishing.Publication{Image: slow}); between.Digest == "" || m.tag("latest") != between.Digest {
		t.Errorf("latest went back to %s from %s", m.tag("latest"), between.Digest)
	}
	if last := m.publish(publishing.Publication{Image: snapshot("20261122-000000")}); m.tag("latest") != last.Digest {
		t.Error("the next day's is not latest")
	}
}

// A base that is none of the fleet's must be at the registry as the store has it, if it is from there.
func TestBaseOfAnotherFleet(t *testing.T) {
	m := newMachine(t, registrytest.Start(t, registrytest.Config{}).Addr)
	base := m.publish(publishing.Publication{Image: m.image("1", "base")})
	for on, good := range map[string]bool{string(base.Digest): true, "sha256:never-published": false} {
		img := &fleet.Image{Name: "app", Version: "2", Tag: "2", Ref: m.addr + "/other/app:2"}
		m.name(img.Ref, m.put("child "+on, map[string]string{ocispecs.AnnotationVersion: "2",
			ocispecs.AnnotationBaseImageName: m.addr + "/f/app:1", ocispecs.AnnotationBaseImageDigest: on}))
		_, err := m.remote.Publish(t.Context(), publishing.Publication{Image: img, Replace: true})
		if (err == nil) != good || err != nil && !strings.Contains(err.Error(), "hint: `slipway pull "+m.addr+"/f/app:1` fetches that") {
			t.Errorf("on %s: %v", on, err)
		}
	}
}

// Somebody moves the parent while the child is sent.
func TestParentMovedWhileSending(t *testing.T) {
	server := registrytest.Start(t, registrytest.Config{})
	proxy := registrytest.NewProxy(t, server)
	m, direct := newMachine(t, proxy.Addr), newMachine(t, server.Addr)
	base := m.publish(publishing.Publication{Image: m.image("1", "base")})
	another := direct.image("1", "another base")
	var once sync.Once
	proxy.Inject(registrytest.Fault{Method: "POST", Path: "/blobs/uploads", Times: 1, Status: 503, Before: func() {
		once.Do(func() { direct.publish(publishing.Publication{Image: another, There: base.Digest, Replace: true}) })
	}})
	_, err := m.remote.Publish(t.Context(), publishing.Publication{Image: m.image("2", "child"), Basis: map[string]digests.Manifest{m.addr + "/f/app:1": base.Digest}})
	if err == nil || !strings.Contains(err.Error(), "others have replaced at the registry meanwhile") || m.tag("2") != "" {
		t.Errorf("%v; 2 is %q", err, m.tag("2"))
	}
}

// Two machines publish at once: latest ends at the newer, whoever comes first, and never goes back.
func TestTwoMachines(t *testing.T) {
	server := registrytest.Start(t, registrytest.Config{})
	proxy := registrytest.NewProxy(t, server)
	m, direct := newMachine(t, proxy.Addr), newMachine(t, server.Addr)
	m.publish(publishing.Publication{Image: m.image("1", "a")})
	newer := direct.image("3", "c")
	var once atomic.Bool
	// 3 comes when 2 has been sent, and before its tags are made.
	proxy.Inject(registrytest.Fault{Method: "PUT", Path: "/manifests/latest", Skip: 0, Times: 1, Status: 503, Before: func() {
		if once.CompareAndSwap(false, true) {
			direct.publish(publishing.Publication{Image: newer})
		}
	}})
	done, err := m.remote.Publish(t.Context(), publishing.Publication{Image: m.image("2", "b")})
	if !once.Load() {
		t.Fatal("the other machine did not come")
	}
	if now := m.tag("latest"); now != direct.tag("3") {
		t.Errorf("latest is %s; 2 was published with %+v, %v", now, done, err)
	}
}

func TestFetch(t *testing.T) {
	server := registrytest.Start(t, registrytest.Config{})
	m, other := newMachine(t, server.Addr), newMachine(t, server.Addr)
	img := m.image("1", "a")
	done := m.publish(publishing.Publication{Image: img})
	m.publish(publishing.Publication{Image: m.image("1", "b"), There: done.Digest, Replace: true}) // meanwhile
	if err := other.remote.Fetch(t.Context(), img.Ref, done.Digest, nil); err != nil {
		t.Fatal(err)
	}
	got, err := other.remote.Store.Look(t.Context(), img.Ref)
	if err != nil || got.Digest != done.Digest || got.Tested != store.TestPublished || got.Inputs != "sha256:a" || got.ID == "" {
		t.Errorf("%+v, %v", got, err)
	}
	if err := other.remote.Fetch(t.Context(), other.addr+"/f/none:1", done.Digest, nil); err == nil {
		t.Error("fetched from nowhere")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := other.remote.Fetch(ctx, img.Ref, done.Digest, nil); err == nil {
		t.Error("fetched after the end")
	}
}
