// Package registry speaks to image registries (the OCI distribution spec): it checks what is there,
// pushes, pulls, tags, deletes and inspects images, and stores credentials.
//
// What goes over the wire is composed of wrappers around one http.RoundTripper, one file each:
// connect (connections, with the proxies and certificates of package network), limit (bounded, obeys
// Retry-After), auth (basic and token) and retry. They are put together in host.go, once for each registry.
package registry

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/slipway-build/slipway/network"
	"github.com/slipway-build/slipway/ref"
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

	// Network decides about proxies and certificates; nil is one of CABundle, HTTPProxy and Insecure.
	Network   *network.Network
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
	network *network.Network
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
	if c.network = o.Network; c.network == nil {
		var err error
		c.network, err = network.New(network.Options{Proxies: network.Proxies{HTTP: o.HTTPProxy}, CABundle: o.CABundle, Insecure: o.Insecure})
		if err != nil {
			return nil, err
		}
	}
	c.secrets.add(c.network.Secrets()...)
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
		h.base.CloseIdleConnections()
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
func (c *Client) at(ctx context.Context, written string) (place, *host, error) {
	p, err := parse(written)
	if err != nil {
		return place{ref.Known(written)}, nil, err // for about, which names it
	}
	h := c.host(p.Registry())
	return p, h, h.connect(ctx)
}
