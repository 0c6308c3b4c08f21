package registry

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/slipway-build/slipway/network"
)

// way is the bottom of a way to a registry: its TLS, its proxy and its connections.
func (h *host) way() *network.Way {
	return h.c.network.Registry(&http.Transport{
		DialContext: (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		// HTTP/1.1: a connection that breaks takes one request with it, not all of them.
		TLSNextProto:          map[string]func(string, *tls.Conn) http.RoundTripper{},
		TLSHandshakeTimeout:   15 * time.Second,
		MaxIdleConnsPerHost:   h.c.opts.Parallel,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,
		WriteBufferSize:       128 << 10,
		ReadBufferSize:        64 << 10,
		DisableCompression:    true, // digests are of the bytes as they are
	}, h.addr, h.name, canonical(h.addr))
}

// via names the proxy to this registry, without credentials, or is "".
func (h *host) via() string {
	u, err := h.c.network.Proxy(&url.URL{Scheme: cmp.Or(h.known(), "https"), Host: h.addr})
	if err != nil || u == nil {
		return ""
	}
	return u.Host
}

func (c *Client) mayBePlain(addr string) bool {
	return c.network.Insecure(addr, canonical(addr)) || loopback(addr)
}

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
	var file *network.FileError
	return errors.As(err, &verify) || errors.As(err, &unknown) || errors.As(err, &name) || errors.As(err, &invalid) || errors.As(err, &file) ||
		wantsCertificate(err)
}

// wantsCertificate recognizes a server that was shown no certificate, or none of whom it knows: alerts of
// TLS, of which Go gives the text alone.
func wantsCertificate(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error" && slices.ContainsFunc(
		[]string{"certificate required", "bad certificate", "unknown certificate authority"},
		func(alert string) bool { return strings.HasSuffix(op.Err.Error(), alert) })
}
