package dockerapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	api "github.com/moby/moby/api/types/container"
	"github.com/slipway-build/slipway/engine/container"
)

// What Docker does where HEALTHCHECK and --health-* say nothing (Dockerfile reference, HEALTHCHECK).
const (
	healthInterval      = 30 * time.Second
	healthTimeout       = 30 * time.Second
	healthStartInterval = 5 * time.Second
	healthRetries       = 3
	// healthResults are kept, with healthOutput bytes of each.
	healthResults = 5
	healthOutput  = 4096
)

// mergeHealth takes what a container leaves open from its image.
func mergeHealth(own, image *api.HealthConfig) *api.HealthConfig {
	if own == nil || image == nil {
		return cmp.Or(own, image)
	}
	out := *own
	if len(out.Test) == 0 {
		out.Test = image.Test
	}
	out.Interval, out.Timeout = cmp.Or(out.Interval, image.Interval), cmp.Or(out.Timeout, image.Timeout)
	out.StartPeriod, out.StartInterval = cmp.Or(out.StartPeriod, image.StartPeriod), cmp.Or(out.StartInterval, image.StartInterval)
	out.Retries = cmp.Or(out.Retries, image.Retries)
	return &out
}

// checkHealth refuses what Docker's daemon refuses.
func checkHealth(h *api.HealthConfig) error {
	if h == nil {
		return nil
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"Interval", h.Interval}, {"Timeout", h.Timeout}, {"StartPeriod", h.StartPeriod}, {"StartInterval", h.StartInterval}} {
		if d.value != 0 && d.value < time.Millisecond {
			return badRequest("%s in Healthcheck cannot be less than 1ms", d.name)
		}
	}
	if h.Retries < 0 {
		return badRequest("Retries in Healthcheck cannot be negative")
	}
	return nil
}

// probe is the command of a container's health check, nil if there is none.
func (c *instance) probe() []string {
	h := c.config.Healthcheck
	if h == nil || len(h.Test) < 2 {
		return nil
	}
	switch h.Test[0] {
	case "CMD":
		return h.Test[1:]
	case "CMD-SHELL":
		shell := c.config.Shell
		if len(shell) == 0 {
			shell = []string{"/bin/sh", "-c"}
		}
		return append(append([]string{}, shell...), h.Test[1])
	}
	return nil
}

// watchHealth checks the run that has just begun until it ends.
func (c *instance) watchHealth(ctx context.Context, exited <-chan struct{}) {
	command := c.probe()
	if command == nil {
		return
	}
	c.mu.Lock()
	if c.health == nil {
		c.health = &api.Health{}
	}
	c.health.Status, c.health.FailingStreak = api.Starting, 0
	started := c.started
	c.mu.Unlock()
	go func() {
		for {
			select {
			case <-exited:
				return
			case <-time.After(c.healthPause(started)):
			}
			result := c.check(ctx, command)
			select {
			case <-exited: // the check has ended with the container, not by itself
				return
			default:
				c.judge(started, result)
			}
		}
	}()
}

// healthPause is the time to the next check.
func (c *instance) healthPause(started time.Time) time.Duration {
	h := c.config.Healthcheck
	c.mu.Lock()
	defer c.mu.Unlock()
	interval := cmp.Or(h.Interval, healthInterval)
	if c.health.Status == api.Starting && time.Since(started) < h.StartPeriod {
		// Docker 20.10 waits for the interval there, later ones 5 s: whoever waits for health gains by the shorter.
		return cmp.Or(h.StartInterval, min(healthStartInterval, interval))
	}
	return interval
}

// check runs the command once.
func (c *instance) check(ctx context.Context, command []string) *api.HealthcheckResult {
	out := &healthLog{}
	result := &api.HealthcheckResult{Start: time.Now()}
	p := c.spec.Process
	p.Args, p.TTY = command, false
	running, err := c.runtime.Exec(ctx, p, container.IO{Stdout: out, Stderr: out})
	if err != nil {
		result.ExitCode, result.Output, result.End = -1, err.Error(), time.Now()
		return result
	}
	limit := cmp.Or(c.config.Healthcheck.Timeout, healthTimeout)
	late := make(chan struct{})
	timer := time.AfterFunc(limit, func() {
		close(late)
		_ = running.Signal(syscall.SIGKILL) // if it has just ended, all is well
	})
	result.ExitCode, err = running.Wait()
	timer.Stop()
	result.End, result.Output = time.Now(), out.String()
	select {
	case <-late:
		err = fmt.Errorf("Health check exceeded timeout (%v)", limit)
	default:
	}
	if err != nil {
		result.ExitCode = -1
		if result.Output != "" {
			err = errors.New(err.Error() + ": " + result.Output)
		}
		result.Output = err.Error()
	}
	return result
}

// judge draws the consequences of a check.
func (c *instance) judge(started time.Time, result *api.HealthcheckResult) {
	config := c.config.Healthcheck
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running == nil {
		return // it has ended meanwhile
	}
	h := c.health
	h.Log = append(h.Log, result)
	h.Log = h.Log[max(0, len(h.Log)-healthResults):]
	switch {
	case result.ExitCode == 0:
		h.Status, h.FailingStreak = api.Healthy, 0
	case h.Status == api.Starting && result.Start.Sub(started) < config.StartPeriod:
	default:
		h.FailingStreak++
		if h.FailingStreak >= cmp.Or(config.Retries, healthRetries) {
			h.Status = api.Unhealthy
		}
	}
}

// healthNow is a copy. The caller holds c.mu.
func (c *instance) healthNow() *api.Health {
	if c.health == nil {
		return nil
	}
	out := *c.health
	out.Log = append([]*api.HealthcheckResult{}, c.health.Log...)
	return &out
}

// healthText is what follows the status in docker ps. The caller holds c.mu.
func (c *instance) healthText() string {
	switch {
	case c.health == nil:
		return ""
	case c.health.Status == api.Starting:
		return " (health: starting)"
	}
	return " (" + string(c.health.Status) + ")"
}

// healthLog keeps the beginning of what a check prints.
type healthLog struct {
	mu   sync.Mutex
	text []byte
}

// Write implements io.Writer.
func (l *healthLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p[:min(len(p), healthOutput-len(l.text))]...)
	return len(p), nil
}

// String returns what was kept.
func (l *healthLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}
