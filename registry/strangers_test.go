package registry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// stranger is a server that nobody named. It counts what comes.
func stranger(t *testing.T, secure bool, h http.HandlerFunc) (url string, asked *atomic.Int32) {
	t.Helper()
	asked = &atomic.Int32{}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		asked.Add(1)
		h(w, req)
	}))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // refused certificates
	if secure {
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	return srv.URL, asked
}

// wants answers that a token is needed, or has none but the given one.
func wants(realm string, then http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Authorization") != "Bearer good" {
			w.Header().Set("Www-Authenticate", fmt.Sprintf("Bearer realm=%q,service=s", realm))
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if req.URL.Path != "/v2/" {
			then(w, req)
		}
	}
}

func giveToken(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprint(w, `{"token":"good","access_token":"good"}`)
}

func giveTags(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"tags":["1"]}`) }

// keys is a keychain with the same answer to all.
type keys authn.AuthConfig

func (k keys) Resolve(authn.Resource) (authn.Authenticator, error) {
	return authn.FromConfig(authn.AuthConfig(k)), nil
}

// TestTokenServerLeadsAway: what goes to a token server stays there, in the header and in the body.
func TestTokenServerLeadsAway(t *testing.T) {
	t.Parallel()
	for name, login := range map[string]authn.AuthConfig{
		"basic": {Username: "me", Password: password}, "identity": {IdentityToken: password},
	} {
		for _, status := range []int{302, 307, 308} {
			away, asked := stranger(t, false, giveToken)
			server, _ := stranger(t, false, func(w http.ResponseWriter, req *http.Request) {
				http.Redirect(w, req, away+"/token", status)
			})
			url, _ := stranger(t, false, wants(server, giveTags))
			addr := strings.TrimPrefix(url, "http://")
			_, err := client(t, registry.Options{Keychain: keys(login)}).Tags(t.Context(), addr+"/a/b")
			if err == nil || registry.Transient(err) {
				t.Errorf("%s, %d: %v", name, status, err)
			}
			if n := asked.Load(); n > 0 {
				t.Errorf("%s, %d: the other server was asked %d times", name, status, n)
			}
		}
		// At home it may.
		server, asked := stranger(t, false, func(w http.ResponseWriter, req *http.Request) {
			if req.URL.Path == "/token" {
				http.Redirect(w, req, "/there", http.StatusTemporaryRedirect)
				return
			}
			giveToken(w, req)
		})
		url, _ := stranger(t, false, wants(server+"/token", giveTags))
		_, err := client(t, registry.Options{Keychain: keys(login)}).Tags(t.Context(), strings.TrimPrefix(url, "http://")+"/a/b")
		if err != nil || asked.Load() != 2 {
			t.Errorf("%s, to itself: %v, asked %d times", name, err, asked.Load())
		}
	}
}

// TestInsecureIsNotInherited: a registry that is listed as insecure leads to servers that are not.
func TestInsecureIsNotInherited(t *testing.T) {
	t.Parallel()
	from := registrytest.NewBlobs()
	image := from.Image(t, 1, 600<<10)
	cases := []struct {
		name    string
		other   http.HandlerFunc
		handler func(other string) http.HandlerFunc
		use     func(ctx context.Context, c *registry.Client, addr string) error
	}{
		{"token server", giveToken, func(other string) http.HandlerFunc { return wants(other, giveTags) },
			func(ctx context.Context, c *registry.Client, addr string) error {
				_, err := c.Tags(ctx, addr+"/a/b")
				return err
			}},
		{"redirect", giveTags, func(other string) http.HandlerFunc {
			return func(w http.ResponseWriter, req *http.Request) {
				if req.URL.Path != "/v2/" {
					http.Redirect(w, req, other, http.StatusTemporaryRedirect)
				}
			}
		}, func(ctx context.Context, c *registry.Client, addr string) error {
			_, err := c.Tags(ctx, addr+"/a/b")
			return err
		}},
		{"upload", func(w http.ResponseWriter, req *http.Request) {
			_, _ = io.Copy(io.Discard, req.Body)
			w.Header().Set("Location", "https://"+req.Host+"/upload")
			w.WriteHeader(http.StatusAccepted)
		}, func(other string) http.HandlerFunc {
			return func(w http.ResponseWriter, req *http.Request) {
				switch {
				case req.URL.Path == "/v2/":
				case req.Method == http.MethodHead:
					w.Header().Set("Content-Type", "application/json")
					w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
					w.WriteHeader(http.StatusNotFound)
				default:
					w.Header().Set("Location", other)
					w.WriteHeader(map[string]int{http.MethodPost: 202, http.MethodPut: 201}[req.Method])
				}
			}
		}, func(ctx context.Context, c *registry.Client, addr string) error {
			_, err := c.Push(ctx, image, from, registry.PushOptions{}, addr+"/a/b:1")
			return err
		}},
	}
	for _, c := range cases {
		other, asked := stranger(t, true, c.other)
		url, _ := stranger(t, true, c.handler(other))
		addr, otherAddr := strings.TrimPrefix(url, "https://"), strings.TrimPrefix(other, "https://")
		o := registry.Options{Insecure: []string{addr}, Keychain: keys{Username: "me", Password: password}}
		err := c.use(t.Context(), client(t, o), addr)
		if !errors.Is(err, registry.ErrUnreachable) || !strings.Contains(err.Error(), "certificate") || asked.Load() > 0 {
			t.Errorf("%s: asked %d times, %v", c.name, asked.Load(), err)
		}
		o.Insecure = append(o.Insecure, otherAddr)
		if err := c.use(t.Context(), client(t, o), addr); err != nil || asked.Load() == 0 {
			t.Errorf("%s, listed: asked %d times, %v", c.name, asked.Load(), err)
		}
	}
}

// TestPlainTokenServer: a password goes in plain text only to a host that is itself listed.
func TestPlainTokenServer(t *testing.T) {
	t.Parallel()
	for _, listed := range []bool{false, true} {
		url, _ := stranger(t, false, func(w http.ResponseWriter, req *http.Request) {
			if req.URL.Path == "/token" {
				giveToken(w, req)
				return
			}
			wants("http://token.test/token", giveTags)(w, req)
		})
		f := registrytest.StartForward(t, &registrytest.Forward{To: strings.TrimPrefix(url, "http://")})
		o := registry.Options{Insecure: []string{"registry.test"}, HTTPProxy: "http://" + f.Addr, Keychain: keys{Username: "me", Password: password}}
		if listed {
			o.Insecure = append(o.Insecure, "token.test")
		}
		_, err := client(t, o).Tags(t.Context(), "registry.test/a/b")
		if listed != (err == nil) || err != nil && !strings.Contains(err.Error(), "hint: name it in insecure_registries") {
			t.Errorf("listed %v: %v", listed, err)
		}
		if asked := slices.Contains(f.Requests(), "GET token.test"); asked != listed {
			t.Errorf("listed %v: the token server was asked: %v", listed, asked)
		}
	}
}

// TestNamesOfDockerHub: whichever of its names the credentials and the image have, they meet.
func TestNamesOfDockerHub(t *testing.T) {
	t.Parallel()
	url, _ := stranger(t, false, func(w http.ResponseWriter, req *http.Request) {
		if user, pass, _ := req.BasicAuth(); user != "me" || pass != password {
			w.Header().Set("Www-Authenticate", "Basic realm=hub")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if req.URL.Path != "/v2/" {
			giveTags(w, req)
		}
	})
	f := registrytest.StartForward(t, &registrytest.Forward{To: strings.TrimPrefix(url, "http://")})
	for _, image := range []string{"docker.io/a/b", "a/b", "index.docker.io/a/b", "registry-1.docker.io/a/b"} {
		for _, of := range []string{"docker.io", "index.docker.io", "registry-1.docker.io", "", "registry.example"} {
			o := registry.Options{Insecure: []string{"registry-1.docker.io"}, HTTPProxy: "http://" + f.Addr,
				Registry: of, Username: "me", Password: password, Keychain: keys{}}
			if of == "" { // what docker login keeps
				o.Username, o.Password, o.Keychain = "", "", keychainOf{"index.docker.io", authn.AuthConfig{Username: "me", Password: password}}
			}
			_, err := client(t, o).Tags(t.Context(), image)
			if want := of != "registry.example"; want != (err == nil) {
				t.Errorf("%s with credentials of %q: %v", image, of, err)
			}
		}
	}
}

// keychainOf has credentials for one registry.
type keychainOf struct {
	registry string
	login    authn.AuthConfig
}

func (k keychainOf) Resolve(r authn.Resource) (authn.Authenticator, error) {
	if r.RegistryStr() != k.registry {
		return authn.Anonymous, nil
	}
	return authn.FromConfig(k.login), nil
}
