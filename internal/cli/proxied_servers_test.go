package cli_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/slipway-build/slipway/registry/registrytest"
)

// internet is a proxy with the servers behind it. Their names resolve nowhere, so who does not ask the proxy
// reaches none of them.
type internet struct {
	proxy   string            // its address, with user and password
	servers map[string]string // host:port, as clients know it, to the real one

	mu   sync.Mutex
	seen map[string]bool // "GET host" and "CONNECT host:port"
}

// internetWord is the password of the user prox.
const internetWord = marker + "0fTheInternet"

func newInternet(t *testing.T) *internet {
	i := &internet{servers: map[string]string{}, seen: map[string]bool{}}
	i.proxy = "http://prox:" + internetWord + "@" + serveQuietly(t, i, nil)
	return i
}

func serveQuietly(t *testing.T, h http.Handler, config *tls.Config) (addr string) {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	if srv.TLS = config; config != nil {
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(func() { srv.CloseClientConnections(); srv.Close() })
	return srv.Listener.Addr().String()
}

// ServeHTTP records what is asked for, and passes it on.
func (i *internet) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	i.mu.Lock()
	i.seen[req.Method+" "+req.Host] = true
	i.mu.Unlock()
	if user, password, ok := (&http.Request{Header: http.Header{"Authorization": req.Header["Proxy-Authorization"]}}).BasicAuth(); !ok || user != "prox" || password != internetWord {
		w.Header().Set("Proxy-Authenticate", "Basic realm=proxy")
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	}
	host := req.Host
	if _, _, err := net.SplitHostPort(host); err != nil {
		host += ":80"
	}
	to := i.servers[host]
	switch {
	case to == "":
		w.WriteHeader(http.StatusBadGateway)
	case req.Method == http.MethodConnect:
		registrytest.Tunnel(w, to)
	default:
		out := req.Clone(req.Context())
		out.URL.Host, out.RequestURI = to, ""
		resp, err := http.DefaultTransport.RoundTrip(out)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		for name, values := range resp.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body)
	}
}

// asked are the requests since the last call, sorted.
func (i *internet) asked() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	var asked []string
	for request := range i.seen {
		asked = append(asked, request)
	}
	clear(i.seen)
	slices.Sort(asked)
	return asked
}

// files serves texts by path over http and https, and counts as Debian's archive too.
func (i *internet) files(t *testing.T, ca *registrytest.CA) {
	packages := "Package: nothing\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.com>\nFilename: nothing.deb\nSize: 1\n" +
		fmt.Sprintf("SHA256: %x\n", sha256.Sum256([]byte("x"))) + "\n"
	texts := map[string]string{
		"/plain": "over http", "/tool": "over https", "/Packages": packages,
		"/Release": fmt.Sprintf("Date: Sun, 01 Nov 2026 10:00:00 UTC\nSHA256:\n %x %d Packages\n", sha256.Sum256([]byte(packages)), len(packages)),
	}
	h := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		text, ok := texts[path.Clean(req.URL.Path)] // apt asks for ./Packages
		if !ok {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, text)
	})
	cert, key := ca.Files(t, "files.test")
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	plain := serveQuietly(t, h, nil)
	i.servers["files.test:80"], i.servers["deb.test:80"] = plain, plain
	i.servers["files.test:443"] = serveQuietly(t, h, &tls.Config{Certificates: []tls.Certificate{pair}})
}

// git serves a repository called NAME.git with files in it, each a text, as git's own program does it.
func (i *internet) git(t *testing.T, repository string, files map[string]string) (addr string) {
	dir := t.TempDir()
	work := filepath.Join(dir, "work")
	for file, text := range files {
		file = filepath.Join(work, file)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"init", "-q", "-b", "main", work}, {"-C", work, "add", "."},
		{"-C", work, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-q", "-m", "First"},
		{"clone", "-q", "--bare", work, filepath.Join(dir, "served", repository+".git")},
	} {
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
	where, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		t.Fatal(err)
	}
	return serveQuietly(t, &cgi.Handler{
		Path:   filepath.Join(strings.TrimSpace(string(where)), "git-http-backend"),
		Env:    []string{"GIT_PROJECT_ROOT=" + filepath.Join(dir, "served"), "GIT_HTTP_EXPORT_ALL=1"},
		Logger: log.New(io.Discard, "", 0), Stderr: io.Discard,
	}, nil)
}

// base puts an image with busybox and this machine's apt-get into a registry, as os:1.
func base(t *testing.T, addr string) {
	t.Helper()
	layer, err := tarball.LayerFromReader(bytes.NewReader(aptFiles(t)))
	if err != nil {
		t.Fatal(err)
	}
	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		t.Fatal(err)
	}
	img, err = mutate.ConfigFile(img, &ggcr.ConfigFile{Architecture: "amd64", OS: "linux", RootFS: ggcr.RootFS{Type: "layers", DiffIDs: diffIDs(t, img)},
		Config: ggcr.Config{Env: []string{"PATH=/usr/bin:/bin"}}})
	if err != nil {
		t.Fatal(err)
	}
	ref, err := name.ParseReference(addr+"/os:1", name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, img); err != nil {
		t.Fatal(err)
	}
}

func diffIDs(t *testing.T, img ggcr.Image) []ggcr.Hash {
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	return config.RootFS.DiffIDs
}

var library = regexp.MustCompile(`(?m)(/\S+) \(0x`)

// aptFiles is a tar of what apt-get needs to read a list of packages.
func aptFiles(t *testing.T) []byte {
	t.Helper()
	files := map[string]string{"bin/sh": "/bin/busybox", "bin/busybox": "/bin/busybox"} // in the image, and here
	for _, table := range []string{"cputable", "tupletable"} {
		files["usr/share/dpkg/"+table] = "/usr/share/dpkg/" + table
	}
	for _, program := range []string{"/usr/bin/apt-get", "/usr/lib/apt/methods/http", "/usr/lib/apt/methods/store"} {
		files[program[1:]] = program
		out, err := exec.Command("ldd", program).CombinedOutput()
		if err != nil {
			t.Fatalf("cannot tell what %s needs: %v\n%s", program, err, out)
		}
		for _, m := range library.FindAllStringSubmatch(string(out), -1) {
			files[m[1][1:]] = m[1]
		}
	}
	var tarred bytes.Buffer
	w := tar.NewWriter(&tarred)
	put := func(name string, mode int64, data []byte) {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(data))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"tmp", "etc/apt/apt.conf.d", "etc/apt/preferences.d", "var/lib/dpkg", "var/lib/apt/lists/partial", "var/cache/apt/archives/partial"} {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: int64(fs.ModePerm)}); err != nil {
			t.Fatal(err)
		}
	}
	put("var/lib/dpkg/status", 0o644, nil)
	put("etc/apt/sources.list", 0o644, []byte("deb [trusted=yes] http://deb.test/ ./\n"))
	put("etc/apt/apt.conf", 0o644, []byte(`APT::Architecture "amd64"; APT::Sandbox::User "root"; Acquire::Languages "none"; Acquire::Retries "0"; APT::Update::Error-Mode "any";`))
	for name, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		put(name, 0o755, data)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return tarred.Bytes()
}
