package dockerapi

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/moby/api/types/mount"
	"github.com/slipway-build/slipway/engine/container"
)

// setMounts reads all the ways in which Docker's clients ask for mounts.
func (c *instance) setMounts() error {
	for _, bind := range c.host.Binds {
		m, noCopy, err := parseBind(bind)
		if err != nil {
			return err
		}
		if m.Volume != "" {
			c.volumes = append(c.volumes, &volumeUse{name: m.Volume, target: m.Target, readOnly: m.ReadOnly, noCopy: noCopy})
			continue
		}
		// Docker makes the missing source of a bind in this notation.
		if err := os.MkdirAll(m.Source, 0o755); err != nil {
			if _, statErr := os.Stat(m.Source); statErr != nil {
				return fmt.Errorf("cannot make bind source: %w", err)
			}
		}
		if len(m.Options) > 0 {
			c.warn("the propagation of mounts: " + strings.Join(m.Options, ", "))
			m.Options = nil
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
	return checkTargets(c.spec.Mounts)
}

// sortMounts puts a mount inside another after it.
func sortMounts(list []container.Mount) {
	slices.SortStableFunc(list, func(a, b container.Mount) int {
		return strings.Count(path.Clean(a.Target), "/") - strings.Count(path.Clean(b.Target), "/")
	})
}

func checkTargets(list []container.Mount) error {
	for _, m := range list {
		if !path.IsAbs(m.Target) || path.Clean(m.Target) == "/" {
			return badRequest("invalid mount target %q: must be an absolute path below /", m.Target)
		}
	}
	return nil
}

// parseBind reads "/source:/target[:options]" or "volume:/target[:options]". A volume is named, it has no
// source yet.
func parseBind(bind string) (m container.Mount, noCopy bool, err error) {
	parts := strings.Split(bind, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return m, false, fmt.Errorf("invalid volume specification: %q", bind)
	}
	m = container.Mount{Source: parts[0], Target: parts[1]}
	if !filepath.IsAbs(m.Source) {
		m.Source, m.Volume = "", parts[0]
	}
	if len(parts) == 3 {
		for _, o := range strings.Split(parts[2], ",") {
			switch o {
			case "ro", "readonly":
				m.ReadOnly = true
			case "nocopy":
				noCopy = true
			case "rw", "z", "Z", "cached", "delegated", "consistent", "", string(mount.PropagationRPrivate):
			case "private", "rslave", "slave", "rshared", "shared":
				m.Options = append(m.Options, o)
			default:
				return m, false, fmt.Errorf("invalid mode %q of volume %q", o, bind)
			}
		}
	}
	return m, noCopy, nil
}

func (c *instance) addMount(m mount.Mount) error {
	if m.Target == "" {
		return fmt.Errorf("invalid mount config for type %q: field Target must not be empty", m.Type)
	}
	out := container.Mount{Target: m.Target, ReadOnly: m.ReadOnly}
	switch m.Type {
	case mount.TypeBind:
		if !filepath.IsAbs(m.Source) {
			return fmt.Errorf("invalid mount: source path %q must be absolute", m.Source)
		}
		if o := m.BindOptions; o != nil {
			if o.Propagation != "" && o.Propagation != mount.PropagationRPrivate {
				c.warn("the propagation of mounts: " + string(o.Propagation))
			}
			if o.NonRecursive || o.ReadOnlyNonRecursive || o.ReadOnlyForceRecursive {
				c.warn("whether a bind is recursive: it is")
			}
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
			for _, option := range o.Options {
				out.Options = append(out.Options, strings.Join(option, "="))
			}
		}
	case mount.TypeVolume:
		o := m.VolumeOptions
		if o != nil && (o.DriverConfig != nil && (o.DriverConfig.Name != "" && o.DriverConfig.Name != localDriver || len(o.DriverConfig.Options) > 0) || o.Subpath != "") {
			return fmt.Errorf("mount of type volume at %s: Slipway's containers have no drivers of volumes and no paths inside them", m.Target)
		}
		c.volumes = append(c.volumes, &volumeUse{name: m.Source, target: m.Target, readOnly: m.ReadOnly, noCopy: o != nil && o.NoCopy})
		return nil
	default:
		return fmt.Errorf("mount of type %q: Slipway's containers have bind, volume and tmpfs only", m.Type)
	}
	c.spec.Mounts = append(c.spec.Mounts, out)
	return nil
}
