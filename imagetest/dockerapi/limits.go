package dockerapi

import (
	"fmt"
	"strings"

	"github.com/slipway-build/slipway/engine/container"
)

func (c *instance) setCapabilities() error {
	var err error
	if c.spec.CapAdd, err = capabilities(c.host.CapAdd); err != nil {
		return err
	}
	c.spec.CapDrop, err = capabilities(c.host.CapDrop)
	return err
}

func capabilities(names []string) ([]string, error) {
	var out []string
	for _, n := range names {
		name := strings.ToUpper(n)
		if name != "ALL" && !strings.HasPrefix(name, "CAP_") {
			name = "CAP_" + name
		}
		if strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != "" {
			return nil, fmt.Errorf("invalid capability: unknown capability %q", n)
		}
		out = append(out, name)
	}
	return out, nil
}

func (c *instance) setLimits() error {
	h := c.host
	limits := container.Limits{
		Memory: h.Memory, MemorySwap: h.MemorySwap, CPUShares: uint64(max(h.CPUShares, 0)),
		CPUQuota: h.CPUQuota, CPUPeriod: uint64(max(h.CPUPeriod, 0)),
		CPUs: h.CpusetCpus, Mems: h.CpusetMems, SharedMemory: h.ShmSize,
	}
	if h.NanoCPUs > 0 {
		limits.CPUPeriod = 100_000
		limits.CPUQuota = h.NanoCPUs * 100_000 / 1_000_000_000
	}
	for _, u := range h.Ulimits {
		limits.Rlimits = append(limits.Rlimits, container.Rlimit{Name: u.Name, Soft: u.Soft, Hard: u.Hard})
	}
	c.spec.Limits = limits
	return nil
}
