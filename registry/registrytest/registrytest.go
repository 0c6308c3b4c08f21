// Package registrytest starts registries for tests: Debian's docker-registry, with password, tokens and
// TLS, on a free port and in a private folder, or one in memory; and a proxy that puts faults before them.
package registrytest

import (
	"bytes"
	"cmp"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	inmemory "github.com/google/go-containerregistry/pkg/registry"
	"golang.org/x/crypto/bcrypt"

	"github.com/slipway-build/slipway/problem"
)

// Config says what a registry is like. The zero value is open, plain HTTP and allows deleting.
type Config struct {
	TLS            bool
	Clients        *CA     // with TLS: who is shown no certificate of it is refused
	User, Password string  // basic authentication
	Tokens         *Tokens // token authentication
	NoDelete       bool
	Root           string // folder of its data; default one of its own
}

// Server is a running registry. It ends with the test.
type Server struct {
	Addr string // host:port
	CA   string // PEM file to trust, "" without TLS
	Root string // folder of its data, "" in memory
	Log  *Log
	Cut  <-chan struct{} // of Resumable: it kept what came of a part before the connection broke
}

// Log collects what a server says, for tests that look for what must not be there.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write appends.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String is all that was written so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// Start runs Debian's docker-registry. Without that program the test fails.
func Start(t testing.TB, c Config) *Server {
	t.Helper()
	program, err := exec.LookPath("docker-registry")
	if err != nil {
		t.Fatal(problem.With(fmt.Errorf("cannot start a registry: %w", err), "hack/install-deps"))
	}
	dir := t.TempDir()
	s := &Server{Root: cmp.Or(c.Root, filepath.Join(dir, "data")), Log: &Log{}}
	// The port is free now; when somebody else takes it before the registry does, another is tried.
	for range 5 {
		s.Addr = freeAddr(t)
		config := filepath.Join(dir, "config.yml")
		write(t, config, s.config(t, c, dir))
		cmd := exec.Command(program, "serve", config)
		cmd.Stdout, cmd.Stderr = s.Log, s.Log
		cmd.SysProcAttr = dieWithParent()
		if err := cmd.Start(); err != nil {
			t.Fatalf("cannot start %s: %v", program, err)
		}
		ended := make(chan struct{})
		go func() { _ = cmd.Wait(); close(ended) }()
		if s.ready(ended) {
			t.Cleanup(func() {
				_ = cmd.Process.Signal(syscall.SIGTERM)
				select {
				case <-ended:
				case <-time.After(3 * time.Second):
					_ = cmd.Process.Kill()
					<-ended
				}
			})
			return s
		}
		_ = cmd.Process.Kill()
		<-ended
	}
	t.Fatalf("%s does not start:\n%s", program, s.Log)
	return nil
}

func (s *Server) ready(ended <-chan struct{}) bool {
	for range 500 {
		conn, err := net.DialTimeout("tcp", s.Addr, time.Second)
		if err == nil {
			conn.Close()
			return true
		}
		select {
		case <-ended:
			return false
		case <-time.After(10 * time.Millisecond):
		}
	}
	return false
}

func (s *Server) config(t testing.TB, c Config, dir string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "version: 0.1\nlog: {level: warn, accesslog: {disabled: false}}\n")
	fmt.Fprintf(&b, "storage:\n  filesystem: {rootdirectory: %q, maxthreads: 100}\n  delete: {enabled: %v}\n", s.Root, !c.NoDelete)
	fmt.Fprintf(&b, "  cache: {blobdescriptor: inmemory}\n")
	fmt.Fprintf(&b, "http:\n  addr: %q\n  secret: of-this-test\n  draintimeout: 1s\n", s.Addr)
	if c.TLS {
		ca := NewCA(t)
		cert, key := ca.Files(t, "127.0.0.1", "localhost", "registry.test")
		s.CA = ca.Path
		clients := ""
		if c.Clients != nil {
			clients = fmt.Sprintf(", clientcas: [%q]", c.Clients.Path)
		}
		fmt.Fprintf(&b, "  tls: {certificate: %q, key: %q%s}\n", cert, key, clients)
	}
	switch {
	case c.User != "":
		hash, err := bcrypt.GenerateFromPassword([]byte(c.Password), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "htpasswd")
		write(t, file, c.User+":"+string(hash)+"\n")
		fmt.Fprintf(&b, "auth: {htpasswd: {realm: test, path: %q}}\n", file)
	case c.Tokens != nil:
		bundle := filepath.Join(dir, "token.crt")
		write(t, bundle, string(c.Tokens.Certificate()))
		fmt.Fprintf(&b, "auth:\n  token: {realm: %q, service: %q, issuer: %q, rootcertbundle: %q}\n",
			c.Tokens.URL(), tokenService, tokenIssuer, bundle)
	}
	return b.String()
}

// InMemory serves go-containerregistry's registry, which is fast and lax.
func InMemory(t testing.TB) *Server {
	t.Helper()
	s := &Server{Log: &Log{}}
	srv := httptest.NewServer(inmemory.New(inmemory.Logger(log.New(s.Log, "", 0))))
	t.Cleanup(srv.Close)
	s.Addr = strings.TrimPrefix(srv.URL, "http://")
	return s
}

// URL is where the registry answers.
func (s *Server) URL() string {
	if s.CA != "" {
		return "https://" + s.Addr
	}
	return "http://" + s.Addr
}

// Count is how many requests the access log of docker-registry has with this method and text.
func (s *Server) Count(method, text string) int {
	n := 0
	for line := range strings.Lines(s.Log.String()) {
		if strings.Contains(line, `"`+method+" ") && strings.Contains(line, " HTTP/1.") && strings.Contains(line, text) {
			n++
		}
	}
	return n
}

func freeAddr(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

var _ http.Handler = (*Proxy)(nil)
