package dockerapi

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	api "github.com/moby/moby/api/types/container"
	"github.com/slipway-build/slipway/engine/container"
)

// setSecurity says what the container's processes may do.
func (c *instance) setSecurity() (err error) {
	h := c.host
	if c.spec.CapAdd, err = capabilities(h.CapAdd); err != nil {
		return err
	}
	if c.spec.CapDrop, err = capabilities(h.CapDrop); err != nil {
		return err
	}
	c.spec.NoNewPrivileges = len(otherSecurity(h.SecurityOpt)) < len(h.SecurityOpt) && !slices.Contains(h.SecurityOpt, noNewPrivileges+"=false") &&
		!slices.Contains(h.SecurityOpt, noNewPrivileges+":false")
	c.spec.Sysctls = maps.Clone(h.Sysctls)
	for _, name := range networkSysctls(h) {
		delete(c.spec.Sysctls, name)
	}
	for _, d := range h.Devices {
		target := d.PathInContainer
		if target == "" {
			target = d.PathOnHost
		}
		if !path.IsAbs(target) {
			return fmt.Errorf("%s is not an absolute path", target)
		}
		access := d.CgroupPermissions
		if access == "" {
			access = "rwm"
		}
		c.spec.Devices = append(c.spec.Devices, container.Device{Source: d.PathOnHost, Target: target, Access: access})
	}
	return nil
}

// noNewPrivileges is the one security option that has its effect.
const noNewPrivileges = "no-new-privileges"

// otherSecurity are the security options that have no effect.
func otherSecurity(options []string) []string {
	var out []string
	for _, o := range options {
		if o != noNewPrivileges && !strings.HasPrefix(o, noNewPrivileges+"=") && !strings.HasPrefix(o, noNewPrivileges+":") {
			out = append(out, o)
		}
	}
	return out
}

// networkSysctls are the kernel parameters of the network of a container that has the host's.
func networkSysctls(h *api.HostConfig) []string {
	var out []string
	for name := range h.Sysctls {
		if strings.HasPrefix(name, "net.") && !h.NetworkMode.IsNone() {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func capabilities(names []string) ([]string, error) {
	var out []string
	for _, n := range names {
		name := strings.ToUpper(n)
		if name != "ALL" && !strings.HasPrefix(name, "CAP_") {
			name = "CAP_" + name
		}
		if strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != "" {
			return nil, fmt.Errorf("invalid capability: unknown capability %q", n)
		}
		out = append(out, name)
	}
	return out, nil
}
