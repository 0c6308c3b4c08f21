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
