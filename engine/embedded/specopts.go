//go:build linux

package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/containerd/containerd/v2/core/containers"
	"github.com/containerd/containerd/v2/pkg/oci"
	rootpath "github.com/containerd/continuity/fs"
	"github.com/moby/sys/user"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"github.com/slipway-build/slipway/engine/container"
)

// specOpts are what executor.Meta has no field for.
func specOpts(s container.Spec, first oci.SpecOpts) []oci.SpecOpts {
	opts := []oci.SpecOpts{first, withLimits(s.Limits), withSysctls(s.Sysctls)}
	if s.ReadOnly {
		opts = append(opts, oci.WithRootFSReadonly())
	}
	for _, name := range s.CapDrop {
		if name == "ALL" {
			opts = append(opts, oci.WithCapabilities(nil))
			continue
		}
		opts = append(opts, oci.WithDroppedCapabilities([]string{name}))
	}
	for _, name := range s.CapAdd {
		if name == "ALL" {
			opts = append(opts, oci.WithAllKnownCapabilities)
			continue
		}
		opts = append(opts, oci.WithAddedCapabilities([]string{name}))
	}
	for _, d := range s.Devices {
		opts = append(opts, withDevice(d))
	}
	if s.Limits.SharedMemory > 0 {
		opts = append(opts, oci.WithDevShmSize(max(s.Limits.SharedMemory>>10, 1)))
	}
	return opts
}

// withLimits sets the limits that BuildKit has no name for.
func withLimits(l container.Limits) oci.SpecOpts {
	return func(ctx context.Context, c oci.Client, in *containers.Container, s *oci.Spec) error {
		if l.PIDs > 0 {
			if err := oci.WithPidsLimit(l.PIDs)(ctx, c, in, s); err != nil {
				return err
			}
		}
		if l.OOMScore != 0 {
			s.Process.OOMScoreAdj = &l.OOMScore
		}
		if l.MemoryReservation == 0 && l.Swappiness == nil && !l.OOMKillDisable {
			return nil
		}
		if s.Linux.Resources.Memory == nil {
			s.Linux.Resources.Memory = &specs.LinuxMemory{}
		}
		m := s.Linux.Resources.Memory
		m.Swappiness = l.Swappiness
		if l.MemoryReservation > 0 {
			m.Reservation = &l.MemoryReservation
		}
		if l.OOMKillDisable {
			m.DisableOOMKiller = &l.OOMKillDisable
		}
		return nil
	}
}

func withSysctls(values map[string]string) oci.SpecOpts {
	return func(_ context.Context, _ oci.Client, _ *containers.Container, s *oci.Spec) error {
		for name, value := range values {
			if s.Linux.Sysctl == nil {
				s.Linux.Sysctl = map[string]string{}
			}
			s.Linux.Sysctl[name] = value
		}
		return nil
	}
}

func withDevice(d container.Device) oci.SpecOpts {
	return func(ctx context.Context, c oci.Client, in *containers.Container, s *oci.Spec) error {
		if err := oci.WithDevices(d.Source, d.Target, d.Access)(ctx, c, in, s); err != nil {
			return &container.StartError{Reason: fmt.Sprintf("error gathering device information while adding custom device %q: %v", d.Source, err)}
		}
		return nil
	}
}

// groups are the numbers of groups, which are numbers or names of the image's /etc/group.
func groups(rootfs string, names []string) ([]uint32, error) {
	if len(names) == 0 {
		return nil, nil
	}
	path, err := rootpath.RootPath(rootfs, "/etc/group")
	if err != nil {
		return nil, fmt.Errorf("cannot find groups: %w", err)
	}
	var ids []int
	file, err := os.Open(path)
	switch {
	case err == nil:
		defer file.Close()
		ids, err = user.GetAdditionalGroups(names, file)
	case errors.Is(err, fs.ErrNotExist):
		ids, err = user.GetAdditionalGroups(names, nil)
	}
	if err != nil {
		return nil, &container.StartError{Reason: err.Error()}
	}
	out := make([]uint32, len(ids))
	for i, id := range ids {
		out[i] = uint32(id)
	}
	return out, nil
}
