package registry_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"strings"

	inmemory "github.com/google/go-containerregistry/pkg/registry"

	"github.com/slipway-build/slipway/registry"
)

// What is published? A reference without an entry is certainly not there; a registry that does not
// answer is an error.
func ExampleClient_Digests() {
	srv := httptest.NewServer(inmemory.New(inmemory.Logger(log.New(new(strings.Builder), "", 0))))
	defer srv.Close()
	ref := strings.TrimPrefix(srv.URL, "http://") + "/fleet/base:1.0"

	c, err := registry.New(registry.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	published, err := c.Digests(context.Background(), []string{ref})
	if err != nil {
		log.Fatal(err)
	}
	if _, there := published[ref]; !there {
		fmt.Println("base:1.0 is not published")
	}
	// Output: base:1.0 is not published
}
