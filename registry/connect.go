package registry

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// network is the bottom of a way to a registry. A request's own host tells whether its certificate is
// verified: redirects, uploads and token servers lead to hosts that the configuration does not name.
type network struct {
	c                *Client
	verifying, blind *http.Transport
}

func (h *host) network() *network {
	n := &network{c: h.c, verifying: h.transport(), blind: h.transport()}
	n.blind.TLSClientConfig.InsecureSkipVerify = true // as Docker has it
	return n
}

func (n *network) RoundTrip(req *http.Request) (*http.Response, error) {
	if n.c.listedInsecure(req.URL.Host) {
		return n.blind.RoundTrip(req)
	}
	return n.verifying.RoundTrip(req)
}

func (n *network) close() {
	n.verifying.CloseIdleConnections()
	n.blind.CloseIdleConnections()
}

// transport has TLS, proxy and connections.
func (h *host) transport() *http.Transport {
	return &http.Transport{
		Proxy:       h.proxyFor,
		DialContext: (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		// HTTP/1.1: a connection that breaks takes one request with it, not all of them.
		TLSNextProto:          map[string]func(string, *tls.Conn) http.RoundTripper{},
		TLSClientConfig:       &tls.Config{RootCAs: h.c.roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   15 * time.Second,
		MaxIdleConnsPerHost:   h.c.opts.Parallel,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,
		WriteBufferSize:       128 << 10,
		ReadBufferSize:        64 << 10,
		DisableCompression:    true, // digests are of the bytes as they are
	}
}

func (h *host) proxyFor(req *http.Request) (*url.URL, error) {
	if h.c.proxy == nil {
		return http.ProxyFromEnvironment(req)
	}
	config := httpproxy.FromEnvironment()
	config.HTTPProxy, config.HTTPSProxy, config.CGI = h.c.proxy.String(), h.c.proxy.String(), false
	return config.ProxyFunc()(req.URL)
}

// via names the proxy to this registry, without credentials, or is "".
func (h *host) via() string {
	u, err := h.proxyFor(&http.Request{URL: &url.URL{Scheme: "https", Host: h.addr}})
	if err != nil || u == nil {
		return ""
	}
	return u.Host
}

// listedInsecure compares names, and addresses with networks, as Docker does.
func (c *Client) listedInsecure(addr string) bool {
	ip := net.ParseIP(hostname(addr))
	return slices.ContainsFunc(c.opts.Insecure, func(entry string) bool {
		_, network, err := net.ParseCIDR(entry)
		return entry == addr || entry == canonical(addr) || err == nil && ip != nil && network.Contains(ip)
	})
}

func (c *Client) mayBePlain(addr string) bool { return c.listedInsecure(addr) || loopback(addr) }

func (h *host) mayBePlain() bool { return h.c.mayBePlain(h.addr) }

// mayLeadTo tells whether a registry that was reached with TLS may send a request on to an address: in
// plain text only if both may be spoken to so.
func (h *host) mayLeadTo(u *url.URL) bool {
	return u.Scheme == "https" || h.mayBePlain() && (h.known() == "http" || h.c.mayBePlain(u.Host))
}

func loopback(addr string) bool {
	host := hostname(addr)
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// hostname is an address without port and brackets.
func hostname(addr string) string {
	u := url.URL{Host: addr}
	return u.Hostname()
}

// certificate tells whether TLS failed for a certificate: no reason to speak plain text instead.
func certificate(err error) bool {
	var verify *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &verify) || errors.As(err, &unknown) || errors.As(err, &name) || errors.As(err, &invalid)
}
