package network

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Way is a transport that decides for each request, by its host: redirects, uploads and token servers lead to
// hosts that no configuration names.
type Way struct {
	n    *Network
	base *http.Transport
	// The registry that all requests are for: its address, all its names; none for files from anywhere.
	addr  string
	names []string

	mu    sync.Mutex
	plain *http.Transport            // for hosts that have nothing of their own
	own   map[string]*http.Transport // for the others
}

// Registry is the way to a registry and to where it leads. Addr is the host of its API, with the port if any, and
// names are others that it has in configurations. Its authorities vouch for the hosts that it leads to, too, as
// with Docker; its certificate is shown to itself alone. Base is how connections are made otherwise.
func (n *Network) Registry(base *http.Transport, addr string, names ...string) *Way {
	return &Way{n: n, base: base, addr: addr, names: append([]string{addr}, names...), own: map[string]*http.Transport{}}
}

// Files is the way to files of any host. A bundle that pins registries is added to the system's authorities,
// and no certificate goes unverified.
func (n *Network) Files() *Way {
	return &Way{n: n, base: http.DefaultTransport.(*http.Transport), own: map[string]*http.Transport{}}
}

// RoundTrip implements http.RoundTripper. Certificates that cannot be read are a *FileError.
func (w *Way) RoundTrip(req *http.Request) (*http.Response, error) {
	t, err := w.to(req.URL.Host)
	if err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	return t.RoundTrip(req)
}

// CloseIdleConnections closes connections that nothing uses.
func (w *Way) CloseIdleConnections() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.plain != nil {
		w.plain.CloseIdleConnections()
	}
	for _, t := range w.own {
		t.CloseIdleConnections()
	}
}

func (w *Way) to(host string) (*http.Transport, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if t := w.own[host]; t != nil {
		return t, nil
	}
	insecure, own := w.known(host)
	if !insecure && !slices.ContainsFunc(own, func(f *hostFiles) bool { return !f.none() }) {
		if w.plain != nil {
			return w.plain, nil
		}
		t, err := w.transport(false, nil)
		w.plain = t
		return t, err
	}
	t, err := w.transport(insecure, own)
	if err == nil {
		w.own[host] = t
	}
	return t, err
}

// known is what is known of a host alone.
func (w *Way) known(host string) (insecure bool, own []*hostFiles) {
	names := []string{host}
	if host == w.addr && w.addr != "" {
		names = w.names
	}
	for _, name := range names {
		own = append(own, w.n.files(name))
	}
	return w.addr != "" && w.n.Insecure(names...), own
}

func (w *Way) transport(insecure bool, own []*hostFiles) (*http.Transport, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: insecure} // what is listed, as Docker has it
	var authorities [][]byte
	for _, f := range own {
		if f.err != nil {
			return nil, f.err
		}
		authorities = append(authorities, f.authorities...)
		config.Certificates = append(config.Certificates, f.pairs...)
	}
	for _, name := range w.names {
		f := w.n.files(name)
		if f.err != nil {
			return nil, f.err
		}
		authorities = append(authorities, f.authorities...)
	}
	var err error
	if config.RootCAs, err = w.n.authorities(w.addr != "", authorities); err != nil {
		return nil, err
	}
	t := w.base.Clone()
	t.Proxy, t.TLSClientConfig = w.n.proxyOf, config
	if len(own) > 0 {
		return t, w.apart(t)
	}
	return t, nil
}

// apart keeps what is said of a host from a proxy that itself speaks TLS: its certificate is verified, and it is
// shown none. Go's transport has one configuration for both.
func (w *Way) apart(t *http.Transport) error {
	proxies := w.n.secureProxies()
	if len(proxies) == 0 {
		return nil
	}
	authorities, err := w.n.authorities(w.addr != "", nil)
	if err != nil {
		return err
	}
	ofHost, ofProxy := t.TLSClientConfig, &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: authorities}
	t.DialTLSContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		config := ofHost
		if slices.Contains(proxies, addr) {
			config = ofProxy
		}
		d := tls.Dialer{NetDialer: &net.Dialer{Timeout: 30 * time.Second}, Config: config}
		return d.DialContext(ctx, network, addr)
	}
	return nil
}
