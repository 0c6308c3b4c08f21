package registry

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"golang.org/x/net/publicsuffix"

	"github.com/slipway-build/slipway/problem"
)

// mayTrust tells whether a token server gets the credentials for a registry. The token authentication spec lets
// a registry name any. One on a host of another domain gets them with a warning, unless TrustRealm says which ones may.
func (a *authorizing) mayTrust(realm *url.URL, login authn.AuthConfig) error {
	c := a.h.c
	if realm.Scheme != "https" && !(a.h.mayBePlain() && c.mayBePlain(realm.Host)) {
		e := a.h.fail(ErrUnauthorized, "its token server %s speaks plain http: no password is sent there", realm.Host)
		e.Hint = "name it in insecure_registries, too, if the network is to be trusted"
		if !a.h.mayBePlain() {
			e.Hint = "name it and the registry in insecure_registries if the network is to be trusted"
		}
		return e
	}
	if login.Username == "" && login.Password == "" && login.IdentityToken == "" || sameDomain(hostname(realm.Host), hostname(a.h.addr)) || c.trustsRealm(realm.Host) {
		return nil
	}
	if c.opts.TrustRealm != nil {
		e := a.h.fail(ErrUnauthorized, "its token server %s is none that slipway.trust_realm names: no password is sent there", realm.Host)
		e.Hint = "name it in slipway.trust_realm if it is the registry's"
		return e
	}
	if _, said := c.realms.LoadOrStore(a.h.name+" "+realm.Host, true); !said && c.opts.Warn != nil {
		c.opts.Warn(problem.Text(fmt.Sprintf("registry %[1]s has its token server at %[2]s, which is of another domain: it gets the password for %[1]s", a.h.name, realm.Host),
			fmt.Sprintf("name %s in slipway.trust_realm if that is right; what that key does not name gets none", realm.Host)))
	}
	return nil
}

// trustsRealm compares hosts with and without their port.
func (c *Client) trustsRealm(addr string) bool {
	return slices.ContainsFunc(c.opts.TrustRealm, func(entry string) bool {
		return strings.EqualFold(entry, addr) || strings.EqualFold(entry, hostname(addr))
	})
}

// sameDomain compares the domains that somebody has registered, by the public suffix list; of addresses and of
// names that have none, the whole.
func sameDomain(one, other string) bool {
	one, other = strings.ToLower(one), strings.ToLower(other)
	if one == other || loopback(one) && loopback(other) {
		return true
	}
	if net.ParseIP(one) != nil || net.ParseIP(other) != nil {
		return false
	}
	first, err := publicsuffix.EffectiveTLDPlusOne(one)
	if err != nil {
		return false
	}
	second, err := publicsuffix.EffectiveTLDPlusOne(other)
	return err == nil && first == second
}
