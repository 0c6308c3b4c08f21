package registry

import (
	"net/http"
	"strings"

	"github.com/containerd/containerd/v2/core/remotes/docker"
)

// Hosts lets containerd's resolver, and so BuildKit, fetch as this client does: with its credentials,
// authorities, proxy, protocols and patience. It is a docker.RegistryHosts.
func (c *Client) Hosts(domain string) ([]docker.RegistryHost, error) {
	h := c.host(domain)
	return []docker.RegistryHost{{
		Client:       &http.Client{Transport: &lending{h}, CheckRedirect: h.redirect},
		Host:         h.addr,
		Scheme:       "https",
		Path:         "/v2",
		Capabilities: docker.HostCapabilityPull | docker.HostCapabilityResolve,
	}}, nil
}

// lending carries requests that another made, once the registry's protocol is known.
type lending struct{ h *host }

// RoundTrip implements http.RoundTripper.
func (l *lending) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host != l.h.addr { // where a redirect led
		return l.h.client.Transport.RoundTrip(req)
	}
	if err := l.h.connect(req.Context()); err != nil {
		return nil, err
	}
	mine := req.Clone(withScopes(req.Context(), pullScope(req.URL.Path)))
	mine.URL.Scheme = l.h.known()
	return l.h.client.Transport.RoundTrip(mine)
}

// pullScope is what a request for a repository's content must be allowed to do.
func pullScope(path string) []string {
	repository := strings.TrimPrefix(path, "/v2/")
	for _, kind := range []string{"/manifests/", "/blobs/", "/tags/", "/referrers/"} {
		if i := strings.LastIndex(repository, kind); i > 0 {
			return []string{"repository:" + repository[:i] + ":pull"}
		}
	}
	return nil
}
