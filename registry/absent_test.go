package registry_test

import (
	"fmt"
	"slices"
	"testing"

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
	"not allowed":      {Status: 405},
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
			}
		})
	}
}
