package dockercmd

import (
	"errors"
	"fmt"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/spf13/pflag"
)

// healthFlags say how to find out whether the container is well.
type healthFlags struct {
	command                                       string
	interval, timeout, startPeriod, startInterval time.Duration
	retries                                       int
	off                                           bool
}

func (f *healthFlags) durations() map[string]*time.Duration {
	return map[string]*time.Duration{"health-interval": &f.interval, "health-timeout": &f.timeout,
		"health-start-period": &f.startPeriod, "health-start-interval": &f.startInterval}
}

func (f *healthFlags) register(fs *pflag.FlagSet) {
	fs.StringVar(&f.command, "health-cmd", "", "shell `COMMAND` that succeeds when the container is well")
	fs.DurationVar(&f.interval, "health-interval", 0, "`TIME` between two checks (30s)")
	fs.DurationVar(&f.timeout, "health-timeout", 0, "`TIME` that a check may take (30s)")
	fs.DurationVar(&f.startPeriod, "health-start-period", 0, "`TIME` at the start in which failures do not count")
	fs.DurationVar(&f.startInterval, "health-start-interval", 0, "`TIME` between two checks at the start (5s)")
	fs.IntVar(&f.retries, "health-retries", 0, "`NUMBER` of failures in a row that make it unhealthy (3)")
	fs.BoolVar(&f.off, "no-healthcheck", false, "leave out the image's HEALTHCHECK")
}

func (f *healthFlags) apply(_ *pflag.FlagSet, o *RunOptions) error {
	given := f.command != "" || f.retries != 0
	for name, d := range f.durations() {
		if *d < 0 {
			return fmt.Errorf("--%s cannot be negative", name)
		}
		given = given || *d != 0
	}
	switch {
	case f.retries < 0:
		return errors.New("--health-retries cannot be negative")
	case f.off && given:
		return errors.New("--no-healthcheck conflicts with --health-* options")
	case f.off:
		o.Config.Healthcheck = &container.HealthConfig{Test: []string{"NONE"}}
	case given:
		o.Config.Healthcheck = &container.HealthConfig{Interval: f.interval, Timeout: f.timeout,
			StartPeriod: f.startPeriod, StartInterval: f.startInterval, Retries: f.retries}
		if f.command != "" {
			o.Config.Healthcheck.Test = []string{"CMD-SHELL", f.command}
		}
	}
	return nil
}
