package dockerapi

import (
	"fmt"
	"slices"

	api "github.com/moby/moby/api/types/container"
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
