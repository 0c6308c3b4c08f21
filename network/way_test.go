package network_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/slipway-build/slipway/network"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// serve starts a server whose certificate is an authority's; with clients, it wants one of that authority's.
func serve(t *testing.T, ca, clients *registrytest.CA) (addr string) {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if to := req.URL.Query().Get("to"); to != "" {
			http.Redirect(w, req, to, http.StatusFound)
		}
		for _, c := range req.TLS.PeerCertificates {
			_, _ = io.WriteString(w, c.Subject.CommonName)
		}
	}))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	cert, key := ca.Files(t, "127.0.0.1")
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	if clients != nil {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(read(t, clients.Path))
		srv.TLS.ClientCAs, srv.TLS.ClientAuth = pool, tls.RequireAndVerifyClientCert
	}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return strings.TrimPrefix(srv.URL, "https://")
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// put makes FOLDER/HOST with files: names to the files that they are copies of.
func put(t *testing.T, folder, host string, files map[string]string) {
	t.Helper()
	dir := filepath.Join(folder, host)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, from := range files {
		if err := os.WriteFile(filepath.Join(dir, name), read(t, from), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// get returns what a server that is asked as a registry, or for a file, knows of the client.
func get(t *testing.T, o network.Options, file bool, addr, query string) (string, error) {
	t.Helper()
	n, err := network.New(o)
	if err != nil {
		t.Fatal(err)
	}
	way := n.Registry(&http.Transport{}, addr, "alias.example")
	if file {
		way = n.Files()
	}
	defer way.CloseIdleConnections()
	resp, err := (&http.Client{Transport: way}).Get("https://" + addr + "/" + query)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	who, err := io.ReadAll(resp.Body)
	return string(who), err
}

// TestAuthorities: a pinned authority never becomes all of them, whatever is added to it. Two authorities stand
// for the system's and for one's own; a server of each is asked.
func TestAuthorities(t *testing.T) {
	bare(t)
	system, own, third := registrytest.NewCA(t), registrytest.NewCA(t), registrytest.NewCA(t)
	ofSystem, ofOwn, ofThird := serve(t, system, nil), serve(t, own, nil), serve(t, third, nil)
	none, docker := t.TempDir(), t.TempDir()
	put(t, docker, ofThird, map[string]string{"any.crt": third.Path, "readme.txt": third.Path})
	put(t, docker, "alias.example", map[string]string{"ca.crt": own.Path})
	t.Setenv("SSL_CERT_FILE", system.Path)
	for name, test := range map[string]struct {
		o    network.Options
		file bool
		want string // s, o, t: the servers that are believed
	}{
		"the system's":               {o: network.Options{Folders: []string{none}}, want: "s"},
		"pinned":                     {o: network.Options{Folders: []string{none}, CABundle: own.Path}, want: "o"},
		"added":                      {o: network.Options{Folders: []string{none}, CABundle: own.Path, AddsBundle: true}, want: "so"},
		"folders":                    {o: network.Options{Folders: []string{none, docker}}, want: "sot"},
		"pinned, and folders":        {o: network.Options{Folders: []string{docker}, CABundle: third.Path}, want: "ot"},
		"files: the system's":        {o: network.Options{Folders: []string{none}}, file: true, want: "s"},
		"files: pinned are added":    {o: network.Options{Folders: []string{none}, CABundle: own.Path}, file: true, want: "so"},
		"files: folders of the host": {o: network.Options{Folders: []string{docker}}, file: true, want: "st"},
		"listed as insecure":         {o: network.Options{Folders: []string{none}, CABundle: third.Path, Insecure: []string{ofSystem, ofOwn}}, want: "sot"},
		"files: never insecure":      {o: network.Options{Folders: []string{none}, Insecure: []string{"127.0.0.0/8"}}, file: true, want: "s"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			for _, server := range []struct{ letter, addr string }{{"s", ofSystem}, {"o", ofOwn}, {"t", ofThird}} {
				_, err := get(t, test.o, test.file, server.addr, "")
				var unknown x509.UnknownAuthorityError
				if err == nil {
					got += server.letter
				} else if !errors.As(err, &unknown) {
					t.Error(err)
				}
			}
			if got != test.want {
				t.Errorf("believed %s, want %s", got, test.want)
			}
		})
	}

	// What a registry leads to is believed by the registry's authorities; what leads elsewhere is not.
	put(t, docker, ofOwn, map[string]string{"own.crt": own.Path, "third.crt": third.Path})
	o := network.Options{Folders: []string{docker}}
	otherOfThird := serve(t, third, nil)
	if _, err := get(t, o, false, ofOwn, "?to=https://"+otherOfThird); err != nil {
		t.Errorf("the registry's authority beyond a redirect: %v", err)
	}
	if _, err := get(t, o, true, ofOwn, "?to=https://"+otherOfThird); err == nil {
		t.Error("a host's authorities vouched for another host's file")
	}

	// The variable pins, or nothing is believed.
	t.Setenv("SSL_CERT_FILE", system.Path+"x")
	for _, folders := range []string{"", t.TempDir()} { // Go passes over the file when there are folders
		t.Setenv("SSL_CERT_DIR", folders)
		if _, err := get(t, network.Options{}, false, ofSystem, ""); err == nil || !strings.Contains(err.Error(), "SSL_CERT_FILE") {
			t.Errorf("a variable that names no file: %v", err)
		}
	}
}

// TestClientCertificates: a host that has one in a folder is shown it, nobody else is, and half a pair is an error.
func TestClientCertificates(t *testing.T) {
	bare(t)
	ca, strange := registrytest.NewCA(t), registrytest.NewCA(t)
	t.Setenv("SSL_CERT_FILE", ca.Path)
	cert, key := ca.Files(t, "somebody")
	wrong, wrongKey := strange.Files(t, "a stranger")
	wanting, other := serve(t, ca, ca), serve(t, ca, ca)
	dir := t.TempDir()
	o := network.Options{Folders: []string{dir}}
	if _, err := get(t, o, false, wanting, ""); err == nil {
		t.Error("no certificate was wanted")
	}
	put(t, dir, wanting, map[string]string{"a.cert": wrong, "a.key": wrongKey, "client.cert": cert, "client.key": key})
	for _, file := range []bool{false, true} {
		if who, err := get(t, o, file, wanting, ""); err != nil || who != "somebody" {
			t.Errorf("got %q, %v", who, err)
		}
		if who, err := get(t, o, file, wanting, "?to=https://"+other); err == nil {
			t.Errorf("the certificate was shown to another host: %s", who)
		}
	}
	o.Insecure = []string{wanting}
	if who, err := get(t, o, false, wanting, ""); err != nil || who != "somebody" {
		t.Errorf("listed as insecure: %q, %v", who, err)
	}

	for name, test := range map[string]struct {
		files map[string]string
		want  string
	}{
		"no key":         {map[string]string{"me.cert": cert}, "me.cert: cannot use the certificate: its key me.key is missing"},
		"no certificate": {map[string]string{"me.key": key}, "me.key: cannot use the key: its certificate me.cert is missing"},
		"not a pair":     {map[string]string{"me.cert": cert, "me.key": wrongKey}, "me.cert: cannot use the certificate with its key: "},
	} {
		dir := t.TempDir()
		put(t, dir, wanting, test.files)
		_, err := get(t, network.Options{Folders: []string{dir}}, false, wanting, "")
		var file *network.FileError
		if !errors.As(err, &file) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestProxyWithTLS: what is said of a host is not said of the proxy to it.
func TestProxyWithTLS(t *testing.T) {
	bare(t)
	ca, proxyCA := registrytest.NewCA(t), registrytest.NewCA(t)
	cert, key := ca.Files(t, "somebody")
	server := serve(t, ca, ca)
	var shown atomic.Int32
	forward := &registrytest.Forward{To: server}
	proxy := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		shown.Add(int32(len(req.TLS.PeerCertificates)))
		forward.ServeHTTP(w, req)
	}))
	proxy.Config.ErrorLog = log.New(io.Discard, "", 0)
	pair, err := tls.LoadX509KeyPair(proxyCA.Files(t, "127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	proxy.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequestClientCert}
	proxy.StartTLS()
	t.Cleanup(proxy.Close)

	dir := t.TempDir()
	put(t, dir, "registry.test", map[string]string{"client.cert": cert, "client.key": key})
	o := network.Options{Proxies: network.Proxies{HTTP: proxy.URL}, Folders: []string{dir}, Insecure: []string{"registry.test"}}
	var unknown x509.UnknownAuthorityError
	if who, err := get(t, o, false, "registry.test", ""); !errors.As(err, &unknown) {
		t.Errorf("a proxy that nobody vouches for, to a host that is listed as insecure: %q, %v", who, err)
	}
	o.CABundle = proxyCA.Path
	if who, err := get(t, o, false, "registry.test", ""); err != nil || who != "somebody" || shown.Load() > 0 {
		t.Errorf("%q, %v; the proxy was shown %d certificates", who, err, shown.Load())
	}
}

// TestDockerFolders: the daemon's and the user's, who may keep them elsewhere.
func TestDockerFolders(t *testing.T) {
	bare(t)
	t.Setenv("HOME", "/home/me")
	for config, want := range map[string]string{"": "/home/me/.docker/certs.d", "/run/docker": "/run/docker/certs.d"} {
		t.Setenv("DOCKER_CONFIG", config)
		if got := network.DockerFolders(); len(got) != 2 || got[0] != "/etc/docker/certs.d" || got[1] != want {
			t.Errorf("DOCKER_CONFIG=%s: %v", config, got)
		}
	}
}
