//go:build linux

package embedded

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/containerd/containerd/v2/core/mount"
	"github.com/moby/buildkit/executor"
	"github.com/moby/sys/user"
	"github.com/slipway-build/slipway/engine/container"
)

// mountSource is a mount of a container as the executor wants it.
type mountSource struct{ m container.Mount }

// Mount implements executor.Mountable.
func (s mountSource) Mount(context.Context, bool) (executor.MountableRef, error) {
	return mountSourceRef(s), nil
}

type mountSourceRef struct{ m container.Mount }

func (r mountSourceRef) IdentityMapping() *user.IdentityMapping { return nil }

func (r mountSourceRef) Mount() ([]mount.Mount, func() error, error) {
	done := func() error { return nil }
	out := mount.Mount{Type: "tmpfs", Source: "tmpfs", Options: append([]string{"nosuid", "nodev"}, r.m.Options...)}
	if r.m.Source != "" {
		out = mount.Mount{Type: "bind", Source: r.m.Source, Options: []string{"rbind"}}
	}
	if r.m.ReadOnly {
		out.Options = append(out.Options, "ro")
	}
	return []mount.Mount{out}, done, nil
}

// specMounts checks the host paths first: runc's own message names no cause.
func specMounts(mounts []container.Mount) ([]executor.Mount, error) {
	var out []executor.Mount
	for _, m := range mounts {
		if !filepath.IsAbs(m.Target) {
			return nil, fmt.Errorf("cannot mount %s: target %q is not an absolute path", m.Source, m.Target)
		}
		if m.Source != "" {
			if _, err := os.Stat(m.Source); err != nil {
				return nil, fmt.Errorf("cannot bind %s: %w", m.Source, err)
			}
		}
		out = append(out, executor.Mount{Src: mountSource{m}, Dest: m.Target, Readonly: m.ReadOnly})
	}
	return out, nil
}
