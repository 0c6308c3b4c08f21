// Package registry speaks to image registries (the OCI distribution spec): it checks what is there,
// pushes, pulls, tags, deletes and inspects images, and stores credentials.
//
// What goes over the wire is composed of wrappers around one http.RoundTripper, one file each:
// connect (TLS, proxy), limit (bounded, obeys Retry-After), auth (basic and token) and retry. They
// are put together in host.go, once for each registry.
package registry

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
)

// Options says how registries are reached. The zero value is right for public registries and for
// those that Docker's configuration has credentials for.
type Options struct {
	// Registry is the host (with the port, if any; see SplitPrefix) that Username and Password are for. All
	// other hosts, and this one when Username is empty, get what Keychain has.
	Registry, Username, Password string
	// Namespace is the path on Registry below which Username and Password go before all others. Elsewhere on it
	// an entry of Docker's auths that has a path goes before them.
	Namespace string
	// Keychain finds credentials; nil stands for Docker's config.json (DOCKER_CONFIG, ~/.docker) with
	// its credential helpers, or Podman's auth.json when there is none, and DOCKER_AUTH_CONFIG. Of their
	// auths the entry with the longest path that a repository is below counts, then the registry's.
	Keychain authn.Keychain

	CABundle  string // PEM file of the authorities to trust instead of the system's
	HTTPProxy string // for http and https; empty: HTTP_PROXY and its kin. NO_PROXY and loopback are exempt
	// Insecure lists hosts (with the port, if any) and networks (10.0.0.0/8) that may speak plain HTTP,
	// or TLS with a certificate that nobody vouches for, like Docker's insecure-registries. HTTPS is
	// tried first. Loopback addresses may speak plain HTTP anyway; their certificates, if they have any,
	// are verified. So are those of token servers and other hosts that a registry leads to.
	Insecure []string

	// TrustRealm lists the hosts, with or without a port, whose token servers get credentials for registries of
	// other domains. Nil stands for all, each of which Warn is told of once; an empty list for none.
	TrustRealm []string
	Warn       func(text string)

	// AbsentIs403 is the host of a registry that answers 401 or 403 for what is not there, to credentials that it
	// accepts; "" for none.
	AbsentIs403 string

	// DockerTypes says that registries refuse OCI's media types; see Client.Typed.
	DockerTypes bool

	UserAgent string // default "slipway"
	Parallel  int    // requests at a time per host; default 16
	Transfers int    // of which blobs that are sent or fetched; default 4

	// Memory keeps what registries answered, so that the next check is cheaper; nil: nothing is kept.
	Memory Memory
	// Fresh is how old a remembered answer may be to be taken without asking; 0: everything is asked.
	Fresh time.Duration

	Retry Retry // of transient faults; the zero value is a good default
}

// Client speaks to any number of registries. It is safe for concurrent use and keeps connections
// and tokens, so a process needs one.
type Client struct {
	opts    Options
	roots   *x509.CertPool // nil: the system's
	proxy   *url.URL       // nil: the environment's
	secrets *secrets
	kept    *keychain // nil when opts has another

	realms sync.Map // registries with their token servers that were warned of

	mu    sync.Mutex
	hosts map[string]*host

	memory  sync.Mutex        // held for every call of opts.Memory
	changed map[string]change // what was asked of these references may be wrong
}

// New checks the options. It makes no request.
func New(o Options) (*Client, error) {
	c := &Client{opts: o, secrets: &secrets{}, hosts: map[string]*host{}, changed: map[string]change{}}
	c.secrets.add(o.Password)
	if o.Username == "" && o.Password != "" || o.Username != "" && o.Registry == "" {
		return nil, errors.New("cannot use the registry's credentials: registry, username and password belong together")
	}
	if o.CABundle != "" {
		pem, err := os.ReadFile(o.CABundle)
		if err != nil {
			return nil, fmt.Errorf("cannot read the CA bundle: %w", err)
		}
		c.roots = x509.NewCertPool()
		if !c.roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: cannot use the CA bundle: it has no PEM certificate", o.CABundle)
		}
	}
	if o.HTTPProxy != "" {
		u, err := url.Parse(o.HTTPProxy)
		if err != nil || u.Host == "" {
			// The address is not shown: it may hold a password.
			return nil, errors.New("cannot use the HTTP proxy: its address is no URL\nhint: http://host:port")
		}
		if p, ok := u.User.Password(); ok {
			c.secrets.add(p)
			c.secrets.add(u.User.String())
		}
		c.proxy = u
	}
	if c.opts.UserAgent == "" {
		c.opts.UserAgent = "slipway"
	}
	if c.opts.Parallel <= 0 {
		c.opts.Parallel = 16
	}
	if c.opts.Transfers <= 0 {
		c.opts.Transfers = 4
	}
	if c.opts.Keychain == nil {
		c.kept = &keychain{warn: o.Warn}
	}
	c.opts.Retry = o.Retry.withDefaults()
	return c, nil
}

// Close drops idle connections. The client stays usable.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, h := range c.hosts {
		h.base.close()
	}
}

// host returns the registry by the name that references have. It makes no request.
func (c *Client) host(name string) *host {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.hosts[name]
	if h == nil {
		h = newHost(c, name)
		c.hosts[name] = h
	}
	return h
}

// at parses a reference and returns it with its registry, connected: the first call for a registry
// asks it which protocol and which authentication it speaks.
func (c *Client) at(ctx context.Context, ref string) (place, *host, error) {
	p, err := parse(ref)
	if err != nil {
		return place{}, nil, err
	}
	h := c.host(p.host)
	return p, h, h.connect(ctx)
}
