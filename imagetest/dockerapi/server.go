package dockerapi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/slipway-build/slipway/engine/container"
)

// apiVersion is the newest version of Docker's API that is answered, and
// minAPIVersion the oldest.
const (
	apiVersion    = "1.47"
	minAPIVersion = "1.24"
)

// answerGrace bounds how long requests may take that are answered when the containers are gone.
const answerGrace = time.Second

// daemon answers the API. Its zero value is of no use; call New.
type daemon struct {
	backend Backend
	routes  *http.ServeMux

	mu         sync.Mutex
	closing    bool
	containers map[string]*instance
	execs      map[string]*execution
	volumes    map[string]*volume
	// tags are the test's own names of images, both in full; commits the images it made, by their name.
	tags    map[string]string
	commits map[string]commit
	// volumesDir has a folder for each volume; it is made with the first one.
	volumesDir string
	// conns are the connections taken over for streams.
	conns map[net.Conn]struct{}
}

// New returns a server that runs its containers on b. Close must be called.
func newDaemon(b Backend) *daemon {
	s := &daemon{
		backend:    b,
		containers: map[string]*instance{},
		execs:      map[string]*execution{},
		volumes:    map[string]*volume{},
		tags:       map[string]string{},
		commits:    map[string]commit{},
		conns:      map[net.Conn]struct{}{},
	}
	s.routes = s.newRoutes()
	return s
}

// Serve answers on l until ctx ends. Then every container is removed, l closed,
// and nil returned if that went well.
func Serve(ctx context.Context, l net.Listener, b Backend) error {
	s := newDaemon(b)
	web := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- web.Serve(l) }()
	select {
	case err := <-served:
		return errors.Join(fmt.Errorf("cannot serve docker requests: %w", err), s.Close(ctx))
	case <-ctx.Done():
	}
	ctx = context.WithoutCancel(ctx)
	err := s.Close(ctx)
	last, cancel := context.WithTimeout(ctx, answerGrace)
	defer cancel()
	_ = web.Shutdown(last) // who waits for a container hears how it ended
	web.Close()
	<-served
	return err
}

// Close removes all containers, ends all streams and refuses new containers. It
// may be called again.
func (s *daemon) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	var list []*instance
	for _, c := range s.containers {
		list = append(list, c)
	}
	s.mu.Unlock()
	errs := make([]error, len(list))
	var wg sync.WaitGroup
	for i, c := range list {
		wg.Go(func() {
			var known *apiError
			// One that has just removed itself is what is wanted.
			if err := s.remove(ctx, c, true); !errors.As(err, &known) {
				errs[i] = err
			}
		})
	}
	wg.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
	}
	errs = append(errs, s.endVolumes(), s.endCommits())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("cannot remove the containers of a test: %w", err)
	}
	return nil
}

var versionPrefix = regexp.MustCompile(`^/v(\d+)\.(\d+)(/.*)$`)

// ServeHTTP implements http.Handler.
func (s *daemon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Api-Version", apiVersion)
	h.Set("Ostype", "linux")
	h.Set("Server", "Slipway")
	h.Set("Docker-Experimental", "false")
	if m := versionPrefix.FindStringSubmatch(r.URL.Path); m != nil {
		if err := checkVersion(m[1], m[2]); err != nil {
			writeError(w, err)
			return
		}
		r = r.Clone(r.Context())
		r.URL.Path, r.URL.RawPath = m[3], ""
	}
	s.routes.ServeHTTP(w, r)
}

func checkVersion(major, minor string) error {
	n, err := strconv.Atoi(minor)
	if err != nil || major != "1" {
		return badRequest("cannot read API version %s.%s", major, minor)
	}
	newest, _ := strconv.Atoi(strings.TrimPrefix(apiVersion, "1."))
	oldest, _ := strconv.Atoi(strings.TrimPrefix(minAPIVersion, "1."))
	if n > newest {
		return badRequest("client version 1.%d is too new. Maximum supported API version is %s", n, apiVersion)
	}
	if n < oldest {
		return badRequest("client version 1.%d is too old. Minimum supported API version is %s", n, minAPIVersion)
	}
	return nil
}

// handler is a request handler that leaves the reporting of errors to its caller.
type handler func(w http.ResponseWriter, r *http.Request) error

func (s *daemon) newRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, h := range map[string]handler{
		"GET /_ping":                    s.ping,
		"GET /version":                  s.version,
		"GET /info":                     s.info,
		"GET /containers/json":          s.listContainers,
		"POST /containers/create":       s.createContainer,
		"POST /containers/prune":        s.pruneContainers,
		"GET /containers/{id}/json":     s.inspectContainer,
		"POST /containers/{id}/start":   s.startContainer,
		"POST /containers/{id}/stop":    s.stopContainer,
		"POST /containers/{id}/restart": s.restartContainer,
		"POST /containers/{id}/kill":    s.killContainer,
		"POST /containers/{id}/rename":  s.renameContainer,
		"POST /containers/{id}/resize":  s.resizeContainer,
		"POST /containers/{id}/wait":    s.waitContainer,
		"POST /containers/{id}/attach":  s.attachContainer,
		"GET /containers/{id}/logs":     s.containerLogs,
		"GET /containers/{id}/top":      s.topContainer,
		"GET /containers/{id}/changes":  s.containerChanges,
		"GET /containers/{id}/export":   s.exportContainer,
		"DELETE /containers/{id}":       s.removeContainer,
		"GET /containers/{id}/archive":  s.getArchive,
		"PUT /containers/{id}/archive":  s.putArchive,
		"POST /containers/{id}/exec":    s.createExec,
		"POST /exec/{id}/start":         s.startExec,
		"POST /exec/{id}/resize":        s.resizeExec,
		"GET /exec/{id}/json":           s.inspectExec,
		"GET /volumes":                  s.listVolumes,
		"POST /volumes/create":          s.createVolume,
		"GET /volumes/{name}":           s.inspectVolume,
		"DELETE /volumes/{name}":        s.removeVolume,
		"GET /images/json":              s.listImages,
		"POST /commit":                  s.commitContainer,
		"GET /images/get":               s.saveImages,
		"GET /images/{name...}":         s.lookAtImage,
		"POST /images/{name...}":        s.imageAction,
		"DELETE /images/{name...}":      s.removeImage,
		"POST /images/create":           s.pullImage,
		"/":                             s.leftOut,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := h(w, r); err != nil {
				writeError(w, err)
			}
		})
	}
	return mux
}

// leftOutReasons says for groups of requests what to do instead.
var leftOutReasons = []struct{ prefix, reason string }{
	{"/build", "building images; use `slipway build`"},
	{"/grpc", "building images; use `slipway build`"},
	{"/session", "building images; use `slipway build`"},
	{"/networks", "networks; containers share the host's network"},
	{"/volumes", "this of volumes"},
	{"/events", "events"},
	{"/auth", "registry logins; images come from Slipway's store only"},
	{"/distribution", "registries; images come from Slipway's store only"},
	{"/images", "this of images; use slipway's own commands"},
	{"/swarm", "swarms"},
}

// inspected are requests for one object: of a kind that there is not, or a
// container under a name that only an image has.
var inspected = regexp.MustCompile(`^/(containers/.+/json|(network|volume|plugin)s/[^/]+(/json)?)$`)

func (s *daemon) leftOut(_ http.ResponseWriter, r *http.Request) error {
	// A client that does not know what a name stands for asks everywhere.
	if inspected.MatchString(r.URL.Path) && r.Method == http.MethodGet {
		return notFound("No such object: %s", r.URL.Path)
	}
	for _, l := range leftOutReasons {
		if r.URL.Path == l.prefix || strings.HasPrefix(r.URL.Path, l.prefix+"/") {
			return notDone("%s (%s %s)", l.reason, r.Method, r.URL.Path)
		}
	}
	return notDone("%s %s", r.Method, r.URL.Path)
}

// find looks a container up as Docker does: by id, name, or unambiguous prefix
// of an id.
func (s *daemon) find(ref string) (*instance, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.containers[ref]; ok {
		return c, nil
	}
	if c := s.named(strings.TrimPrefix(ref, "/")); c != nil {
		return c, nil
	}
	var found []*instance
	for id, c := range s.containers {
		if ref != "" && strings.HasPrefix(id, ref) {
			found = append(found, c)
		}
	}
	switch len(found) {
	case 0:
		return nil, notFound("No such container: %s", ref)
	case 1:
		return found[0], nil
	}
	return nil, badRequest("multiple containers found with provided prefix: %s", ref)
}

// named returns the container of that name, or nil. The caller holds s.mu.
func (s *daemon) named(name string) *instance {
	for _, c := range s.containers {
		if c.name == name {
			return c
		}
	}
	return nil
}

// flag reads a boolean query parameter as Docker does.
func flag(r *http.Request, name string) bool {
	switch strings.ToLower(strings.TrimSpace(r.URL.Query().Get(name))) {
	case "", "0", "no", "false", "none":
		return false
	}
	return true
}

// stopWait is Docker's time from asking a container to end to killing it.
const stopWait = container.StopWait
