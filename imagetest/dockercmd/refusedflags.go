package dockercmd

import (
	"fmt"

	"github.com/spf13/pflag"
)

// refused is a flag of docker's that Slipway's containers cannot follow. Whoever uses it hears why.
type refused struct{ reason string }

// Set implements pflag.Value.
func (r *refused) Set(string) error { return fmt.Errorf("%s", r.reason) }

// String implements pflag.Value.
func (r *refused) String() string { return "" }

// Type implements pflag.Value.
func (r *refused) Type() string { return "value" }

const (
	noNetworks = "Slipway's containers share the host's network"
	noDevices  = "Slipway's containers have no such limits of devices"
)

// registerRefused declares the flags that are refused by name. They are not shown.
func registerRefused(fs *pflag.FlagSet) {
	for name, reason := range map[string]string{
		"network-alias": noNetworks, "net-alias": noNetworks, "ip": noNetworks, "ip6": noNetworks,
		"link-local-ip": noNetworks, "mac-address": noNetworks,
		"gpus": "Slipway's containers have no GPUs", "device-cgroup-rule": noDevices,
		"blkio-weight": noDevices, "blkio-weight-device": noDevices, "device-read-bps": noDevices,
		"device-write-bps": noDevices, "device-read-iops": noDevices, "device-write-iops": noDevices,
		"userns": "Slipway's containers have the user namespace of the engine", "cgroupns": "Slipway's containers have a cgroup namespace of their own",
		"cgroup-parent": "Slipway's containers have the control group of the engine", "runtime": "Slipway has one runtime",
		"storage-opt": "Slipway has one kind of storage", "volume-driver": "Slipway has no volume drivers",
		"cpu-rt-period": "Slipway does not set real-time limits", "cpu-rt-runtime": "Slipway does not set real-time limits",
		"isolation": "Slipway runs on Linux only", "annotation": "Slipway passes nothing through to the OCI runtime",
	} {
		fs.Var(&refused{reason}, name, "refused")
		_ = fs.MarkHidden(name) // it is there
	}
}
