package dockerapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	api "github.com/moby/moby/api/types/container"
	"github.com/slipway-build/slipway/engine/container"
)

func (s *daemon) createContainer(w http.ResponseWriter, r *http.Request) error {
	var request api.CreateRequest
	if err := readJSON(r, &request); err != nil {
		return err
	}
	if request.Config == nil {
		return badRequest("config cannot be empty in order to create a container")
	}
	if request.HostConfig == nil {
		request.HostConfig = &api.HostConfig{}
	}
	if err := checkEndpoints(request.NetworkingConfig); err != nil {
		return err
	}
	name := strings.TrimPrefix(r.URL.Query().Get("name"), "/")
	if name != "" && !validName.MatchString(name) {
		return badRequest("Invalid container name (%s), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", name)
	}
	image, err := s.image(r.Context(), request.Image)
	if err != nil {
		return err
	}
	c := newInstance(newID(), name)
	c.image, c.config, c.host = image, request.Config, request.HostConfig
	warnings, err := s.configure(c)
	if err != nil {
		return err
	}
	// The container exists once it is made, whether its maker still listens or not.
	if err := s.create(context.WithoutCancel(r.Context()), c); err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, api.CreateResponse{ID: c.id, Warnings: warnings})
	return nil
}

// create enters a container under its name and makes it. What it is made of is settled before others see it.
func (s *daemon) create(ctx context.Context, c *instance) error {
	c.turn.Lock()
	defer c.turn.Unlock()
	if err := s.attachVolumes(c); err != nil {
		return errors.Join(err, s.releaseVolumes(c))
	}
	if err := s.add(c); err != nil {
		return errors.Join(err, s.releaseVolumes(c))
	}
	if err := s.make(ctx, c); err != nil {
		s.forget(c)
		c.mu.Lock()
		c.state = api.StateRemoving
		c.mu.Unlock()
		close(c.gone)
		return errors.Join(err, s.releaseVolumes(c))
	}
	return nil
}

func (s *daemon) make(ctx context.Context, c *instance) error {
	runtime, err := s.backend.NewContainer(ctx, c.spec)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.runtime = runtime
	c.mu.Unlock()
	if err := s.fillVolumes(c); err != nil {
		return errors.Join(err, runtime.Remove(ctx))
	}
	return nil
}

// configure merges the image's configuration into the container's, as Docker
// does, and derives the runtime's specification. Harmless options that have no
// effect are returned as warnings.
func (s *daemon) configure(c *instance) ([]string, error) {
	warnings, err := checkHostConfig(c.config, c.host)
	if err != nil {
		return nil, err
	}
	c.mergeImage()
	if err := checkHealth(c.config.Healthcheck); err != nil {
		return nil, err
	}
	if c.host.LogConfig.Type == "" {
		// The Python SDK reads logs only if this says that they are kept.
		c.host.LogConfig.Type = "json-file"
	}
	if len(c.config.Entrypoint)+len(c.config.Cmd) == 0 {
		return nil, badRequest("no command specified")
	}
	if c.ports, err = publications(c.config, c.host); err != nil {
		return nil, err
	}
	if c.config.Hostname == "" {
		c.config.Hostname = shortID(c.id)
	}
	c.spec = container.Spec{
		ID: c.id, Image: c.image.Name, Hostname: c.config.Hostname,
		ReadOnly:  c.host.ReadonlyRootfs,
		Init:      c.host.Init != nil && *c.host.Init,
		Groups:    c.host.GroupAdd,
		NoNetwork: c.host.NetworkMode.IsNone() || c.config.NetworkDisabled,
		Process: container.Process{
			Args: slices.Concat(c.config.Entrypoint, c.config.Cmd), Env: c.environment(),
			User: c.config.User, Dir: c.config.WorkingDir, TTY: c.config.Tty,
			Rows: uint16(c.host.ConsoleSize[0]), Cols: uint16(c.host.ConsoleSize[1]),
		},
	}
	problems := []error{}
	for _, derive := range []func() error{c.setMounts, c.setHosts, c.setDNS, c.setSecurity, c.setLimits} {
		problems = append(problems, derive())
	}
	if err := errors.Join(problems...); err != nil {
		return nil, badRequest("%v", err)
	}
	return append(warnings, c.warnings...), errors.Join(s.setVolumesFrom(c), s.setLinks(c))
}
