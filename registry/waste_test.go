package registry_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipway-build/slipway/registry"
)

// TestTokensTogether: a thousand images take a hundred tokens, which shall not be fetched one by one, nor
// again when they are asked about once more.
func TestTokensTogether(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var now, most, sum int
	server, _ := stranger(t, false, func(w http.ResponseWriter, req *http.Request) {
		mu.Lock()
		now, sum = now+1, sum+1
		most = max(most, now)
		mu.Unlock()
		time.Sleep(30 * time.Millisecond)
		mu.Lock()
		now--
		mu.Unlock()
		giveToken(w, req)
	})
	url, _ := stranger(t, false, wants(server, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Docker-Content-Digest", wrong)
	}))
	c := client(t, registry.Options{Parallel: 5})
	var refs []string
	for i := range 200 {
		refs = append(refs, fmt.Sprintf("%s/tokens/image%d:1", strings.TrimPrefix(url, "http://"), i))
	}
	for range 2 {
		found, err := c.Digests(t.Context(), refs)
		if err != nil || len(found) != len(refs) {
			t.Errorf("found %d: %v", len(found), err)
		}
		if most < 3 || most > 5 || sum != 20 {
			t.Errorf("%d tokens, %d at a time", sum, most)
		}
	}
}

// TestConnectionsAreKept: the ping's connection is used for what follows.
func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 401} {
		var opened atomic.Int32
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.URL.Path == "/v2/" {
				w.Header().Set("Www-Authenticate", "Basic realm=test")
				w.WriteHeader(status)
			}
			fmt.Fprint(w, `{"tags":["1"]}`)
		}))
		srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
			if s == http.StateNew {
				opened.Add(1)
			}
		}
		srv.StartTLS()
		t.Cleanup(srv.Close)
		addr := strings.TrimPrefix(srv.URL, "https://")
		c := client(t, registry.Options{Insecure: []string{addr}})
		for range 3 {
			_, err := c.Tags(t.Context(), addr+"/a/b")
			must(t, err)
		}
		if n := opened.Load(); n != 1 {
			t.Errorf("%d: %d connections", status, n)
		}
	}
}
