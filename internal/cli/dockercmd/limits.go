package dockercmd

import (
	"fmt"
	"math/big"
	"net/netip"
	"strconv"
	"strings"

	"github.com/docker/go-connections/nat"
	"github.com/docker/go-units"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
)

func (f *createFlags) setPorts(o *RunOptions) error {
	o.Config.ExposedPorts, o.Host.PortBindings = network.PortSet{}, network.PortMap{}
	for _, text := range f.publish {
		mappings, err := nat.ParsePortSpec(text)
		if err != nil {
			return fmt.Errorf("invalid argument %q for \"--publish\" flag: %w", text, err)
		}
		for _, m := range mappings {
			port, err := network.ParsePort(string(m.Port))
			if err != nil {
				return fmt.Errorf("invalid argument %q for \"--publish\" flag: %w", text, err)
			}
			binding := network.PortBinding{HostPort: m.Binding.HostPort}
			if m.Binding.HostIP != "" {
				if binding.HostIP, err = netip.ParseAddr(m.Binding.HostIP); err != nil {
					return fmt.Errorf("invalid argument %q for \"--publish\" flag: %w", text, err)
				}
			}
			o.Config.ExposedPorts[port] = struct{}{}
			o.Host.PortBindings[port] = append(o.Host.PortBindings[port], binding)
		}
	}
	for _, text := range f.expose {
		ports, err := network.ParsePortRange(text)
		if err != nil {
			return fmt.Errorf("invalid argument %q for \"--expose\" flag: %w", text, err)
		}
		for port := range ports.All() {
			o.Config.ExposedPorts[port] = struct{}{}
		}
	}
	return nil
}

func (f *createFlags) setRestart(o *RunOptions) error {
	if f.restart == "" {
		return nil
	}
	name, count, _ := strings.Cut(f.restart, ":")
	policy := container.RestartPolicy{Name: container.RestartPolicyMode(name)}
	if count != "" {
		n, err := strconv.Atoi(count)
		if err != nil {
			return fmt.Errorf("invalid argument %q for \"--restart\" flag: %w", f.restart, err)
		}
		policy.MaximumRetryCount = n
	}
	o.Host.RestartPolicy = policy
	return nil
}

func (f *createFlags) setLimits(o *RunOptions) error {
	r := &o.Host.Resources
	r.CPUShares, r.CpusetCpus = f.cpuShares, f.cpuset
	for _, v := range []struct {
		flag, text string
		to         *int64
	}{{"memory", f.memory, &r.Memory}, {"memory-swap", f.memorySwap, &r.MemorySwap}, {"shm-size", f.shm, &o.Host.ShmSize}} {
		if v.text == "" {
			continue
		}
		if v.flag == "memory-swap" && v.text == "-1" {
			*v.to = -1
			continue
		}
		bytes, err := units.RAMInBytes(v.text)
		if err != nil {
			return fmt.Errorf("invalid argument %q for \"--%s\" flag: %w", v.text, v.flag, err)
		}
		*v.to = bytes
	}
	if f.cpus != "" {
		cpus, ok := new(big.Rat).SetString(f.cpus)
		if !ok || cpus.Sign() < 0 {
			return fmt.Errorf("invalid argument %q for \"--cpus\" flag: not a number", f.cpus)
		}
		nano := new(big.Rat).Mul(cpus, big.NewRat(1_000_000_000, 1))
		r.NanoCPUs = new(big.Int).Quo(nano.Num(), nano.Denom()).Int64()
	}
	for _, text := range f.ulimits {
		limit, err := units.ParseUlimit(text)
		if err != nil {
			return fmt.Errorf("invalid argument %q for \"--ulimit\" flag: %w", text, err)
		}
		r.Ulimits = append(r.Ulimits, limit)
	}
	for _, text := range f.dns {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return fmt.Errorf("invalid argument %q for \"--dns\" flag: %w", text, err)
		}
		o.Host.DNS = append(o.Host.DNS, addr)
	}
	return nil
}
