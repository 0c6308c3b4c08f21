//go:build linux

package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/containerd/continuity/fs"
	"github.com/moby/buildkit/executor"
	"github.com/moby/buildkit/executor/oci"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/network"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"github.com/slipway-build/slipway/engine/container"
)

// ociSpec writes the bundle's config.json. The returned function frees what the
// specification refers to, once the container's process has ended.
func (c *testContainer) ociSpec(ctx context.Context) (*specs.Spec, func(), error) {
	fail := func(err error) (*specs.Spec, func(), error) {
		return nil, nil, fmt.Errorf("cannot prepare container %s: %w", c.spec.ID, err)
	}
	uid, gid, sgids, err := oci.GetUser(c.rootfs, c.spec.Process.User)
	if err != nil {
		return fail(&container.StartError{Reason: fmt.Sprintf("unable to find user %s: %v", c.spec.Process.User, err)})
	}
	mounts, err := specMounts(c.spec.Mounts)
	if err != nil {
		return fail(err)
	}
	if err := makeDir(c.rootfs, c.spec.Process.Dir); err != nil {
		return fail(err)
	}
	meta := specMeta(c.spec)
	if c.spec.Init {
		program, err := initProgram()
		if err != nil {
			return fail(err)
		}
		meta.Args = append([]string{initTarget, "--"}, meta.Args...)
		mounts = append(mounts, program)
	}
	more, err := groups(c.rootfs, c.spec.Groups)
	if err != nil {
		return fail(err)
	}
	ns, err := c.process.parts.worker.NetworkProviders[meta.NetMode].New(ctx, meta.Hostname, network.NamespaceOptions{})
	if err != nil {
		return fail(err)
	}
	resolv, hosts, err := networkFiles(ctx, c.bundle, meta, c.spec.DNS)
	if err != nil {
		return fail(errors.Join(err, ns.Close()))
	}
	spec, cleanup, err := oci.GenerateSpec(ctx, meta, mounts, c.spec.ID, resolv, hosts, ns, c.process.groups.Parent(), oci.ProcessSandbox,
		nil, "", false, "", nil, specOpts(c.spec, oci.WithUIDGID(uid, gid, append(sgids, more...)))...)
	if err != nil {
		return fail(errors.Join(err, ns.Close()))
	}
	release := func() { cleanup(); _ = ns.Close() }
	spec.Root.Path, spec.Process.NoNewPrivileges = c.rootfs, c.spec.NoNewPrivileges
	spec.Process.Terminal, spec.Process.ConsoleSize = meta.Tty, consoleSize(c.spec.Process)
	data, err := json.Marshal(spec)
	if err == nil {
		err = os.WriteFile(filepath.Join(c.bundle, "config.json"), data, 0o600)
	}
	if err != nil {
		release()
		return fail(err)
	}
	return spec, release, nil
}

func specMeta(s container.Spec) executor.Meta {
	meta := executor.Meta{
		Args: s.Process.Args, Env: s.Process.Env, User: s.Process.User, Cwd: dirOrRoot(s.Process.Dir),
		Tty: s.Process.TTY, Hostname: s.Hostname, ReadonlyRootFS: s.ReadOnly,
		NetMode: pb.NetMode_UNSET, SecurityMode: pb.SecurityMode_SANDBOX,
		LinuxResources: &pb.LinuxResources{
			Memory: s.Limits.Memory, MemorySwap: s.Limits.MemorySwap, CpuShares: s.Limits.CPUShares,
			CpuQuota: s.Limits.CPUQuota, CpuPeriod: s.Limits.CPUPeriod,
			CpusetCpus: s.Limits.CPUs, CpusetMems: s.Limits.Mems,
		},
	}
	if s.NoNetwork {
		meta.NetMode = pb.NetMode_NONE
	}
	for _, h := range s.Hosts {
		meta.ExtraHosts = append(meta.ExtraHosts, executor.HostIP{Host: h.Name, IP: net.IP(h.Addr.AsSlice())})
	}
	for _, l := range s.Limits.Rlimits {
		meta.Ulimit = append(meta.Ulimit, &pb.Ulimit{Name: l.Name, Soft: l.Soft, Hard: l.Hard})
	}
	return meta
}

// networkFiles writes the container's resolv.conf and hosts into its bundle.
func networkFiles(ctx context.Context, bundle string, meta executor.Meta, dns container.DNS) (resolv, hosts string, err error) {
	root, err := os.OpenRoot(bundle)
	if err != nil {
		return "", "", err
	}
	defer root.Close()
	// The host's resolver on loopback is reachable, the network being the host's.
	config := &oci.DNSConfig{Nameservers: dns.Servers, Options: dns.Options, SearchDomains: dns.Search}
	resolv, err = oci.GetResolvConf(ctx, root, nil, config, pb.NetMode_HOST)
	if err != nil {
		return "", "", err
	}
	hosts, _, err = oci.GetHostsFile(ctx, root, meta.ExtraHosts, nil, meta.Hostname)
	if err != nil {
		return "", "", err
	}
	return filepath.Join(bundle, resolv), filepath.Join(bundle, hosts), nil
}

// execSpec is the specification of one more process in a container of spec.
func (c *testContainer) execSpec(spec *specs.Spec, p container.Process) (*specs.Process, error) {
	uid, gid, sgids, err := oci.GetUser(c.rootfs, p.User)
	if err != nil {
		return nil, &container.StartError{Reason: fmt.Sprintf("unable to find user %s: %v", p.User, err)}
	}
	if p.User == c.spec.Process.User {
		more, err := groups(c.rootfs, c.spec.Groups)
		if err != nil {
			return nil, err
		}
		sgids = append(sgids, more...)
	}
	process := *spec.Process
	process.User = specs.User{UID: uid, GID: gid, AdditionalGids: sgids}
	process.Args, process.Env, process.Cwd = p.Args, p.Env, dirOrRoot(p.Dir)
	process.Terminal, process.ConsoleSize = p.TTY, consoleSize(p)
	return &process, nil
}

// consoleSize is there when the process starts; runc passes on only later ones.
func consoleSize(p container.Process) *specs.Box {
	if !p.TTY || p.Rows == 0 || p.Cols == 0 {
		return nil
	}
	return &specs.Box{Height: uint(p.Rows), Width: uint(p.Cols)}
}

func dirOrRoot(dir string) string {
	if dir == "" {
		return "/"
	}
	return dir
}

// makeDir makes a container's working folder, whatever links lie on the way.
func makeDir(rootfs, dir string) error {
	path, err := fs.RootPath(rootfs, dirOrRoot(dir))
	if err != nil {
		return fmt.Errorf("cannot find working folder %s: %w", dir, err)
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return fmt.Errorf("cannot make working folder %s: %w", dir, err)
	}
	return nil
}
