package dockercmd

import (
	"fmt"
	"strings"

	"github.com/docker/cli/opts"
	"github.com/moby/moby/api/types/container"
	"github.com/spf13/pflag"
)

// securityFlags say what the container's processes may do.
type securityFlags struct {
	capAdd, capDrop, groups, devices, options opts.ListOpts
	sysctls                                   *opts.MapOpts
	ipc, pid, uts                             string
	privileged                                bool
}

func (f *securityFlags) register(fs *pflag.FlagSet) {
	f.capAdd, f.capDrop, f.groups = opts.NewListOpts(nil), opts.NewListOpts(nil), opts.NewListOpts(nil)
	f.devices, f.options = opts.NewListOpts(nil), opts.NewListOpts(nil)
	f.sysctls = opts.NewMapOpts(nil, opts.ValidateSysctl)
	fs.Var(&f.capAdd, "cap-add", "add a `CAPABILITY`")
	fs.Var(&f.capDrop, "cap-drop", "drop a `CAPABILITY`")
	fs.Var(&f.groups, "group-add", "one more `GROUP` of the user, a name or a number")
	fs.Var(&f.devices, "device", "give a device of the host: `SOURCE[:TARGET][:rwm]`")
	fs.Var(f.sysctls, "sysctl", "set a kernel parameter of the container: `NAME=VALUE`")
	fs.Lookup("sysctl").DefValue = "" // none is not worth a word in the help
	fs.Var(&f.options, "security-opt", "no-new-privileges; other `OPTIONS` are ignored with a warning")
	fs.StringVar(&f.ipc, "ipc", "", "`MODE`: private, the default")
	fs.StringVar(&f.pid, "pid", "", "`MODE`: the container's own, the default")
	fs.StringVar(&f.uts, "uts", "", "`MODE`: the container's own, the default")
	fs.BoolVar(&f.privileged, "privileged", false, "refused: add single capabilities")
}

func (f *securityFlags) apply(_ *pflag.FlagSet, o *RunOptions) error {
	h := &o.Host
	h.CapAdd, h.CapDrop, h.GroupAdd = f.capAdd.GetSlice(), f.capDrop.GetSlice(), f.groups.GetSlice()
	h.SecurityOpt, h.Sysctls, h.Privileged = f.options.GetSlice(), f.sysctls.GetAll(), f.privileged
	h.IpcMode, h.PidMode, h.UTSMode = container.IpcMode(f.ipc), container.PidMode(f.pid), container.UTSMode(f.uts)
	for _, text := range f.devices.GetSlice() {
		d, err := parseDevice(text)
		if err != nil {
			return err
		}
		h.Devices = append(h.Devices, d)
	}
	return nil
}

// parseDevice reads "SOURCE[:TARGET][:MODE]", where MODE is made of r, w and m.
func parseDevice(text string) (container.DeviceMapping, error) {
	d := container.DeviceMapping{CgroupPermissions: "rwm"}
	parts := strings.Split(text, ":")
	if last := parts[len(parts)-1]; len(parts) > 1 && last != "" && strings.Trim(last, "rwm") == "" {
		d.CgroupPermissions, parts = last, parts[:len(parts)-1]
	}
	if len(parts) > 2 || parts[0] == "" {
		return d, fmt.Errorf("invalid argument %q for \"--device\" flag: bad format for path", text)
	}
	d.PathOnHost, d.PathInContainer = parts[0], parts[len(parts)-1]
	return d, nil
}
