package dockerapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	api "github.com/moby/moby/api/types/container"
	"github.com/moby/sys/signal"
)

func (s *daemon) startContainer(w http.ResponseWriter, r *http.Request) error {
	c, err := s.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	ctx := context.WithoutCancel(r.Context())
	if err := s.start(ctx, c); err != nil {
		var known *apiError
		if c.host.AutoRemove && !errors.As(err, &known) {
			return errors.Join(err, s.remove(ctx, c, true))
		}
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *daemon) stopContainer(w http.ResponseWriter, r *http.Request) error {
	c, err := s.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	sig, wait, err := c.stopOptions(r)
	if err != nil {
		return err
	}
	// A stop goes on without the client that asked for it.
	if err := c.stop(context.WithoutCancel(r.Context()), sig, wait); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *daemon) restartContainer(w http.ResponseWriter, r *http.Request) error {
	c, err := s.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	sig, wait, err := c.stopOptions(r)
	if err != nil {
		return err
	}
	ctx := context.WithoutCancel(r.Context())
	c.setRestarting(true)
	defer c.setRestarting(false)
	if err := c.stop(ctx, sig, wait); err != nil && !errors.Is(err, errNotModified) {
		return err
	}
	if err := s.start(ctx, c); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (c *instance) setRestarting(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.restarting = on
}

// stopOptions are the signal and the time to wait: the request's, the
// container's or Docker's.
func (c *instance) stopOptions(r *http.Request) (syscall.Signal, time.Duration, error) {
	wait := stopWait
	if c.config.StopTimeout != nil {
		wait = time.Duration(*c.config.StopTimeout) * time.Second
	}
	if t := r.URL.Query().Get("t"); t != "" {
		seconds, err := strconv.Atoi(t)
		if err != nil {
			return 0, 0, badRequest("cannot read timeout %q", t)
		}
		wait = time.Duration(seconds) * time.Second
	}
	name := r.URL.Query().Get("signal")
	if name == "" {
		name = c.config.StopSignal
	}
	sig, err := parseSignal(name, syscall.SIGTERM)
	return sig, wait, err
}

func parseSignal(name string, otherwise syscall.Signal) (syscall.Signal, error) {
	if name == "" {
		return otherwise, nil
	}
	sig, err := signal.ParseSignal(name)
	if err != nil {
		return 0, badRequest("%v", err)
	}
	return sig, nil
}

func (s *daemon) killContainer(w http.ResponseWriter, r *http.Request) error {
	c, err := s.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	sig, err := parseSignal(r.URL.Query().Get("signal"), syscall.SIGKILL)
	if err != nil {
		return err
	}
	c.mu.Lock()
	running, exited := c.running, c.exited
	c.mu.Unlock()
	if running == nil {
		return conflict("cannot kill container: %s: container %s is not running", r.PathValue("id"), c.id)
	}
	if sig == syscall.SIGKILL {
		ctx := context.WithoutCancel(r.Context())
		if err = c.kill(ctx, exited); err == nil {
			err = c.settle(ctx)
		}
	} else {
		err = c.signal(sig)
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *daemon) removeContainer(w http.ResponseWriter, r *http.Request) error {
	c, err := s.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := s.remove(context.WithoutCancel(r.Context()), c, flag(r, "force")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// pruneContainers removes all containers that do not run.
func (s *daemon) pruneContainers(w http.ResponseWriter, r *http.Request) error {
	var report api.PruneReport
	for _, c := range s.all() {
		if c.view().Running {
			continue
		}
		if s.remove(context.WithoutCancel(r.Context()), c, false) == nil {
			report.ContainersDeleted = append(report.ContainersDeleted, c.id)
		}
	}
	writeJSON(w, http.StatusOK, report)
	return nil
}

func (s *daemon) renameContainer(w http.ResponseWriter, r *http.Request) error {
	c, err := s.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	name := strings.TrimPrefix(r.URL.Query().Get("name"), "/")
	if !validName.MatchString(name) {
		return badRequest("Invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := s.named(name); other != nil && other != c {
		return conflict("Conflict. The container name %q is already in use by container %q.", "/"+name, other.id)
	}
	c.name = name
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// size reads the dimensions of a terminal.
func size(r *http.Request) (rows, cols uint16, err error) {
	h, errH := strconv.ParseUint(r.URL.Query().Get("h"), 10, 16)
	w, errW := strconv.ParseUint(r.URL.Query().Get("w"), 10, 16)
	if err := errors.Join(errH, errW); err != nil {
		return 0, 0, badRequest("cannot read terminal size: %v", err)
	}
	return uint16(h), uint16(w), nil
}

func (s *daemon) resizeContainer(_ http.ResponseWriter, r *http.Request) error {
	c, err := s.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	rows, cols, err := size(r)
	if err != nil {
		return err
	}
	p, err := c.process()
	if err != nil {
		return err
	}
	return p.Resize(rows, cols)
}

// waitContainer answers at once with its headers, so that a client knows that
// the wait has begun, and with the exit code later.
func (s *daemon) waitContainer(w http.ResponseWriter, r *http.Request) error {
	c, err := s.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	c.mu.Lock()
	ready, running := c.exited, c.state == api.StateRunning
	c.mu.Unlock()
	switch condition := api.WaitCondition(r.URL.Query().Get("condition")); condition {
	case "", api.WaitConditionNotRunning:
		if !running {
			closed := make(chan struct{})
			close(closed)
			ready = closed
		}
	case api.WaitConditionNextExit:
	case api.WaitConditionRemoved:
		ready = c.gone
	default:
		return badRequest("invalid condition: %q", condition)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush()
	select {
	case <-ready:
	case <-c.gone:
	case <-r.Context().Done():
		return nil
	}
	c.mu.Lock()
	answer := api.WaitResponse{StatusCode: int64(c.exitCode)}
	c.mu.Unlock()
	writeBody(w, answer)
	return nil
}
