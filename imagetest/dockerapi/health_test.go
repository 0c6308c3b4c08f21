package dockerapi

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	api "github.com/moby/moby/api/types/container"
	"github.com/slipway-build/slipway/engine/container"
)

func TestMergeHealth(t *testing.T) {
	image := &api.HealthConfig{Test: []string{"CMD", "x"}, Interval: time.Second, Timeout: 2 * time.Second, Retries: 4}
	for name, test := range map[string]struct{ own, image, want *api.HealthConfig }{
		"none":              {nil, nil, nil},
		"the image's":       {nil, image, image},
		"its own":           {&api.HealthConfig{Test: []string{"CMD", "y"}}, nil, &api.HealthConfig{Test: []string{"CMD", "y"}}},
		"switched off":      {&api.HealthConfig{Test: []string{"NONE"}}, nil, &api.HealthConfig{Test: []string{"NONE"}}},
		"other times":       {&api.HealthConfig{Interval: time.Minute}, image, &api.HealthConfig{Test: []string{"CMD", "x"}, Interval: time.Minute, Timeout: 2 * time.Second, Retries: 4}},
		"another command":   {&api.HealthConfig{Test: []string{"CMD", "y"}}, image, &api.HealthConfig{Test: []string{"CMD", "y"}, Interval: time.Second, Timeout: 2 * time.Second, Retries: 4}},
		"a start period":    {&api.HealthConfig{StartPeriod: time.Hour, StartInterval: time.Second}, image, &api.HealthConfig{Test: []string{"CMD", "x"}, Interval: time.Second, Timeout: 2 * time.Second, Retries: 4, StartPeriod: time.Hour, StartInterval: time.Second}},
		"fewer failures":    {&api.HealthConfig{Retries: 1}, image, &api.HealthConfig{Test: []string{"CMD", "x"}, Interval: time.Second, Timeout: 2 * time.Second, Retries: 1}},
		"nothing of itself": {&api.HealthConfig{}, image, image},
	} {
		if diff := cmp.Diff(test.want, mergeHealth(test.own, test.image)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestProbe(t *testing.T) {
	for name, test := range map[string]struct {
		health *api.HealthConfig
		shell  []string
		want   []string
	}{
		"none":            {nil, nil, nil},
		"switched off":    {&api.HealthConfig{Test: []string{"NONE"}}, nil, nil},
		"without words":   {&api.HealthConfig{Test: []string{"CMD"}}, nil, nil},
		"a command":       {&api.HealthConfig{Test: []string{"CMD", "a", "b"}}, nil, []string{"a", "b"}},
		"a shell's":       {&api.HealthConfig{Test: []string{"CMD-SHELL", "a b"}}, nil, []string{"/bin/sh", "-c", "a b"}},
		"another shell's": {&api.HealthConfig{Test: []string{"CMD-SHELL", "a b"}}, []string{"/bin/bash", "-ec"}, []string{"/bin/bash", "-ec", "a b"}},
	} {
		c := &instance{config: &api.Config{Healthcheck: test.health, Shell: test.shell}}
		if diff := cmp.Diff(test.want, c.probe()); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

// TestJudge has the exit codes of checks, a second apart, and what is thought of the container after each.
func TestJudge(t *testing.T) {
	const s, h, u = api.Starting, api.Healthy, api.Unhealthy
	for name, test := range map[string]struct {
		config api.HealthConfig
		codes  []int
		want   []api.HealthStatus
		streak int
	}{
		"three failures":           {api.HealthConfig{}, []int{1, 1, 1, 0}, []api.HealthStatus{s, s, u, h}, 0},
		"one in between":           {api.HealthConfig{Retries: 2}, []int{0, 1, 0, 1, -1}, []api.HealthStatus{h, h, h, h, u}, 2},
		"the start does not count": {api.HealthConfig{Retries: 1, StartPeriod: 2500 * time.Millisecond}, []int{1, 1, 1, 2}, []api.HealthStatus{s, s, s, u}, 1},
		"unless it was well":       {api.HealthConfig{Retries: 1, StartPeriod: time.Hour}, []int{1, 0, 1}, []api.HealthStatus{s, h, u}, 1},
		"any code but 0":           {api.HealthConfig{Retries: 1}, []int{126}, []api.HealthStatus{u}, 1},
	} {
		c := &instance{config: &api.Config{Healthcheck: &test.config}, health: &api.Health{Status: api.Starting}, running: ended{}}
		began := time.Now()
		var got []api.HealthStatus
		for i, code := range test.codes {
			c.judge(began, &api.HealthcheckResult{Start: began.Add(time.Duration(i) * time.Second), ExitCode: code})
			got = append(got, c.health.Status)
		}
		if diff := cmp.Diff(test.want, got); diff != "" || c.health.FailingStreak != test.streak {
			t.Errorf("%s: streak %d, want %d (-want +got)\n%s", name, c.health.FailingStreak, test.streak, diff)
		}
	}
	c := &instance{config: &api.Config{Healthcheck: &api.HealthConfig{}}, health: &api.Health{}, running: ended{}}
	for i := range 9 {
		c.judge(time.Time{}, &api.HealthcheckResult{ExitCode: i})
	}
	if log := c.healthNow().Log; len(log) != 5 || log[0].ExitCode != 4 || log[4].ExitCode != 8 {
		t.Errorf("kept %d results, %+v", len(log), log)
	}
	c.running = nil
	c.judge(time.Time{}, &api.HealthcheckResult{ExitCode: 0})
	if c.health.Status == api.Healthy {
		t.Error("a container that has ended became healthy")
	}
}

// ended stands for a running process that nobody asks anything.
type ended struct{ container.Running }

// TestHealthPause: at the start a check comes after the start interval, after 5 s or after the interval.
func TestHealthPause(t *testing.T) {
	for name, test := range map[string]struct {
		config  api.HealthConfig
		status  api.HealthStatus
		running time.Duration
		want    time.Duration
	}{
		"nothing said":       {api.HealthConfig{}, api.Starting, 0, 30 * time.Second},
		"an interval":        {api.HealthConfig{Interval: time.Minute}, api.Starting, 0, time.Minute},
		"a start period":     {api.HealthConfig{StartPeriod: time.Hour}, api.Starting, 0, 5 * time.Second},
		"a shorter interval": {api.HealthConfig{StartPeriod: time.Hour, Interval: time.Second}, api.Starting, 0, time.Second},
		"a start interval":   {api.HealthConfig{StartPeriod: time.Hour, StartInterval: 9 * time.Second, Interval: time.Second}, api.Starting, 0, 9 * time.Second},
		"the period is over": {api.HealthConfig{StartPeriod: time.Hour}, api.Starting, 2 * time.Hour, 30 * time.Second},
		"it is well":         {api.HealthConfig{StartPeriod: time.Hour}, api.Healthy, 0, 30 * time.Second},
	} {
		c := &instance{config: &api.Config{Healthcheck: &test.config}, health: &api.Health{Status: test.status}}
		if got := c.healthPause(time.Now().Add(-test.running)); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestCheckHealth(t *testing.T) {
	for _, bad := range []api.HealthConfig{{Interval: 1}, {Timeout: time.Microsecond}, {StartPeriod: -time.Second}, {StartInterval: 5}, {Retries: -1}} {
		if checkHealth(&bad) == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
	if err := checkHealth(&api.HealthConfig{Interval: time.Millisecond, Retries: 1}); err != nil {
		t.Error(err)
	}
}

func TestHealthLog(t *testing.T) {
	l := &healthLog{}
	for range 3 {
		if n, err := l.Write(make([]byte, 3000)); n != 3000 || err != nil {
			t.Errorf("wrote %d, %v", n, err)
		}
	}
	if n := len(l.String()); n != 4096 {
		t.Errorf("kept %d bytes", n)
	}
}
