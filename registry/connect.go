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

// network is the transport at the bottom: TLS, proxy, connections.
func (h *host) network() *http.Transport {
	return &http.Transport{
		Proxy:       h.proxyFor,
		DialContext: (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		// HTTP/1.1: a connection that breaks takes one request with it, not all of them.
		TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
		TLSClientConfig: &tls.Config{
			RootCAs:    h.c.roots,
			MinVersion: tls.VersionTLS12,
			// As Docker has it, and only for hosts that the configuration names.
			InsecureSkipVerify: h.listedInsecure(),
		},
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
func (h *host) listedInsecure() bool {
	ip := net.ParseIP(hostname(h.addr))
	return slices.ContainsFunc(h.c.opts.Insecure, func(entry string) bool {
		_, network, err := net.ParseCIDR(entry)
		return entry == h.name || err == nil && ip != nil && network.Contains(ip)
	})
}

func (h *host) mayBePlain() bool { return h.listedInsecure() || loopback(h.addr) }

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
