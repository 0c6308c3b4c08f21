package registry_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
)

const platform = "linux/amd64"

// edited is a manifest or index with something changed.
func edited[T ocispecs.Manifest | ocispecs.Index](t testing.TB, from *registrytest.Blobs, d ocispecs.Descriptor, change func(*T)) ocispecs.Descriptor {
	t.Helper()
	m := new(T)
	must(t, json.Unmarshal(from.Get(d.Digest), m))
	change(m)
	data, err := json.Marshal(m)
	must(t, err)
	return from.Add(d.MediaType, data)
}

func annotated(t testing.TB, from *registrytest.Blobs, d ocispecs.Descriptor, a map[string]string) ocispecs.Descriptor {
	t.Helper()
	return edited(t, from, d, func(m *ocispecs.Manifest) { m.Annotations = a })
}

func configDigest(t testing.TB, from *registrytest.Blobs, d digest.Digest) string {
	t.Helper()
	var m ocispecs.Manifest
	must(t, json.Unmarshal(from.Get(d), &m))
	return m.Config.Digest.String()
}

func childOf(t testing.TB, from *registrytest.Blobs, index digest.Digest, n int) digest.Digest {
	t.Helper()
	var i ocispecs.Index
	must(t, json.Unmarshal(from.Get(index), &i))
	return i.Manifests[n].Digest
}

func testLook(t *testing.T, srv *registrytest.Server, c *registry.Client) {
	ctx, from := t.Context(), registrytest.NewBlobs()
	repo := srv.Addr + "/fleet/looked"
	image := annotated(t, from, from.Image(t, 60, 10), map[string]string{
		"base": "a:1", "title": "looked", "long": strings.Repeat("x", 4<<10), "longer": strings.Repeat("x", 4<<10+1)})
	plain := from.Image(t, 61, 10)
	index := from.Index(t, 62, 10)
	nested := from.Index(t, 63, 10)
	nested.Platform = &ocispecs.Platform{OS: "linux", Architecture: "amd64"}
	outer := edited(t, from, index, func(i *ocispecs.Index) { i.Manifests = []ocispecs.Descriptor{nested} })
	chart := edited(t, from, plain, func(m *ocispecs.Manifest) {
		m.Config = from.Add("application/vnd.cncf.helm.config.v1+json", []byte(`{"name":"chart"}`))
		m.Annotations = map[string]string{"title": "chart"}
	})
	for tag, d := range map[string]ocispecs.Descriptor{"image": image, "plain": plain, "index": index, "outer": outer, "chart": chart} {
		_, err := c.Push(ctx, d, from, registry.PushOptions{}, repo+":"+tag)
		must(t, err)
	}
	want := map[string]registry.Published{
		repo + ":image": {Digest: digests.Manifest(image.Digest), ID: digests.Config(configDigest(t, from, image.Digest)),
			Annotations: map[string]string{"base": "a:1", "long": strings.Repeat("x", 4<<10)}},
		repo + "@" + image.Digest.String(): {Digest: digests.Manifest(image.Digest), ID: digests.Config(configDigest(t, from, image.Digest)),
			Annotations: map[string]string{"base": "a:1", "long": strings.Repeat("x", 4<<10)}},
		repo + ":plain": {Digest: digests.Manifest(plain.Digest), ID: digests.Config(configDigest(t, from, plain.Digest))},
		repo + ":index": {Digest: digests.Manifest(index.Digest), ID: digests.Config(configDigest(t, from, childOf(t, from, index.Digest, 0)))},
		repo + ":outer": {Digest: digests.Manifest(outer.Digest), ID: digests.Config(configDigest(t, from, childOf(t, from, nested.Digest, 0)))},
		repo + ":chart": {Digest: digests.Manifest(chart.Digest)},
	}
	refs := slices.Collect(maps.Keys(want))
	wanted := []string{"longer", "long", "base", "none", "base"}
	// Three that are not there, singly; and more of one repository, by its tag list.
	refs = append(refs, repo+":none", srv.Addr+"/fleet/nowhere:1", repo+"@"+digest.FromString("nothing").String())
	got, err := c.Look(ctx, platform, wanted, refs)
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for i := range 9 {
		refs = append(refs, fmt.Sprintf("%s:none%d", repo, i))
	}
	got, err = c.Look(ctx, platform, wanted, refs)
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("with the tag list (-want +got)\n%s", diff)
	}

	for other, n := range map[string]int{"linux/arm64": 1, "linux/arm64/v8": 1, "linux/riscv64": -1} {
		id := ""
		if n >= 0 {
			id = configDigest(t, from, childOf(t, from, index.Digest, n))
		}
		got, err = c.Look(ctx, other, nil, []string{repo + ":index"})
		must(t, err)
		if diff := cmp.Diff(map[string]registry.Published{repo + ":index": {Digest: digests.Manifest(index.Digest), ID: digests.Config(id)}}, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", other, diff)
		}
	}
	if got, err := c.Look(ctx, platform, nil, nil); err != nil || len(got) != 0 {
		t.Errorf("nothing asked: %v %v", got, err)
	}
	for _, bad := range []string{"", "linux/amd64/v1/x"} {
		if _, err := c.Look(ctx, bad, nil, refs); err == nil || !strings.Contains(err.Error(), "platform") {
			t.Errorf("the platform %q: %v", bad, err)
		}
	}
	if _, err := c.Look(ctx, platform, nil, []string{"UPPER/case:1"}); err == nil {
		t.Error("a name that is none was asked for")
	}
}

// TestLookWithMemory: what has not changed is 304, and comes from memory; each question has its own.
func TestLookWithMemory(t *testing.T) {
	t.Parallel()
	srv := registrytest.Start(t, registrytest.Config{})
	p := registrytest.NewProxy(t, srv)
	m := &memory{entries: map[string]registry.Remembered{}}
	c, from := client(t, registry.Options{Memory: m}), registrytest.NewBlobs()
	image := annotated(t, from, from.Image(t, 70, 10), map[string]string{"base": "a:1", "title": "x"})
	index := from.Index(t, 71, 10)
	refs := []string{p.Addr + "/look/image:1", p.Addr + "/look/index:1"}
	for i, d := range []ocispecs.Descriptor{image, index} {
		_, err := c.Push(t.Context(), d, from, registry.PushOptions{}, refs[i])
		must(t, err)
	}
	want := map[string]registry.Published{
		refs[0]: {Digest: digests.Manifest(image.Digest), ID: digests.Config(configDigest(t, from, image.Digest)), Annotations: map[string]string{"base": "a:1"}},
		refs[1]: {Digest: digests.Manifest(index.Digest), ID: digests.Config(configDigest(t, from, childOf(t, from, index.Digest, 0)))},
	}
	fresh := client(t, registry.Options{Memory: m, Fresh: time.Hour})
	unchanged := 0
	look := func(what string, c *registry.Client, requests, cached int) {
		t.Helper()
		p.Requests()
		got, err := c.Look(t.Context(), platform, []string{"base"}, refs)
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", what, diff)
		}
		asked := slices.DeleteFunc(p.Requests(), func(r string) bool { return strings.HasSuffix(r, " /v2/") })
		now := srv.Count("GET", `" 304 `)
		if len(asked) != requests || now-unchanged != cached {
			t.Errorf("%s: %d answers 304 to %q", what, now-unchanged, asked)
		}
		unchanged = now
	}

	_, err := c.Digests(t.Context(), refs)
	must(t, err)
	look("after Digests, fresh", fresh, 3, 0) // its entries have not what Look needs
	look("again", c, 2, 2)
	look("fresh", fresh, 0, 0)

	// Digests takes what Look has found, and leaves it there.
	p.Requests()
	got, err := fresh.Digests(t.Context(), refs)
	if n := len(p.Requests()); err != nil || got[refs[0]] != digests.Manifest(image.Digest) || n != 0 {
		t.Errorf("Digests after Look: %v %v, %d requests", got, err, n)
	}
	_, err = c.Digests(t.Context(), refs)
	must(t, err)
	look("after Digests", c, 2, 2)

	// Another platform is another question, and both answers are remembered; other annotations take their place.
	other, err := fresh.Look(t.Context(), "linux/arm64", []string{"base"}, refs)
	must(t, err)
	if id := configDigest(t, from, childOf(t, from, index.Digest, 1)); other[refs[1]].ID != digests.Config(id) {
		t.Errorf("for arm64: %v instead of %s", other[refs[1]], id)
	}
	look("after another platform", fresh, 0, 0)
	other, err = fresh.Look(t.Context(), "linux/arm64", []string{"base"}, refs)
	must(t, err)
	if n := len(p.Requests()); n != 0 || other[refs[1]].ID == "" {
		t.Errorf("the other platform again: %v, %d requests", other[refs[1]], n)
	}
	other, err = fresh.Look(t.Context(), platform, []string{"title"}, refs)
	must(t, err)
	if a := other[refs[0]].Annotations; len(a) != 1 || a["title"] != "x" {
		t.Errorf("other annotations: %v", a)
	}
	other[refs[0]].Annotations["title"] = "spoiled by the caller"
	other, err = fresh.Look(t.Context(), platform, []string{"title"}, refs)
	if a := other[refs[0]].Annotations; err != nil || a["title"] != "x" {
		t.Errorf("what a caller does to an answer is remembered: %v %v", a, err)
	}
	look("after other annotations", fresh, 3, 0)

	// What was moved elsewhere is noticed; what Digests notices first has nothing of the old image.
	moved := annotated(t, from, from.Image(t, 72, 10), map[string]string{"base": "a:2"})
	_, err = client(t, registry.Options{}).Push(t.Context(), moved, from, registry.PushOptions{}, refs[0])
	must(t, err)
	_, err = c.Digests(t.Context(), refs)
	must(t, err)
	want[refs[0]] = registry.Published{Digest: digests.Manifest(moved.Digest), ID: digests.Config(configDigest(t, from, moved.Digest)), Annotations: map[string]string{"base": "a:2"}}
	look("after a move", c, 2, 1)

	// An unchanged tag without an entity tag costs the index only, not its manifest again.
	p.Inject(registrytest.Fault{Header: map[string]string{"Etag": ""}})
	for ref, e := range m.entries {
		e.ETag = ""
		m.entries[ref] = e
	}
	look("without entity tags", c, 2, 0)
	_, err = c.Digests(t.Context(), refs)
	must(t, err)
	look("after Digests without entity tags", fresh, 0, 0)
	p.Heal()
	must(t, client(t, registry.Options{}).Delete(t.Context(), refs[1]))
	delete(want, refs[1])
	look("after deleting", c, 2, 0)
	if len(m.entries) != 1 {
		t.Errorf("remembered: %v", m.entries)
	}
}

// TestChangesAreForgotten: what this process changes is not answered from memory, however fresh.
func TestChangesAreForgotten(t *testing.T) {
	t.Parallel()
	srv := registrytest.Start(t, registrytest.Config{})
	m := &memory{entries: map[string]registry.Remembered{}}
	c, from := client(t, registry.Options{Memory: m, Fresh: time.Hour}), registrytest.NewBlobs()
	one, two := from.Image(t, 80, 10), from.Image(t, 81, 10)
	repo := srv.Addr + "/look/changed"
	refs := []string{repo + ":1", repo + ":2", repo + ":3", repo + ":4"}
	push := func(d ocispecs.Descriptor, o registry.PushOptions, refs ...string) error {
		_, err := c.Push(t.Context(), d, from, o, refs...)
		return err
	}
	see := func(what string, want ...ocispecs.Descriptor) {
		t.Helper()
		got, err := c.Look(t.Context(), platform, nil, refs)
		must(t, err)
		for i, ref := range refs {
			d := ""
			if i < len(want) {
				d = string(want[i].Digest)
			}
			if got[ref].Digest != digests.Manifest(d) {
				t.Errorf("%s: %s is %q instead of %q", what, ref, got[ref].Digest, d)
			}
		}
	}
	none := ocispecs.Descriptor{}
	must(t, push(one, registry.PushOptions{}, refs[:3]...))
	see("pushed", one, one, one)
	must(t, push(one, registry.PushOptions{}, refs[:3]...))
	if len(m.entries) != 3 {
		t.Errorf("a push that changes nothing left of memory: %v", m.entries)
	}
	must(t, push(two, registry.PushOptions{}, refs[0]))
	if len(m.entries) != 2 {
		t.Errorf("a push left of memory: %v", m.entries)
	}
	see("moved by Push", two, one, one)
	must(t, c.Tag(t.Context(), refs[0], refs[1]))
	see("moved by Tag", two, two, one)
	must(t, c.Delete(t.Context(), refs[2]))
	see("a tag deleted", two, two)
	must(t, c.Delete(t.Context(), repo+"@"+two.Digest.String()))
	see("a digest deleted")

	// A check that runs beside a push does not bring back what was before it.
	must(t, push(one, registry.PushOptions{}, refs[0]))
	p := registrytest.NewProxy(t, srv)
	c = client(t, registry.Options{Memory: m, Fresh: time.Hour})
	for i, ref := range refs {
		refs[i] = strings.Replace(ref, srv.Addr, p.Addr, 1)
	}
	p.Inject(registrytest.Fault{Method: "PUT", Path: "/manifests/1", Before: func() {
		p.Heal()
		see("while it is pushed", one)
	}})
	must(t, push(two, registry.PushOptions{}, refs[0]))
	see("after it was pushed", two)

	// What cannot be forgotten is not changed.
	m.broken = errors.New("the disk is gone")
	for what, err := range map[string]error{
		"push": push(one, registry.PushOptions{}, refs[0]), "tag": c.Tag(t.Context(), refs[0], refs[3]), "delete": c.Delete(t.Context(), refs[0]),
	} {
		if !errors.Is(err, m.broken) || !strings.HasPrefix(err.Error(), "cannot "+what+" ") {
			t.Errorf("%s: %v", what, err)
		}
	}
	m.broken = nil
	see("nothing changed", two, none, none, none)
}

// TestTagsAreForgotten: a registry that can delete a tag alone.
func TestTagsAreForgotten(t *testing.T) {
	t.Parallel()
	srv := registrytest.InMemory(t)
	m := &memory{entries: map[string]registry.Remembered{}}
	c, from := client(t, registry.Options{Memory: m, Fresh: time.Hour}), registrytest.NewBlobs()
	refs := []string{srv.Addr + "/look/tags:1", srv.Addr + "/look/tags:2"}
	_, err := c.Push(t.Context(), from.Image(t, 85, 10), from, registry.PushOptions{}, refs...)
	must(t, err)
	_, err = c.Look(t.Context(), platform, nil, refs)
	must(t, err)
	must(t, c.Delete(t.Context(), refs[0]))
	got, err := c.Look(t.Context(), platform, nil, refs)
	must(t, err)
	if len(got) != 1 || got[refs[1]].Digest == "" {
		t.Errorf("after deleting one of two tags: %v", got)
	}
}

// TestLookNeverGuesses: only 404 means "not there", and nothing damaged is taken for an image.
func TestLookNeverGuesses(t *testing.T) {
	t.Parallel()
	srv := registrytest.Start(t, registrytest.Config{})
	from := registrytest.NewBlobs()
	index := from.Index(t, 90, 10)
	resized := edited(t, from, index, func(i *ocispecs.Index) { i.Manifests[0].Size++ })
	child := "/manifests/" + childOf(t, from, index.Digest, 0).String()
	other := string(from.Get(childOf(t, from, index.Digest, 1)))
	typed := map[string]string{"Content-Type": ocispecs.MediaTypeImageManifest}
	answer := func(path, body string) registrytest.Fault {
		return registrytest.Fault{Path: path, Status: 200, Header: typed, Body: body}
	}
	const root = "/manifests/1"
	var pushing sync.Mutex
	for name, c := range map[string]struct {
		fault registrytest.Fault
		kind  error
		text  string
	}{
		"500":             {registrytest.Fault{Path: root, Status: 500}, registry.ErrServer, ""},
		"cut":             {registrytest.Fault{Path: root, CutRequest: -1}, registry.ErrUnreachable, "connection was cut"},
		"cut answers":     {registrytest.Fault{Path: root, CutResponse: 10}, registry.ErrUnreachable, "connection was cut"},
		"401":             {registrytest.Fault{Path: root, Status: 401}, registry.ErrUnauthorized, "hint: `slipway login "},
		"403":             {registrytest.Fault{Path: root, Status: 403}, registry.ErrUnauthorized, "hint: `slipway login "},
		"429":             {registrytest.Fault{Path: root, Status: 429, Header: map[string]string{"Retry-After": "600"}}, registry.ErrRateLimited, "wait 10m"},
		"304 for nothing": {registrytest.Fault{Path: root, Status: 304}, registry.ErrRefused, ""},
		"a wrong digest":  {registrytest.Fault{Path: root, Header: map[string]string{"Docker-Content-Digest": wrong}}, registry.ErrDigest, wrong},
		"no digest":       {registrytest.Fault{Path: root, Header: map[string]string{"Docker-Content-Digest": "x"}}, registry.ErrDigest, ""},
		"a page":          {registrytest.Fault{Path: root, Status: 200, Header: map[string]string{"Content-Type": "text/html"}, Body: "<html>"}, registry.ErrRefused, "text/html"},
		"half a manifest": {answer(root, other[:100]), registry.ErrRefused, ""},
		"no manifest":     {answer(root, `{"errors":[]}`), registry.ErrRefused, "no manifest"},
		"no config":       {answer(root, `{"schemaVersion":2,"layers":[]}`), registry.ErrRefused, "cannot be read"},
		"a bad index": {answer(root, fmt.Sprintf(`{"schemaVersion":2,"mediaType":%q,"manifests":[{"digest":"x","platform":{"os":"linux","architecture":"amd64"}}]}`,
			ocispecs.MediaTypeImageIndex)), registry.ErrRefused, "no digest"},
		"the child is not there":  {registrytest.Fault{Path: child, Status: 404, Body: saying("MANIFEST_UNKNOWN")}, registry.ErrRefused, "which is not there\nhint: "},
		"another child":           {answer(child, other), registry.ErrDigest, ""},
		"a child of another size": {answer(root, string(from.Get(resized.Digest))), registry.ErrDigest, "another size"},
		"401 for the child":       {registrytest.Fault{Path: child, Status: 401}, registry.ErrUnauthorized, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := registrytest.NewProxy(t, srv)
			m := &memory{entries: map[string]registry.Remembered{}}
			r, ref := client(t, registry.Options{Memory: m}), p.Addr+"/faults/look:1"
			pushing.Lock() // docker-registry loses blobs of those that send the same to one repository at once
			_, err := r.Push(t.Context(), index, from, registry.PushOptions{}, ref)
			pushing.Unlock()
			must(t, err)
			p.Inject(c.fault)
			got, err := r.Look(t.Context(), platform, nil, []string{ref})
			if !errors.Is(err, c.kind) || errors.Is(err, registry.ErrNotFound) || len(got)+len(m.entries) != 0 ||
				!strings.HasPrefix(err.Error(), "cannot check "+ref) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("found %v, remembered %v, error %v", got, m.entries, err)
			}
			p.Heal()
			got, err = r.Look(t.Context(), platform, nil, []string{ref})
			if err != nil || got[ref].ID == "" {
				t.Errorf("afterwards: %v %v", got, err)
			}
		})
	}
}

// TestLookAtManyRegistries: one that is not there does not hide what the other says.
func TestLookAtManyRegistries(t *testing.T) {
	t.Parallel()
	p := registrytest.NewProxy(t, registrytest.InMemory(t))
	c, from := client(t, registry.Options{}), registrytest.NewBlobs()
	image, ref := from.Image(t, 95, 10), p.Addr+"/there/a:1"
	_, err := c.Push(t.Context(), image, from, registry.PushOptions{}, ref)
	must(t, err)
	p.Inject(registrytest.Fault{Path: "/manifests/", Status: http.StatusTooManyRequests, Times: 1, Header: map[string]string{"Retry-After": "1"}})
	got, err := c.Look(t.Context(), platform, nil, []string{"127.0.0.1:1/a:1", "127.0.0.1:1/b:1", ref})
	if !errors.Is(err, registry.ErrUnreachable) || strings.Count(err.Error(), "127.0.0.1:1/") != 1 || len(got) != 1 || got[ref].Digest != digests.Manifest(image.Digest) {
		t.Errorf("found %v, error %v", got, err)
	}
}
