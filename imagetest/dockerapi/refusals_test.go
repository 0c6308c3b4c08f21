package dockerapi

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	api "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
)

// TestCheckHostConfig: what has no effect is warned of, and what would be something else is refused.
func TestCheckHostConfig(t *testing.T) {
	yes, many := true, int64(50)
	for text, h := range map[string]api.HostConfig{
		"":                                   {},
		"the restart policy":                 {RestartPolicy: api.RestartPolicy{Name: "always"}},
		"security options: a=b, c":           {SecurityOpt: []string{"no-new-privileges", "a=b", "no-new-privileges:true", "c"}},
		"the log driver":                     {LogConfig: api.LogConfig{Type: "syslog"}},
		"options of the log":                 {LogConfig: api.LogConfig{Config: map[string]string{"max-size": "1m"}}},
		"which is the host's: net.a, net.b.": {Sysctls: map[string]string{"net.b": "1", "kernel.msgmax": "1", "net.a": "2"}},
		"annotations":                        {Annotations: map[string]string{"a": "b"}},
		"which paths of the system":          {MaskedPaths: []string{}},
	} {
		warnings, err := checkHostConfig(&api.Config{}, &h)
		if err != nil || (text == "") != (len(warnings) == 0) || !strings.Contains(strings.Join(warnings, ""), text) {
			t.Errorf("%q: %v, %v", text, warnings, err)
		}
	}
	for _, h := range []api.HostConfig{
		{LogConfig: api.LogConfig{Type: "none"}}, {NetworkMode: "none", Sysctls: map[string]string{"net.a": "1"}},
		{GroupAdd: []string{"x"}, VolumesFrom: []string{"x"}, Links: []string{"x"}, OomScoreAdj: 5, Init: &yes},
		{Resources: api.Resources{PidsLimit: &many, MemoryReservation: 5, Devices: []api.DeviceMapping{{PathOnHost: "/dev/null"}}}},
	} {
		if warnings, err := checkHostConfig(&api.Config{}, &h); err != nil || len(warnings) > 0 {
			t.Errorf("%+v: %v, %v", h, warnings, err)
		}
	}
	for text, h := range map[string]api.HostConfig{
		"--privileged": {Privileged: true}, "--gpus": {Resources: api.Resources{DeviceRequests: []api.DeviceRequest{{}}}},
		"--device-cgroup-rule": {Resources: api.Resources{DeviceCgroupRules: []string{"a"}}},
		"--blkio-weight":       {Resources: api.Resources{BlkioWeight: 10}}, "--cpu-rt-period": {Resources: api.Resources{CPURealtimePeriod: 1}},
		"--pid": {PidMode: "host"}, "--ipc": {IpcMode: "host"}, "--uts": {UTSMode: "host"}, "--userns": {UsernsMode: "host"},
		"--cgroupns": {CgroupnsMode: "host"}, "--runtime": {Runtime: "x"}, "--volume-driver": {VolumeDriver: "x"},
		"--storage-opt": {StorageOpt: map[string]string{"size": "1"}}, `network "x"`: {NetworkMode: "x"},
	} {
		if _, err := checkHostConfig(&api.Config{}, &h); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, e := range []network.EndpointSettings{{Aliases: []string{"a"}}, {MacAddress: network.HardwareAddr{1}}, {IPAMConfig: &network.EndpointIPAMConfig{}}} {
		if checkEndpoints(&network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{"default": &e}}) == nil {
			t.Errorf("%+v: no error", e)
		}
	}
	if err := checkEndpoints(&network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{"default": {}}}); err != nil {
		t.Error(err)
	}
}

// TestMountWarnings: what of a mount has no effect is said.
func TestMountWarnings(t *testing.T) {
	dir := t.TempDir()
	c := &instance{config: &api.Config{}, host: &api.HostConfig{Binds: []string{dir + ":/a:ro,rslave", dir + ":/b:rprivate", dir + ":/c"},
		Mounts: []mount.Mount{{Type: mount.TypeBind, Source: dir, Target: "/d", BindOptions: &mount.BindOptions{Propagation: mount.PropagationShared, NonRecursive: true}}}}}
	if err := c.setMounts(); err != nil {
		t.Fatal(err)
	}
	want := []string{"Slipway's containers ignore the propagation of mounts: rslave.", "Slipway's containers ignore the propagation of mounts: shared.",
		"Slipway's containers ignore whether a bind is recursive: it is."}
	if diff := cmp.Diff(want, c.warnings); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, m := range c.spec.Mounts {
		if len(m.Options) > 0 {
			t.Errorf("%s has options %v", m.Target, m.Options)
		}
	}
}
