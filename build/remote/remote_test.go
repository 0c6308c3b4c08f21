package remote_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/platforms"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/build"
	"github.com/slipway-build/slipway/build/remote"
	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/internal/enginetest"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
	"github.com/slipway-build/slipway/store"
)

// machine is a store with a way to a registry.
type machine struct {
	t       *testing.T
	process *embedded.Process
	client  *registry.Client
	remote  *remote.Registries
	addr    string
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
	return &machine{t: t, process: p, client: client, addr: addr, remote: &remote.Registries{
		Client: client, Store: store.New(s.Images, s.Content), Content: s.Content, Hold: p.Hold, Platform: platforms.DefaultString(),
	}}
}

// image puts an image into the store; text makes its content.
func (m *machine) image(version, text string) *fleet.Image {
	m.t.Helper()
	img := &fleet.Image{Name: "app", Version: version, Tag: version, Ref: m.addr + "/f/app:" + version}
	target := m.put(text, map[string]string{ocispecs.AnnotationVersion: version, build.InputsAnnotation: "sha256:" + text})
	if err := m.remote.Store.Put(m.t.Context(), img.Ref, target); err != nil {
		m.t.Fatal(err)
	}
	return img
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
	if err := content.WriteBlob(m.t.Context(), m.process.Services().Content, "t-"+d.Digest.String(), bytes.NewReader(data), d); err != nil {
		m.t.Fatal(err)
	}
	return d
}

func (m *machine) tag(tag string) string {
	m.t.Helper()
	found, err := m.client.Digests(m.t.Context(), []string{m.addr + "/f/app:" + tag})
	if err != nil {
		m.t.Fatal(err)
	}
	return found[m.addr+"/f/app:"+tag]
}

func (m *machine) publish(p build.Publication) build.Published {
	m.t.Helper()
	done, err := m.remote.Publish(m.t.Context(), p)
	if err != nil {
		m.t.Fatal(err)
	}
	return done
}

func TestLatest(t *testing.T) {
	m := newMachine(t, registrytest.Start(t, registrytest.Config{}).Addr)
	first := m.publish(build.Publication{Image: m.image("1.9", "a")})
	if m.tag("1.9") != first.Digest || m.tag("latest") != first.Digest || len(first.Moved) != 2 {
		t.Fatalf("%+v; latest is %s", first, m.tag("latest"))
	}
	if !strings.HasSuffix(first.Moved[1], ":1.9") {
		t.Errorf("the version's tag is not the last: %q", first.Moved)
	}
	if again := m.publish(build.Publication{Image: m.image("1.9", "a")}); len(again.Moved) != 0 || again.Bytes != 0 {
		t.Errorf("again: %+v", again)
	}
	second := m.publish(build.Publication{Image: m.image("1.10", "b")})
	if m.tag("latest") != second.Digest || second.Note != "" {
		t.Errorf("latest did not move to 1.10: %+v", second)
	}
	older := m.publish(build.Publication{Image: m.image("1.9.1", "c")})
	if m.tag("latest") != second.Digest || m.tag("1.9.1") != older.Digest || !strings.Contains(older.Note, "latest stays where it is: 1.10 is newer than 1.9.1") {
		t.Errorf("an older version: %+v", older)
	}
}

// Other tools leave no annotations: then the repository's tags say what is newest.
func TestLatestOfOtherTools(t *testing.T) {
	for _, tt := range []struct {
		tag, version string
		moves        bool
	}{{"1.2", "1.10", true}, {"1.10", "1.2", false}, {"stable", "1", true}, {"1.0-20261121", "1.0", false}} {
		m := newMachine(t, registrytest.Start(t, registrytest.Config{}).Addr)
		other := m.put("other", nil)
		if _, err := m.client.Push(t.Context(), other, m.process.Services().Content, registry.PushOptions{}, m.addr+"/f/app:"+tt.tag, m.addr+"/f/app:latest"); err != nil {
			t.Fatal(err)
		}
		done := m.publish(build.Publication{Image: m.image(tt.version, "mine")})
		if moved := m.tag("latest") == done.Digest; moved != tt.moves || moved == (done.Note != "") {
			t.Errorf("%s beside %s: moved %v, %q", tt.version, tt.tag, moved, done.Note)
		}
	}
}

func TestNothingIsReplacedUnasked(t *testing.T) {
	m := newMachine(t, registrytest.Start(t, registrytest.Config{}).Addr)
	first := m.publish(build.Publication{Image: m.image("1", "a")})
	// The plan did not know of it: somebody else has published meanwhile.
	img := m.image("1", "b")
	_, err := m.remote.Publish(t.Context(), build.Publication{Image: img})
	if err == nil || !strings.Contains(err.Error(), "another image was published under this tag meanwhile ("+first.Digest+")") {
		t.Errorf("%v", err)
	}
	if m.tag("1") != first.Digest || m.tag("latest") != first.Digest {
		t.Error("it was replaced")
	}
	if _, err := m.remote.Publish(t.Context(), build.Publication{Image: img, Digest: first.Digest}); err == nil || !strings.Contains(err.Error(), "the store has") {
		t.Errorf("not what was tested: %v", err)
	}
	forced := m.publish(build.Publication{Image: img, There: first.Digest, Replace: true})
	if m.tag("1") != forced.Digest || m.tag("latest") != forced.Digest {
		t.Error("it was not replaced")
	}
}

// Two machines publish at once: latest ends at the newer, whoever comes first, and never goes back.
func TestTwoMachines(t *testing.T) {
	server := registrytest.Start(t, registrytest.Config{})
	proxy := registrytest.NewProxy(t, server)
	m, direct := newMachine(t, proxy.Addr), newMachine(t, server.Addr)
	m.publish(build.Publication{Image: m.image("1", "a")})
	newer := direct.image("3", "c")
	var once atomic.Bool
	// 3 comes when 2 has been sent, and before its tags are made.
	proxy.Inject(registrytest.Fault{Method: "PUT", Path: "/manifests/latest", Skip: 0, Times: 1, Status: 503, Before: func() {
		if once.CompareAndSwap(false, true) {
			direct.publish(build.Publication{Image: newer})
		}
	}})
	done, err := m.remote.Publish(t.Context(), build.Publication{Image: m.image("2", "b")})
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
	done := m.publish(build.Publication{Image: img})
	m.publish(build.Publication{Image: m.image("1", "b"), There: done.Digest, Replace: true}) // meanwhile
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
