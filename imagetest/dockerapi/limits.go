package dockerapi

import (
	"github.com/slipway-build/slipway/engine/container"
)

func (c *instance) setLimits() error {
	h := c.host
	limits := container.Limits{
		Memory: h.Memory, MemorySwap: h.MemorySwap, CPUShares: uint64(max(h.CPUShares, 0)),
		CPUQuota: h.CPUQuota, CPUPeriod: uint64(max(h.CPUPeriod, 0)),
		CPUs: h.CpusetCpus, Mems: h.CpusetMems, SharedMemory: h.ShmSize,
	}
	limits.MemoryReservation, limits.OOMScore = h.MemoryReservation, h.OomScoreAdj
	limits.OOMKillDisable = h.OomKillDisable != nil && *h.OomKillDisable && !unified()
	if h.PidsLimit != nil {
		limits.PIDs = *h.PidsLimit
	}
	if n := h.MemorySwappiness; n != nil && *n >= 0 && !unified() {
		percent := uint64(*n)
		limits.Swappiness = &percent
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
