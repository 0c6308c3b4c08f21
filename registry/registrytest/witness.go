package registrytest

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	inmemory "github.com/google/go-containerregistry/pkg/registry"
)

// Witness is a registry in memory that lets everybody in who has PasswordOf their name, and remembers who came
// for which repository. With tokens it has a token server of its own, which remembers it, too.
type Witness struct {
	Addr string

	tokens bool
	behind http.Handler

	mu   sync.Mutex
	seen []Visit
}

// Visit is a request with credentials.
type Visit struct {
	Repository string // "" for none, as of the ping
	User       string // "?" when the header is of nobody that the registry knows
	AtTokens   bool   // seen by the token server
}

// PasswordOf is the password of a user of a Witness.
func PasswordOf(user string) string { return "password-of-" + user }

// NewWitness starts one, plain HTTP on a free port.
func NewWitness(t testing.TB, tokens bool) *Witness {
	t.Helper()
	w := &Witness{tokens: tokens, behind: inmemory.New(inmemory.Logger(log.New(io.Discard, "", 0)))}
	srv := httptest.NewServer(w)
	t.Cleanup(srv.Close)
	w.Addr = strings.TrimPrefix(srv.URL, "http://")
	return w
}

// Visits are all since the last call.
func (w *Witness) Visits() []Visit {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := w.seen
	w.seen = nil
	return seen
}

func (w *Witness) saw(v Visit) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, v)
}

// ServeHTTP is the registry and its token server.
func (w *Witness) ServeHTTP(out http.ResponseWriter, req *http.Request) {
	if req.URL.Path == "/token" {
		w.giveToken(out, req)
		return
	}
	repository := repositoryOf(req.URL.Path)
	user, scopes, ok := w.who(req)
	if req.Header.Get("Authorization") != "" {
		w.saw(Visit{Repository: repository, User: user})
	}
	if !ok || w.tokens && repository != "" && !strings.Contains(scopes, "repository:"+repository+":") {
		challenge := `Basic realm="test"`
		if w.tokens {
			challenge = fmt.Sprintf(`Bearer realm="http://%s/token",service="test"`, w.Addr)
		}
		out.Header().Set("Www-Authenticate", challenge)
		out.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.behind.ServeHTTP(out, req)
}

// who reads a password, or a token, which is the user's name with the scopes.
func (w *Witness) who(req *http.Request) (user, scopes string, ok bool) {
	if w.tokens {
		text, ok := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer for-")
		user, scopes, _ = strings.Cut(text, "|")
		if !ok {
			user = "?"
		}
		return user, scopes, ok
	}
	return passwordOf(req)
}

func passwordOf(req *http.Request) (user, _ string, ok bool) {
	user, password, given := req.BasicAuth()
	if !given || password != PasswordOf(user) {
		return "?", "", false
	}
	return user, "", true
}

func (w *Witness) giveToken(out http.ResponseWriter, req *http.Request) {
	user, _, ok := passwordOf(req)
	scopes := strings.Join(req.URL.Query()["scope"], " ")
	repositories := []string{""}
	if scopes != "" {
		repositories = strings.Fields(scopes)
	}
	for _, scope := range repositories {
		name := strings.Split(strings.TrimPrefix(scope, "repository:"), ":")[0]
		w.saw(Visit{Repository: name, User: user, AtTokens: true})
	}
	if !ok {
		out.WriteHeader(http.StatusUnauthorized)
		return
	}
	_ = json.NewEncoder(out).Encode(map[string]any{"token": "for-" + user + "|" + scopes, "expires_in": 300})
}

// repositoryOf is the repository of a request's path, or "".
func repositoryOf(path string) string {
	repository := strings.TrimPrefix(path, "/v2/")
	for _, kind := range []string{"/manifests/", "/blobs/", "/tags/", "/referrers/"} {
		if i := strings.LastIndex(repository, kind); i > 0 {
			return repository[:i]
		}
	}
	return ""
}
