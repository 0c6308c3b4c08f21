package registrytest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Manner is what a registry answers for what it does not have, and what it refuses.
type Manner string

// The manners are those that issues of Slipway's kind of programs describe.
const (
	// Artifactory refuses to read tags and repositories that it does not have (google/go-containerregistry 1691).
	Artifactory Manner = "artifactory"
	// Mute is an Artifactory that lists no tags either.
	Mute Manner = "mute"
	// Quay refuses to read a repository that it does not have, to a token that may pull alone (helm/helm 31567).
	Quay Manner = "quay"
	// Harbor says NOT_FOUND, wants a token for HEAD, lists no tags for its robots, and refuses a mount whose
	// token may not pull from the other repository.
	Harbor Manner = "harbor"
	// ECR refuses to read a repository that it does not have; the first upload makes it. It mounts nothing, and
	// tags but latest stay.
	ECR Manner = "ecr"
	// Old refuses OCI's media types (oracle/smith 25).
	Old Manner = "old"
)

// Manners are all of them.
var Manners = []Manner{Artifactory, Mute, Quay, Harbor, ECR, Old}

// Played stands before a registry and plays another, for the user "ann" with PasswordOf("ann"), who owns the
// namespace p.
type Played struct {
	Addr string

	manner Manner
	behind *Proxy

	mu      sync.Mutex
	made    map[string]bool // repositories that were sent to
	hidden  map[string]bool // REPOSITORY:TAG of others, which may not be read
	refused []string
}

// Play starts one, plain HTTP on a free port.
func Play(t testing.TB, s *Server, manner Manner) *Played {
	t.Helper()
	p := &Played{manner: manner, behind: NewProxy(t, s), made: map[string]bool{}, hidden: map[string]bool{}}
	p.Addr = serve(t, p)
	return p
}

// Hide says that a tag is somebody else's.
func (p *Played) Hide(repository, tag string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hidden[repository+":"+tag] = true
}

// Refused are the requests of ann that were refused since the last call, as "METHOD /path".
func (p *Played) Refused() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	refused := p.refused
	p.refused = nil
	return refused
}

func (p *Played) tokens() bool { return p.manner == Quay || p.manner == Harbor }

// ServeHTTP is the registry, and its token server.
func (p *Played) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.URL.Path == "/token" {
		p.giveToken(w, req)
		return
	}
	user, password, _ := req.BasicAuth()
	may, token := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ann|")
	if known := token && p.tokens() || !p.tokens() && user == "ann" && password == PasswordOf("ann"); !known {
		challenge := `Basic realm="test"`
		if p.tokens() {
			challenge = fmt.Sprintf(`Bearer realm="http://%s/token",service="test"`, p.Addr)
		}
		w.Header().Set("Www-Authenticate", challenge)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	repository := repositoryOf(req.URL.Path)
	read := req.Method == http.MethodGet || req.Method == http.MethodHead
	switch {
	case repository == "":
		p.behind.ServeHTTP(w, req)
	case p.tokens() && !grants(may, repository, read):
		p.refuse(w, req, http.StatusUnauthorized, "UNAUTHORIZED", "access to the requested resource is not authorized")
	case read:
		p.read(w, req, repository)
	default:
		p.write(w, req, repository, may)
	}
}

// grants tells whether a token's scopes allow it.
func grants(scopes, repository string, read bool) bool {
	action := "push"
	if read {
		action = "pull"
	}
	for _, s := range strings.Fields(scopes) {
		name, actions, _ := strings.Cut(s, ":")
		if name == repository && slices.Contains(strings.Split(actions, ","), action) {
			return true
		}
	}
	return false
}

// giveToken gives what ann may do of what is asked for, which may be nothing.
func (p *Played) giveToken(w http.ResponseWriter, req *http.Request) {
	if user, password, _ := req.BasicAuth(); user != "ann" || password != PasswordOf("ann") {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var granted []string
	for _, s := range strings.Fields(strings.Join(req.URL.Query()["scope"], " ")) {
		name, actions, _ := strings.Cut(strings.TrimPrefix(s, "repository:"), ":")
		made := p.isMade(name) || p.manner == Harbor
		if strings.HasPrefix(name, "p/") && (made || strings.Contains(actions, "push")) {
			granted = append(granted, name+":"+actions)
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"token": "ann|" + strings.Join(granted, " "), "expires_in": 300})
}

func (p *Played) isMade(repository string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.made[repository]
}

func (p *Played) refuse(w http.ResponseWriter, req *http.Request, status int, code, message string) {
	p.mu.Lock()
	p.refused = append(p.refused, req.Method+" "+req.URL.Path)
	p.mu.Unlock()
	p.say(w, status, code, message)
}

func (p *Played) say(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"errors":[{"code":%q,"message":%q}]}`, code, message)
}

// read answers what is there as the registry behind does, and all else in its manner.
func (p *Played) read(w http.ResponseWriter, req *http.Request, repository string) {
	_, reference, _ := strings.Cut(req.URL.Path, "/manifests/")
	list := strings.HasSuffix(req.URL.Path, "/tags/list")
	p.mu.Lock()
	hidden := p.hidden[repository+":"+reference]
	p.mu.Unlock()
	denied := func() {
		p.refuse(w, req, http.StatusForbidden, "DENIED", "the requested access to the resource is denied")
	}
	switch {
	case hidden, p.manner == Mute && list, p.manner == ECR && !p.isMade(repository):
		denied()
		return
	case p.manner == Harbor && list:
		p.refuse(w, req, http.StatusUnauthorized, "UNAUTHORIZED", "unauthorized to access repository: "+repository+", action: list")
		return
	case strings.Contains(req.URL.Path, "/blobs/uploads/"):
		p.behind.ServeHTTP(w, req)
		return
	}
	there := httptest.NewRecorder()
	p.behind.ServeHTTP(there, req)
	switch {
	case there.Code != http.StatusNotFound:
		copyTo(w, there)
	case list && p.isMade(repository):
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"name":%q,"tags":null}`, repository)
	case p.manner == Artifactory, p.manner == Mute:
		denied()
	case p.manner == Harbor:
		p.say(w, http.StatusNotFound, "NOT_FOUND", "artifact "+repository+":"+reference+" not found")
	default:
		copyTo(w, there)
	}
}

func copyTo(w http.ResponseWriter, r *httptest.ResponseRecorder) {
	for k, v := range r.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(r.Code)
	_, _ = w.Write(r.Body.Bytes())
}

// write passes on what the registry takes.
func (p *Played) write(w http.ResponseWriter, req *http.Request, repository, may string) {
	query := req.URL.Query()
	from := query.Get("from")
	_, tag, manifest := strings.Cut(req.URL.Path, "/manifests/")
	switch {
	case from != "" && p.manner == ECR: // a session is opened instead
		query.Del("from")
		query.Del("mount")
		req.URL.RawQuery = query.Encode()
	case from != "" && p.manner == Harbor && !grants(may, from, true):
		p.refuse(w, req, http.StatusUnauthorized, "UNAUTHORIZED", "unauthorized to access repository: "+from+", action: pull")
		return
	}
	if manifest && req.Method == http.MethodPut {
		data, err := io.ReadAll(req.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		if p.manner == Old && (strings.Contains(req.Header.Get("Content-Type"), "oci") || bytes.Contains(data, []byte("vnd.oci"))) {
			p.refuse(w, req, http.StatusBadRequest, "MANIFEST_INVALID", "manifest invalid")
			return
		}
		if p.manner == ECR && tag != "latest" && !strings.Contains(tag, ":") && p.has(repository, tag) {
			p.refuse(w, req, http.StatusBadRequest, "TAG_INVALID", "The image tag '"+tag+"' already exists in the '"+repository+"' repository and cannot be overwritten because the repository is immutable.")
			return
		}
		req.Body = io.NopCloser(bytes.NewReader(data))
	}
	p.mu.Lock()
	p.made[repository] = true
	p.mu.Unlock()
	p.behind.ServeHTTP(w, req)
}

// has asks the registry behind for a tag.
func (p *Played) has(repository, tag string) bool {
	there := httptest.NewRecorder()
	p.behind.ServeHTTP(there, httptest.NewRequest(http.MethodHead, "/v2/"+repository+"/manifests/"+tag, nil))
	return there.Code == http.StatusOK
}
