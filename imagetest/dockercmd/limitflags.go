package dockercmd

import (
	"fmt"

	"github.com/docker/cli/opts"
	"github.com/spf13/pflag"
)

// limitFlags bound what the container takes of the machine.
type limitFlags struct {
	cpuSharesShort                                        string
	memory, reservation, shm                              opts.MemBytes
	memorySwap                                            opts.MemSwapBytes
	cpus                                                  opts.NanoCPUs
	cpusetCPUs, cpusetMems                                string
	cpuShares, cpuQuota, cpuPeriod, swappiness, pidsLimit int64
	oomScore                                              int
	oomKillDisable                                        bool
	ulimits                                               *opts.UlimitOpt
}

func (f *limitFlags) register(fs *pflag.FlagSet) {
	f.ulimits = opts.NewUlimitOpt(nil)
	fs.VarP(&f.memory, "memory", "m", "`BYTES` of memory, such as 512m")
	fs.Var(&f.reservation, "memory-reservation", "`BYTES` of memory that are kept when memory is scarce")
	fs.Var(&f.memorySwap, "memory-swap", "`BYTES` of memory and swap, -1 without bound")
	fs.Int64Var(&f.swappiness, "memory-swappiness", -1, "how readily memory is swapped out: `0-100`")
	fs.Var(&f.shm, "shm-size", "`BYTES` of /dev/shm")
	fs.Var(&f.cpus, "cpus", "`NUMBER` of CPUs")
	fs.StringVar(&f.cpusetCPUs, "cpuset-cpus", "", "CPUs to use: `0-3 or 0,1`")
	fs.StringVar(&f.cpusetMems, "cpuset-mems", "", "memory nodes to use: `0-3 or 0,1`")
	fs.Int64VarP(&f.cpuShares, "cpu-shares", f.cpuSharesShort, 0, "relative `WEIGHT` of CPU time")
	fs.Int64Var(&f.cpuPeriod, "cpu-period", 0, "`MICROSECONDS` of a period of CPU time")
	fs.Int64Var(&f.cpuQuota, "cpu-quota", 0, "`MICROSECONDS` of CPU time in a period")
	fs.Int64Var(&f.pidsLimit, "pids-limit", 0, "`NUMBER` of processes and threads, -1 without bound")
	fs.IntVar(&f.oomScore, "oom-score-adj", 0, "`SCORE` by which the kernel picks whom to kill without memory")
	fs.BoolVar(&f.oomKillDisable, "oom-kill-disable", false, "do not kill the container's processes without memory")
	fs.Var(f.ulimits, "ulimit", "set a limit: `NAME=SOFT[:HARD]`")
	fs.Lookup("ulimit").DefValue = "" // none is not worth a word in the help
}

func (f *limitFlags) apply(fs *pflag.FlagSet, o *RunOptions) error {
	r := &o.Host.Resources
	r.Memory, r.MemoryReservation, r.MemorySwap = f.memory.Value(), f.reservation.Value(), f.memorySwap.Value()
	r.NanoCPUs, r.CPUShares, r.CPUPeriod, r.CPUQuota = f.cpus.Value(), f.cpuShares, f.cpuPeriod, f.cpuQuota
	r.CpusetCpus, r.CpusetMems, r.Ulimits = f.cpusetCPUs, f.cpusetMems, f.ulimits.GetList()
	o.Host.ShmSize, o.Host.OomScoreAdj = f.shm.Value(), f.oomScore
	if fs.Changed("pids-limit") {
		r.PidsLimit = &f.pidsLimit
	}
	if fs.Changed("memory-swappiness") {
		if f.swappiness < 0 || f.swappiness > 100 {
			return fmt.Errorf("invalid value: %d. Valid memory swappiness range is 0-100", f.swappiness)
		}
		r.MemorySwappiness = &f.swappiness
	}
	if f.oomKillDisable {
		r.OomKillDisable = &f.oomKillDisable
	}
	return nil
}
