package registry_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// TestForeignTokenServer: a registry that names a token server of another domain is trusted with a warning,
// or as trust_realm says.
func TestForeignTokenServer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, realm string
		trust       []string
		insecure    []string
		login       bool
		asked       bool
		said        string // in the error
		warned      int
	}{
		{name: "its own domain", realm: "auth.one.example.org", login: true, asked: true},
		{name: "another", realm: "auth.example.net", login: true, asked: true, warned: 1},
		{name: "another of a public suffix", realm: "auth.github.io", login: true, asked: true, warned: 1},
		{name: "another, without a password", realm: "auth.example.net", asked: true},
		{name: "named", realm: "auth.example.net", trust: []string{"auth.example.net"}, login: true, asked: true},
		{name: "named with its port", realm: "auth.example.net:81", trust: []string{"AUTH.example.net"}, login: true, asked: true},
		{name: "not named", realm: "auth.example.net", trust: []string{"example.net"}, login: true, said: "auth.example.net is none that slipway.trust_realm names: no password is sent there"},
		{name: "all forbidden", realm: "auth.example.net", trust: []string{}, login: true, said: "no password is sent there"},
		{name: "its own domain, all others forbidden", realm: "auth.example.org", trust: []string{}, login: true, asked: true},
		{name: "plain, not listed", realm: "auth.one.example.org", insecure: []string{"one.example.org"}, login: true, said: "speaks plain http"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if req.Host != "one.example.org" {
					if _, password, ok := req.BasicAuth(); ok == test.login && (!ok || password == "s3cr3t") {
						asked.Add(1)
					}
					giveToken(w, req)
					return
				}
				wants("http://"+test.realm+"/token", giveTags)(w, req)
			}))
			t.Cleanup(proxy.Close)
			var warned []string
			o := registry.Options{HTTPProxy: proxy.URL, TrustRealm: test.trust, Insecure: test.insecure, Warn: func(text string) { warned = append(warned, text) }}
			if o.Insecure == nil {
				o.Insecure = []string{"one.example.org", test.realm}
			}
			if test.login {
				o.Registry, o.Username, o.Password = "one.example.org", "me", "s3cr3t"
			}
			c := client(t, o)
			_, err := c.Tags(t.Context(), "one.example.org/a/b")
			if _, again := c.Tags(t.Context(), "one.example.org/a/c"); (again == nil) != (err == nil) {
				t.Errorf("the second time: %v", again)
			}
			if (test.said == "") != (err == nil) || err != nil && (!errors.Is(err, registry.ErrUnauthorized) || !strings.Contains(err.Error(), test.said)) {
				t.Errorf("error %v; want %q", err, test.said)
			}
			if (asked.Load() > 0) != test.asked || len(warned) != test.warned {
				t.Errorf("the token server was asked %d times, warned %q", asked.Load(), warned)
			}
		})
	}
}

// TestEndlessRedirect: the error says what happens, and the other protocol is not tried.
func TestEndlessRedirect(t *testing.T) {
	t.Parallel()
	n := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		n++
		http.Redirect(w, req, fmt.Sprintf("/v2/?%d", n), http.StatusTemporaryRedirect)
	}))
	t.Cleanup(srv.Close)
	_, err := client(t, registry.Options{}).Tags(t.Context(), strings.TrimPrefix(srv.URL, "http://")+"/a/b")
	if !errors.Is(err, registry.ErrRefused) || !strings.Contains(err.Error(), "it redirects again and again") || strings.Contains(err.Error(), "TLS") {
		t.Errorf("%v", err)
	}
}

// TestWrongSizeOfKnownBlob: a manifest's wrong size of a blob is found out, also when the blob need not be fetched.
func TestWrongSizeOfKnownBlob(t *testing.T) {
	t.Parallel()
	srv := registrytest.Start(t, registrytest.Config{})
	c, from := client(t, registry.Options{}), registrytest.NewBlobs()
	image := from.Image(t, 1, 1000)
	_, err := c.Push(t.Context(), image, from, registry.PushOptions{}, srv.Addr+"/a/b:1")
	must(t, err)
	manifest := strings.Replace(string(from.Get(image.Digest)), `"size":`, `"size":1`, 1)
	wrong := from.Add(image.MediaType, []byte(manifest))
	lying, _ := stranger(t, false, func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", image.MediaType)
		w.Header().Set("Docker-Content-Digest", wrong.Digest.String())
		fmt.Fprint(w, manifest)
	})
	_, err = c.Pull(t.Context(), strings.TrimPrefix(lying, "http://")+"/a/b:1", registry.PullOptions{}, from)
	if !errors.Is(err, registry.ErrDigest) || !strings.Contains(err.Error(), "its manifest says that the blob has") {
		t.Errorf("%v", err)
	}
}
