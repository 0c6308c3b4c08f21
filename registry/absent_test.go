package registry_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// saying is a registry's error document.
func saying(code string) string {
	return fmt.Sprintf(`{"errors":[{"code":%q,"message":"something is unknown","detail":{}}]}`, code)
}

// page is what web servers answer for what they do not know.
const page = "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body><center><h1>404 Not Found</h1></center></body>\r\n</html>\r\n"

// noLists are answers to the request for a tag list that say nothing about tags.
var noLists = map[string]registrytest.Fault{
	"a plain 404":      {Status: 404, Body: "404 page not found\n"},
	"an empty 404":     {Status: 404},
	"a page":           {Status: 404, Header: map[string]string{"Content-Type": "text/html"}, Body: page},
	"Harbor's 404":     {Status: 404, Body: saying("NOT_FOUND")},
	"another code":     {Status: 404, Body: saying("UNKNOWN")},
	"a gateway's 404":  {Status: 404, Body: `{"message":"no Route matched with those values"}`},
	"no such request":  {Status: 501},
	"a bad number":     {Status: 400, Body: saying("PAGINATION_NUMBER_INVALID")},
	"not allowed":      {Status: 405},
	"a page with 200":  {Status: 200, Header: map[string]string{"Content-Type": "text/html"}, Body: page},
	"other JSON":       {Status: 200, Body: `{"message":"welcome"}`},
	"nothing":          {Status: 200, Body: `null`},
	"errors with 200":  {Status: 200, Body: saying("UNSUPPORTED")},
	"tags of no kind":  {Status: 200, Body: `{"tags":{}}`},
	"one page of many": {Header: map[string]string{"Link": `</v2/lists/image/tags/list?last=b&n=2>; rel="next"`}, Status: 200, Body: `{"tags":["a","b"]}`},
}

// TestListsThatSayNothing: what a registry without tag lists has is there all the same.
func TestListsThatSayNothing(t *testing.T) {
	t.Parallel()
	srv := registrytest.Start(t, registrytest.Config{})
	from := registrytest.NewBlobs()
	image := from.Image(t, 300, 10)
	for name, fault := range noLists {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := registrytest.NewProxy(t, srv)
			c := client(t, registry.Options{})
			var refs, tags []string
			for i := range 9 {
				tags = append(tags, fmt.Sprintf("%s/lists/image:%d", p.Addr, i))
			}
			_, err := c.Push(t.Context(), image, from, registry.PushOptions{}, tags...)
			must(t, err)
			refs = append(slices.Clone(tags), p.Addr+"/lists/image:none")
			fault.Path = "/tags/list"
			p.Inject(fault)
			for _, check := range checks {
				p.Requests()
				if found, err := check.run(t.Context(), c, refs); err != nil || found != len(tags) {
					t.Errorf("%s: %d of %d found: %v", check.name, found, len(tags), err)
				}
				// A list that is not there for good is not asked for again and again.
				lists := slices.DeleteFunc(p.Requests(), func(r string) bool { return !strings.Contains(r, "/tags/list") })
				if len(lists) != 1 {
					t.Errorf("%s: the list was asked for %d times", check.name, len(lists))
				}
			}
		})
	}
}

// nobodys are answers 404 to the request for a manifest that no registry gives: none says that the
// manifest is not there.
var nobodys = map[string]registrytest.Fault{
	"a page":             {Header: map[string]string{"Content-Type": "text/html"}, Body: page},
	"a page with header": {Header: map[string]string{"Content-Type": "text/html", "Docker-Distribution-Api-Version": "registry/2.0"}, Body: page},
	"a line":             {Header: map[string]string{"Content-Type": "text/plain"}, Body: "404 page not found\n"},
	"nothing at all":     {},
	"a gateway":          {Header: map[string]string{"Content-Type": "application/json"}, Body: `{"message":"no Route matched with those values"}`},
	"an API":             {Header: map[string]string{"Content-Type": "application/json"}, Body: `{"errors":[{"status":404,"message":"Not Found"}]}`},
	"a store of objects": {Header: map[string]string{"Content-Type": "application/xml"}, Body: `<Error><Code>NoSuchKey</Code></Error>`},
	"another code":       {Header: map[string]string{"Content-Type": "application/json"}, Body: saying("DENIED")},
}

// TestNotFoundByNobody: a 404 that is not the registry's must not look as if nothing were published.
func TestNotFoundByNobody(t *testing.T) {
	t.Parallel()
	srv := registrytest.Start(t, registrytest.Config{})
	from := registrytest.NewBlobs()
	image, other := from.Image(t, 310, 10), from.Image(t, 311, 10)
	for name, fault := range nobodys {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := registrytest.NewProxy(t, srv)
			m := &memory{entries: map[string]registry.Remembered{}}
			c, ref := client(t, registry.Options{Memory: m}), p.Addr+"/nobody/image:1"
			_, err := c.Push(t.Context(), image, from, registry.PushOptions{}, ref)
			must(t, err)
			_, err = c.Look(t.Context(), platform, nil, []string{ref})
			must(t, err)
			fault.Path, fault.Status = "/manifests/", 404
			p.Inject(fault)
			_, errTagged := c.Tagged(t.Context(), []string{ref})
			_, errPush := c.Push(t.Context(), other, from, registry.PushOptions{
				Replace: func(string, string) error { return errors.New("it must stay") },
			}, ref)
			_, errPull := c.Pull(t.Context(), ref, registry.PullOptions{}, registrytest.NewBlobs())
			errs := map[string]error{"Tagged": errTagged, "Push": errPush, "Pull": errPull, "Delete": c.Delete(t.Context(), ref)}
			for _, check := range checks {
				found, err := check.run(t.Context(), c, []string{ref})
				if errs[check.name] = err; found != 0 {
					t.Errorf("%s found %d", check.name, found)
				}
			}
			for what, err := range errs {
				if !errors.Is(err, registry.ErrRefused) || errors.Is(err, registry.ErrNotFound) || !strings.Contains(err.Error(), "(404)") || !strings.Contains(err.Error(), "\nhint: ") {
					t.Errorf("%s: %v", what, err)
				}
			}
			if len(m.entries) != 1 {
				t.Errorf("remembered: %v", m.entries)
			}
			p.Heal()
			is(t, c, ref, image.Digest)
		})
	}
}

// TestReasonsOfRegistries: what registries do say of a manifest that is not there, and what it costs.
func TestReasonsOfRegistries(t *testing.T) {
	t.Parallel()
	srv := registrytest.InMemory(t)
	for code, header := range map[string]map[string]string{
		"MANIFEST_UNKNOWN": {"Content-Type": "application/json; charset=utf-8", "Docker-Distribution-Api-Version": "registry/2.0"},
		"NAME_UNKNOWN":     {"Content-Type": "application/json", "Docker-Distribution-Api-Version": "registry/2.0"},
		"NOT_FOUND":        {"Content-Type": "application/json; charset=utf-8"},
		"TAG_EXPIRED":      {"Content-Type": "application/json"},
	} {
		p := registrytest.NewProxy(t, srv)
		p.Inject(registrytest.Fault{Path: "/manifests/", Status: 404, Header: header, Body: saying(code)})
		c, ref := client(t, registry.Options{}), p.Addr+"/reasons/image:1"
		for _, check := range checks {
			p.Requests()
			found, err := check.run(t.Context(), c, []string{ref})
			asked := slices.DeleteFunc(p.Requests(), func(r string) bool { return !strings.Contains(r, "/manifests/") })
			want := 1
			if check.name == "Digests" && len(header) == 1 { // HEAD alone does not tell
				want = 2
			}
			if err != nil || found != 0 || len(asked) != want {
				t.Errorf("%s, %s: found %d with %q: %v", code, check.name, found, asked, err)
			}
		}
		got, err := c.Tagged(t.Context(), []string{ref})
		if err != nil || len(got) != 0 {
			t.Errorf("%s: Tagged: %v %v", code, got, err)
		}
		if err := c.Delete(t.Context(), ref); !errors.Is(err, registry.ErrNotFound) {
			t.Errorf("%s: Delete: %v", code, err)
		}
	}
}

// TestNoHead: some servers answer 404 to every HEAD.
func TestNoHead(t *testing.T) {
	t.Parallel()
	p := registrytest.NewProxy(t, registrytest.Start(t, registrytest.Config{}))
	c, from := client(t, registry.Options{}), registrytest.NewBlobs()
	image, index := from.Image(t, 320, 10), from.Index(t, 321, 10)
	refs := []string{p.Addr + "/nohead/image:1", p.Addr + "/nohead/index:1", p.Addr + "/nohead/none:1"}
	for i, d := range []ocispecs.Descriptor{image, index} {
		_, err := c.Push(t.Context(), d, from, registry.PushOptions{}, refs[i])
		must(t, err)
	}
	p.Inject(registrytest.Fault{Method: "HEAD", Path: "/manifests/", Status: 404, Header: map[string]string{"Content-Type": "text/html"}})
	got, err := c.Digests(t.Context(), refs)
	if err != nil || len(got) != 2 || got[refs[0]] != digests.Manifest(image.Digest) || got[refs[1]] != digests.Manifest(index.Digest) {
		t.Errorf("found %v, error %v", got, err)
	}
	tagged, err := c.Tagged(t.Context(), refs)
	if err != nil || len(tagged) != 2 || tagged[refs[0]].Digest != digests.Manifest(image.Digest) || len(tagged[refs[1]].Parts) != 4 {
		t.Errorf("found %v, error %v", tagged, err)
	}
}

// TestCutReasons: why it is not there is cut off, so nobody knows whether it is there.
func TestCutReasons(t *testing.T) {
	t.Parallel()
	p := registrytest.NewProxy(t, registrytest.Start(t, registrytest.Config{}))
	c, ref := client(t, registry.Options{}), p.Addr+"/a/b:1"
	p.Inject(registrytest.Fault{Method: "GET", Path: "/manifests/1", CutResponse: 20})
	found, err := c.Look(t.Context(), "linux/amd64", nil, []string{ref})
	if !errors.Is(err, registry.ErrUnreachable) || !registry.Transient(err) || len(found) > 0 {
		t.Errorf("cut always: %v, %v", found, err)
	}
	p.Heal()
	p.Inject(registrytest.Fault{Method: "GET", Path: "/manifests/1", CutResponse: 20, Times: 1})
	if found, err = c.Look(t.Context(), "linux/amd64", nil, []string{ref}); err != nil || len(found) > 0 {
		t.Errorf("cut once: %v, %v", found, err)
	}
}
