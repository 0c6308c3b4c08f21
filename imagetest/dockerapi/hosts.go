package dockerapi

import (
	"fmt"
	"net/netip"
	"strings"

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
