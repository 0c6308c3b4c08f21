package registrytest

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Fault is what a Proxy does to requests instead of passing them on, or on their way.
type Fault struct {
	Method, Path string // which requests: the method, and a part of the path; empty: all
	Skip, Times  int    // pass so many of them first; then spoil so many, 0: all

	Status int               // answer with this status
	Header map[string]string // of that answer, or over the registry's own answer when Status is 0
	Body   string

	CutRequest  int64         // cut the connection when so many bytes of the request's body have passed; -1: at once
	CutResponse int64         // likewise of the answer's body; -1: the registry has done it, but does not say so
	Delay       time.Duration // wait before passing it on
	Before      func()        // called first
}

// Proxy stands before a registry, counts requests and puts faults in.
type Proxy struct {
	Addr string

	target  *url.URL
	forward *httputil.ReverseProxy

	mu     sync.Mutex
	faults []*fault
	seen   []string
}

type fault struct {
	Fault
	matched int
}

// NewProxy starts a proxy before a registry, plain HTTP on a free port.
func NewProxy(t testing.TB, s *Server) *Proxy {
	t.Helper()
	target, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true, WriteBufferSize: 64 << 10}
	if s.CA != "" {
		pem, err := os.ReadFile(s.CA)
		if err != nil {
			t.Fatal(err)
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(pem)
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	p := &Proxy{target: target, forward: &httputil.ReverseProxy{
		Transport:    transport,
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:     nil,
	}}
	t.Cleanup(transport.CloseIdleConnections)
	p.Addr = serve(t, p)
	return p
}

// Inject adds a fault. The first that matches a request is done.
func (p *Proxy) Inject(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, &fault{Fault: f})
}

// Heal takes all faults out.
func (p *Proxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = nil
}

// Requests are those seen since the last call, as "METHOD /path?query".
func (p *Proxy) Requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.seen
	p.seen = nil
	return out
}

func (p *Proxy) pick(req *http.Request) *Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, req.Method+" "+req.URL.RequestURI())
	for _, f := range p.faults {
		if f.Method != "" && f.Method != req.Method || !strings.Contains(req.URL.Path, f.Path) {
			continue
		}
		f.matched++
		if f.matched <= f.Skip || f.Times > 0 && f.matched > f.Skip+f.Times {
			continue
		}
		return &f.Fault
	}
	return nil
}

// ServeHTTP passes a request on, or spoils it.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	f := p.pick(req)
	if f == nil {
		p.forward.ServeHTTP(w, req)
		return
	}
	if f.Before != nil {
		f.Before()
	}
	if f.Delay > 0 {
		time.Sleep(f.Delay)
	}
	switch {
	case f.CutRequest < 0:
		panic(http.ErrAbortHandler)
	case f.CutRequest > 0:
		req.Body = &cutting{ReadCloser: req.Body, left: f.CutRequest}
	}
	out := &spoiling{ResponseWriter: w, f: f, left: f.CutResponse}
	if f.Status == 0 {
		p.forward.ServeHTTP(out, req)
		return
	}
	for k, v := range f.Header {
		w.Header().Set(k, v)
	}
	w.WriteHeader(f.Status)
	_, _ = io.WriteString(w, f.Body)
}

// cutting ends a request's body in the middle, as a connection that breaks does.
type cutting struct {
	io.ReadCloser
	left int64
}

func (c *cutting) Read(b []byte) (int, error) {
	if c.left <= 0 {
		return 0, io.ErrUnexpectedEOF
	}
	if int64(len(b)) > c.left {
		b = b[:c.left]
	}
	n, err := c.ReadCloser.Read(b)
	c.left -= int64(n)
	return n, err
}

// spoiling changes headers of an answer, or cuts it.
type spoiling struct {
	http.ResponseWriter
	f    *Fault
	left int64
}

func (s *spoiling) WriteHeader(code int) {
	if code >= 200 {
		if s.f.CutResponse < 0 {
			panic(http.ErrAbortHandler)
		}
		for k, v := range s.f.Header {
			s.Header().Set(k, v)
		}
	}
	s.ResponseWriter.WriteHeader(code)
}

func (s *spoiling) Write(b []byte) (int, error) {
	if s.f.CutResponse == 0 {
		return s.ResponseWriter.Write(b)
	}
	if int64(len(b)) < s.left {
		s.left -= int64(len(b))
		return s.ResponseWriter.Write(b)
	}
	_, _ = s.ResponseWriter.Write(b[:s.left])
	_ = http.NewResponseController(s.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

// Unwrap lets the flusher through.
func (s *spoiling) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// Resumable answers uploads itself, so that they can be resumed after a cut as the distribution spec
// has it (docker-registry cannot), and hands whole blobs on to the registry behind it.
func Resumable(t testing.TB, s *Server) *Server {
	t.Helper()
	p := NewProxy(t, s)
	r := &resumable{behind: p, parts: map[string][]byte{}, cut: make(chan struct{}, 64)}
	return &Server{Addr: serve(t, r), Log: s.Log, Root: s.Root, Cut: r.cut}
}

type resumable struct {
	behind *Proxy
	cut    chan struct{}

	mu    sync.Mutex
	begun int
	parts map[string][]byte // by session
}

func (r *resumable) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	repo, session, ok := strings.Cut(req.URL.Path, "/blobs/uploads/")
	if !ok || req.Method == http.MethodPost && req.URL.Query().Get("mount") != "" {
		r.behind.ServeHTTP(w, req)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if req.Method == http.MethodPost {
		r.begun++
		session = strconv.Itoa(r.begun)
		r.parts[session] = nil
	}
	have, known := r.parts[session]
	if !known {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	status := map[string]int{http.MethodPost: http.StatusAccepted, http.MethodPatch: http.StatusAccepted, http.MethodGet: http.StatusNoContent}[req.Method]
	switch req.Method {
	case http.MethodPatch:
		if from, _, ok := strings.Cut(req.Header.Get("Content-Range"), "-"); ok && from != fmt.Sprint(len(have)) || !ok && len(have) > 0 {
			status = http.StatusRequestedRangeNotSatisfiable
			break
		}
		data, err := io.ReadAll(req.Body)
		have = append(have, data...)
		if err != nil {
			r.parts[session] = have
			select {
			case r.cut <- struct{}{}:
			default: // nobody waits for it
			}
			panic(http.ErrAbortHandler)
		}
	case http.MethodPut:
		data, err := io.ReadAll(req.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.finish(w, req, repo, append(have, data...))
		delete(r.parts, session)
		return
	}
	r.parts[session] = have
	w.Header().Set("Location", repo+"/blobs/uploads/"+session)
	w.Header().Set("Range", fmt.Sprintf("0-%d", max(len(have)-1, 0)))
	w.WriteHeader(status)
}

// finish sends the whole blob to the registry behind, in one piece.
func (r *resumable) finish(w http.ResponseWriter, req *http.Request, repo string, blob []byte) {
	begin, err := http.NewRequestWithContext(req.Context(), http.MethodPost, r.behind.target.String()+repo+"/blobs/uploads/", nil)
	if err != nil {
		panic(err)
	}
	resp, err := r.behind.forward.Transport.RoundTrip(begin)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	resp.Body.Close()
	at, err := resp.Location()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	q := at.Query()
	q.Set("digest", req.URL.Query().Get("digest"))
	at.RawQuery = q.Encode()
	out := req.Clone(req.Context())
	out.URL, out.Body, out.ContentLength = at, io.NopCloser(bytes.NewReader(blob)), int64(len(blob))
	r.behind.forward.ServeHTTP(w, out)
}

// Forward is an HTTP proxy of the other kind, that clients use to get out. It answers what Status
// says, or passes CONNECT and plain requests on to one address, whatever host they are for.
type Forward struct {
	Addr   string
	Status int    // refuse everything with it
	To     string // host:port

	mu   sync.Mutex
	seen []string
}

// Refuse changes Status while the proxy runs.
func (f *Forward) Refuse(status int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Status = status
}

// StartForward starts one on a free port.
func StartForward(t testing.TB, f *Forward) *Forward {
	f.Addr = serve(t, f)
	return f
}

// Requests are those seen so far, as "METHOD host".
func (f *Forward) Requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string{}, f.seen...)
}

// ServeHTTP refuses or tunnels.
func (f *Forward) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	f.mu.Lock()
	f.seen = append(f.seen, req.Method+" "+req.Host)
	status := f.Status
	f.mu.Unlock()
	if status != 0 {
		w.WriteHeader(status)
		return
	}
	if req.Method != http.MethodConnect {
		u := *req.URL
		u.Host = f.To
		(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL = &u }, ErrorLog: quiet()}).ServeHTTP(w, req)
		return
	}
	Tunnel(w, f.To)
}

// serve answers plain HTTP on a free port until the test ends, and returns host:port.
func serve(t testing.TB, h http.Handler) string {
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = quiet()
	srv.Start()
	t.Cleanup(func() { srv.CloseClientConnections(); srv.Close() })
	return strings.TrimPrefix(srv.URL, "http://")
}

// Tunnel answers CONNECT with a connection to an address, host:port, until one side ends it.
func Tunnel(w http.ResponseWriter, to string) {
	out, err := net.Dial("tcp", to)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer out.Close()
	w.WriteHeader(http.StatusOK)
	in, read, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer in.Close()
	go func() { _, _ = io.Copy(out, read) }() // the server may have read some of it already
	_, _ = io.Copy(in, out)
}
