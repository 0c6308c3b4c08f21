package network

import (
	"cmp"
	"errors"
	"net"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"github.com/slipway-build/slipway/problem"
)

// Proxies are those that a configuration names. Which one counts is decided by the scheme of the address that
// is asked for. What is empty here is as the environment has it.
type Proxies struct {
	HTTP    string   // for http, and for https without HTTPS
	HTTPS   string   // for https
	NoProxy []string // what is asked for directly, as in NO_PROXY; nil: the environment's
}

// loopback is what Go's clients never ask a proxy for; other programs must be told.
var loopback = []string{"localhost", "127.0.0.0/8", "127.0.0.1", "::1"}

// over puts what is named over what the environment says.
func (p Proxies) over(env *httpproxy.Config) (httpproxy.Config, error) {
	c := *env
	for _, named := range []struct {
		key, value string
		into       []*string
	}{{"http_proxy", p.HTTP, []*string{&c.HTTPProxy, &c.HTTPSProxy}}, {"slipway.https_proxy", p.HTTPS, []*string{&c.HTTPSProxy}}} {
		if named.value == "" {
			continue
		}
		u, err := address(named.value)
		if err != nil {
			return c, &ProxyError{named.key}
		}
		for _, field := range named.into {
			*field = u.String()
		}
		c.CGI = c.CGI && p.HTTP == "" // HTTP_PROXY of a CGI program may be a stranger's; this one is not
	}
	if p.NoProxy != nil {
		c.NoProxy = strings.Join(p.NoProxy, ",")
	}
	return c, nil
}

// ProxyError says that a proxy's address is none. The address is not shown: it may hold a password.
type ProxyError struct{ Key string } // of the configuration

// Error implements error.
func (e *ProxyError) Error() string { return e.Unwrap().Error() }

// Unwrap returns the problem.
func (e *ProxyError) Unwrap() error {
	return problem.New("cannot use "+e.Key+": its address is no URL", "write it like http://proxy.example:3128")
}

// address parses a proxy's address; without a scheme it is one of http, as in the environment.
func address(proxy string) (*url.URL, error) {
	if !strings.Contains(proxy, "://") {
		proxy = "http://" + proxy
	}
	u, err := url.Parse(proxy)
	if err == nil && u.Hostname() == "" {
		err = errors.New("it has no host")
	}
	return u, err
}

// Variables say the same to a program that reads the environment, in lower and upper case. There are none
// for what the options leave to the environment.
func (p Proxies) Variables() map[string]string {
	vars := map[string]string{}
	set := func(name, value string) {
		if value != "" {
			vars[name], vars[strings.ToUpper(name)] = value, value
		}
	}
	set("http_proxy", p.HTTP)
	set("https_proxy", p.HTTP)
	set("https_proxy", p.HTTPS)
	set("no_proxy", strings.Join(p.NoProxy, ","))
	return vars
}

// Here are the variables of a program on this machine, which may have servers of its own: what is loopback is
// asked for directly. Without proxies there are none but those of Variables.
func (p Proxies) Here(outer string) map[string]string {
	vars := p.Variables()
	if p.HTTP == "" && p.HTTPS == "" {
		return vars
	}
	direct := p.NoProxy
	if direct == nil && outer != "" {
		direct = []string{outer}
	}
	all := strings.Join(slices.Concat(direct, loopback), ",")
	vars["no_proxy"], vars["NO_PROXY"] = all, all
	return vars
}

// Git are the variables for a git that runs on this machine, over those of the environment.
func (n *Network) Git() map[string]string { return n.options.Proxies.Here(n.outer) }

// secureProxies are the addresses of those that speak TLS themselves.
func (n *Network) secureProxies() []string {
	var addrs []string
	for _, proxy := range []string{n.proxies.HTTPProxy, n.proxies.HTTPSProxy} {
		if u, err := address(proxy); err == nil && u.Scheme == "https" {
			addrs = append(addrs, net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "443")))
		}
	}
	return addrs
}

// Secrets are the passwords of the proxies, with the users they belong to.
func (n *Network) Secrets() []string {
	var secrets []string
	for _, proxy := range []string{n.proxies.HTTPProxy, n.proxies.HTTPSProxy} {
		u, err := address(proxy)
		if err != nil {
			continue
		}
		if password, ok := u.User.Password(); ok {
			secrets = append(secrets, password, u.User.String())
		}
	}
	return secrets
}
