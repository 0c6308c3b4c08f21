package dockerapi

import (
	"fmt"
	"net/netip"
	"path"
	"strings"

	"github.com/docker/cli/opts"
	"github.com/slipway-build/slipway/engine/container"
)

// setHosts reads "name:address". The host's gateway is the host itself.
func (c *instance) setHosts() error {
	for _, h := range c.host.ExtraHosts {
		name, address, ok := strings.Cut(h, ":")
		if address == "host-gateway" {
			address = "127.0.0.1"
		}
		addr, err := netip.ParseAddr(strings.Trim(address, "[]"))
		if !ok || name == "" || err != nil {
			return fmt.Errorf("bad format for add-host: %q", h)
		}
		c.spec.Hosts = append(c.spec.Hosts, container.Host{Name: name, Addr: addr})
	}
	return nil
}

// setLinks gives linked containers their names. Their address is the host's, as their network is.
func (s *daemon) setLinks(c *instance) error {
	for _, link := range c.host.Links {
		name, alias, err := opts.ParseLink(link)
		if err != nil {
			return badRequest("%v", err)
		}
		other, err := s.find(name)
		if err != nil {
			return notFound("could not get container for %s: No such container: %s", name, name)
		}
		c.links = append(c.links, other)
		seen := map[string]bool{}
		for _, n := range []string{path.Base(alias), shortID(other.id), s.nameOf(other)} {
			if !seen[n] {
				c.spec.Hosts = append(c.spec.Hosts, container.Host{Name: n, Addr: netip.AddrFrom4([4]byte{127, 0, 0, 1})})
			}
			seen[n] = true
		}
	}
	return nil
}

// checkLinks refuses to start a container before those that it is linked to.
func (s *daemon) checkLinks(c *instance) error {
	for _, other := range c.links {
		if !other.view().Running {
			return fmt.Errorf("Cannot link to a non running container: /%s AS /%s", s.nameOf(other), s.nameOf(c))
		}
	}
	return nil
}

func (c *instance) setDNS() error {
	d := &c.spec.DNS
	for _, addr := range c.host.DNS {
		d.Servers = append(d.Servers, addr.String())
	}
	d.Search, d.Options = c.host.DNSSearch, c.host.DNSOptions
	return nil
}
