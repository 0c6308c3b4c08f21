package dockerapi

import (
	"fmt"
	"os"
	"slices"
	"strings"

	api "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
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
		{len(h.DeviceRequests) > 0, "GPUs and other requested devices (--gpus)"},
		{len(h.DeviceCgroupRules) > 0, "rules for devices (--device-cgroup-rule)"},
		{blockLimits(h), "limits of block devices (--blkio-weight, --device-read-bps and their kin)"},
		{h.CPURealtimePeriod != 0 || h.CPURealtimeRuntime != 0, "real-time limits (--cpu-rt-period, --cpu-rt-runtime)"},
		{h.PidMode != "" && !h.PidMode.IsPrivate(), "sharing process ids (--pid)"},
		{h.IpcMode.IsHost() || h.IpcMode.IsContainer() || h.IpcMode.IsNone(), "sharing IPC, or none of it (--ipc)"},
		{h.UTSMode.IsHost(), "the host's name (--uts)"},
		{h.UsernsMode != "", "user namespaces of its own (--userns)"},
		{h.CgroupnsMode.IsHost(), "the host's control groups (--cgroupns)"},
		{h.Runtime != "" && h.Runtime != "runc", "other runtimes (--runtime)"},
		{h.CgroupParent != "", "control groups of its own (--cgroup-parent)"},
		{h.VolumeDriver != "" && h.VolumeDriver != localDriver, "volume drivers (--volume-driver)"},
		{len(h.StorageOpt) > 0, "options of storage (--storage-opt)"},
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
		{len(otherSecurity(h.SecurityOpt)) > 0, "security options: " + strings.Join(otherSecurity(h.SecurityOpt), ", ")},
		{!slices.Contains(keptLogs, h.LogConfig.Type), "the log driver"},
		{len(h.LogConfig.Config) > 0, "options of the log driver"},
		{len(networkSysctls(h)) > 0, "kernel parameters of the network, which is the host's: " + strings.Join(networkSysctls(h), ", ")},
		{unified() && h.MemorySwappiness != nil && *h.MemorySwappiness >= 0, "the swappiness, which control groups of version 2 do not have"},
		{unified() && h.OomKillDisable != nil && *h.OomKillDisable, "to leave out the OOM killer, which control groups of version 2 do not have"},
		{config.Domainname != "", "the domain name"},
		{len(h.Annotations) > 0, "annotations"},
		{unmasked(h.MaskedPaths) || unmasked(h.ReadonlyPaths), "which paths of the system are masked or read-only"},
	} {
		if ignored.set {
			warnings = append(warnings, ignores(ignored.what))
		}
	}
	return warnings, nil
}

// ignores is the warning of what has no effect.
func ignores(what string) string { return "Slipway's containers ignore " + what + "." }

// warn tells of what has no effect and is found later.
func (c *instance) warn(what string) { c.warnings = append(c.warnings, ignores(what)) }

// keptLogs are the log drivers whose logs can be read, and the one that keeps none.
var keptLogs = []string{"", "json-file", "local", noLogs}

// noLogs is the log driver that keeps nothing.
const noLogs = "none"

// unmasked tells whether a list is empty on purpose (--security-opt systempaths=unconfined).
func unmasked(paths []string) bool { return paths != nil && len(paths) == 0 }

// checkEndpoints refuses what a container would be in a network of its own.
func checkEndpoints(n *network.NetworkingConfig) error {
	if n == nil {
		return nil
	}
	for _, e := range n.EndpointsConfig {
		if e != nil && (len(e.Aliases)+len(e.Links)+len(e.DriverOpts)+len(e.MacAddress) > 0 || e.IPAMConfig != nil) {
			return notDone("addresses and names in networks (--network-alias, --ip, --mac-address); containers share the host's network")
		}
	}
	return nil
}

func blockLimits(h *api.HostConfig) bool {
	return h.BlkioWeight != 0 || len(h.BlkioWeightDevice)+len(h.BlkioDeviceReadBps)+len(h.BlkioDeviceWriteBps)+
		len(h.BlkioDeviceReadIOps)+len(h.BlkioDeviceWriteIOps) > 0
}

// unified tells whether control groups are of version 2 alone (cgroups(7)).
func unified() bool {
	_, err := os.Stat("/sys/fs/cgroup/cgroup.controllers")
	return err == nil
}
