package dockerapi

import (
	"fmt"
	"net/netip"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	api "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/slipway-build/slipway/engine/container"
)

// checkHostConfig refuses what would silently not be done, and warns of what
// makes no difference to a test.
func checkHostConfig(config *api.Config, h *api.HostConfig) (warnings []string, err error) {
	mode := h.NetworkMode
	for _, refused := range []struct {
		set  bool
		what string
	}{
		{h.Privileged, "privileged containers (--privileged); add single capabilities instead"},
		{len(h.Devices) > 0 || len(h.DeviceRequests) > 0, "devices (--device, --gpus)"},
		{len(h.VolumesFrom) > 0, "volumes of other containers (--volumes-from)"},
		{len(h.Links) > 0, "links (--link); containers share the host's network"},
		{h.PidMode != "" && !h.PidMode.IsPrivate(), "sharing process ids (--pid)"},
		{h.IpcMode.IsHost() || h.IpcMode.IsContainer(), "sharing IPC (--ipc)"},
		{h.UTSMode.IsHost(), "the host's name (--uts)"},
		{len(h.Sysctls) > 0, "kernel parameters (--sysctl)"},
		{len(h.GroupAdd) > 0, "additional groups (--group-add)"},
		{h.Runtime != "" && h.Runtime != "runc", "other runtimes (--runtime)"},
		{h.CgroupParent != "", "control groups of its own (--cgroup-parent)"},
		{!slices.Contains([]string{"", "default", "bridge", "host", "none"}, string(mode)),
			fmt.Sprintf("network %q; containers share the host's network, or have none", mode)},
	} {
		if refused.set {
			return nil, notDone("%s", refused.what)
		}
	}
	for _, ignored := range []struct {
		set  bool
		what string
	}{
		{!h.RestartPolicy.IsNone(), "the restart policy"},
		{config.Healthcheck != nil && len(config.Healthcheck.Test) > 0, "the health check"},
		{len(h.SecurityOpt) > 0, "security options"},
		{len(h.DNS)+len(h.DNSOptions)+len(h.DNSSearch) > 0, "the DNS settings"},
		{h.LogConfig.Type != "" && h.LogConfig.Type != "json-file" && h.LogConfig.Type != "local", "the log driver"},
	} {
		if ignored.set {
			warnings = append(warnings, "Slipway's test runtime ignores "+ignored.what+".")
		}
	}
	return warnings, nil
}

// setMounts reads all the ways in which Docker's clients ask for mounts.
func (c *instance) setMounts() error {
	for _, bind := range c.host.Binds {
		m, err := parseBind(bind)
		if err != nil {
			return err
		}
		// Docker makes the missing source of a bind in this notation.
		if err := os.MkdirAll(m.Source, 0o755); err != nil {
			if _, statErr := os.Stat(m.Source); statErr != nil {
				return fmt.Errorf("cannot make bind source: %w", err)
			}
		}
		c.spec.Mounts = append(c.spec.Mounts, m)
	}
	for _, m := range c.host.Mounts {
		if err := c.addMount(m); err != nil {
			return err
		}
	}
	for target, options := range c.host.Tmpfs {
		m := container.Mount{Target: target, Options: []string{"noexec"}}
		if options != "" {
			m.Options = append(m.Options, strings.Split(options, ",")...)
		}
		c.spec.Mounts = append(c.spec.Mounts, m)
	}
	// A mount inside another must come later.
	slices.SortStableFunc(c.spec.Mounts, func(a, b container.Mount) int {
		return strings.Count(path.Clean(a.Target), "/") - strings.Count(path.Clean(b.Target), "/")
	})
	for _, m := range c.spec.Mounts {
		if !path.IsAbs(m.Target) || path.Clean(m.Target) == "/" {
			return fmt.Errorf("invalid mount target %q: must be an absolute path below /", m.Target)
		}
	}
	return nil
}

// parseBind reads "/source:/target[:options]".
func parseBind(bind string) (container.Mount, error) {
	parts := strings.Split(bind, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return container.Mount{}, fmt.Errorf("invalid volume specification: %q", bind)
	}
	m := container.Mount{Source: parts[0], Target: parts[1]}
	if !filepath.IsAbs(m.Source) {
		return m, fmt.Errorf("named volume %q: Slipway's test runtime has no volumes; bind a folder by its absolute path", m.Source)
	}
	if len(parts) == 3 {
		for _, o := range strings.Split(parts[2], ",") {
			switch o {
			case "ro", "readonly":
				m.ReadOnly = true
			case "rw", "z", "Z", "nocopy", "cached", "delegated", "consistent", "", "rprivate", "private", "rslave", "slave", "rshared", "shared":
			default:
				return m, fmt.Errorf("invalid mode %q of volume %q", o, bind)
			}
		}
	}
	return m, nil
}

func (c *instance) addMount(m mount.Mount) error {
	out := container.Mount{Target: m.Target, ReadOnly: m.ReadOnly}
	switch m.Type {
	case mount.TypeBind:
		if !filepath.IsAbs(m.Source) {
			return fmt.Errorf("invalid mount: source path %q must be absolute", m.Source)
		}
		if m.BindOptions != nil && m.BindOptions.CreateMountpoint {
			if err := os.MkdirAll(m.Source, 0o755); err != nil {
				return fmt.Errorf("cannot make bind source: %w", err)
			}
		}
		if _, err := os.Stat(m.Source); err != nil {
			return fmt.Errorf("invalid mount config for type \"bind\": bind source path does not exist: %s", m.Source)
		}
		out.Source = m.Source
	case mount.TypeTmpfs:
		out.Options = []string{"noexec"}
		if o := m.TmpfsOptions; o != nil {
			if o.SizeBytes > 0 {
				out.Options = append(out.Options, "size="+strconv.FormatInt(o.SizeBytes, 10))
			}
			if o.Mode != 0 {
				out.Options = append(out.Options, "mode="+strconv.FormatUint(uint64(o.Mode), 8))
			}
		}
	default:
		return fmt.Errorf("mount of type %q: Slipway's test runtime has bind and tmpfs only", m.Type)
	}
	c.spec.Mounts = append(c.spec.Mounts, out)
	return nil
}

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

func (c *instance) setCapabilities() error {
	var err error
	if c.spec.CapAdd, err = capabilities(c.host.CapAdd); err != nil {
		return err
	}
	c.spec.CapDrop, err = capabilities(c.host.CapDrop)
	return err
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

func (c *instance) setLimits() error {
	h := c.host
	limits := container.Limits{
		Memory: h.Memory, MemorySwap: h.MemorySwap, CPUShares: uint64(max(h.CPUShares, 0)),
		CPUQuota: h.CPUQuota, CPUPeriod: uint64(max(h.CPUPeriod, 0)),
		CPUs: h.CpusetCpus, Mems: h.CpusetMems, SharedMemory: h.ShmSize,
	}
	if h.NanoCPUs > 0 {
		limits.CPUPeriod = 100_000
		limits.CPUQuota = h.NanoCPUs * 100_000 / 1_000_000_000
	}
	for _, u := range h.Ulimits {
		limits.Rlimits = append(limits.Rlimits, container.Rlimit{Name: u.Name, Soft: u.Soft, Hard: u.Hard})
	}
	c.spec.Limits = limits
	return nil
}
