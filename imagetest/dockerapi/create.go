package dockerapi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/containerd/continuity/fs"
	api "github.com/moby/moby/api/types/container"
	"github.com/slipway-build/slipway/engine/container"
)

// defaultPath is what Docker gives to images that set no PATH.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

func (s *Server) createContainer(w http.ResponseWriter, r *http.Request) error {
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
	warnings, err := c.configure()
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

// create enters a container under its name and makes it.
func (s *Server) create(ctx context.Context, c *instance) error {
	c.turn.Lock()
	defer c.turn.Unlock()
	if err := s.add(c); err != nil {
		return err
	}
	if err := s.make(ctx, c); err != nil {
		s.forget(c)
		c.mu.Lock()
		c.state = api.StateRemoving
		c.mu.Unlock()
		close(c.gone)
		return err
	}
	return nil
}

func (s *Server) make(ctx context.Context, c *instance) error {
	runtime, err := s.backend.NewContainer(ctx, c.spec)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.runtime = runtime
	c.mu.Unlock()
	if err := c.makeVolumes(); err != nil {
		return errors.Join(err, runtime.Remove(ctx))
	}
	return nil
}

// makeVolumes makes the folders of anonymous volumes. They are part of the
// container, which is all that a test can tell of them.
func (c *instance) makeVolumes() error {
	for volume := range maps.Keys(c.config.Volumes) {
		dir, err := fs.RootPath(c.runtime.Root(), volume)
		if err == nil {
			err = os.MkdirAll(dir, 0o755)
		}
		if err != nil {
			return fmt.Errorf("cannot make volume %s: %w", volume, err)
		}
	}
	return nil
}

// configure merges the image's configuration into the container's, as Docker
// does, and derives the runtime's specification. Harmless options that have no
// effect are returned as warnings.
func (c *instance) configure() ([]string, error) {
	warnings, err := checkHostConfig(c.config, c.host)
	if err != nil {
		return nil, err
	}
	c.mergeImage()
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
		NoNetwork: c.host.NetworkMode.IsNone() || c.config.NetworkDisabled,
		Process: container.Process{
			Args: slices.Concat(c.config.Entrypoint, c.config.Cmd), Env: c.environment(),
			User: c.config.User, Dir: c.config.WorkingDir, TTY: c.config.Tty,
			Rows: uint16(c.host.ConsoleSize[0]), Cols: uint16(c.host.ConsoleSize[1]),
		},
	}
	problems := []error{}
	for _, derive := range []func() error{c.setMounts, c.setHosts, c.setCapabilities, c.setLimits} {
		problems = append(problems, derive())
	}
	if err := errors.Join(problems...); err != nil {
		return nil, badRequest("%v", err)
	}
	return warnings, nil
}

// mergeImage fills in what the request leaves to the image.
func (c *instance) mergeImage() {
	image, config := c.image.Config.Config, c.config
	if len(config.Entrypoint) == 0 && len(config.Cmd) == 0 {
		config.Cmd = image.Cmd
	}
	if config.Entrypoint == nil {
		config.Entrypoint = image.Entrypoint
	}
	// One empty word is how clients say: no entry point at all.
	if len(config.Entrypoint) == 1 && config.Entrypoint[0] == "" {
		config.Entrypoint = nil
	}
	config.Env = mergeEnv(image.Env, config.Env)
	if config.User == "" {
		config.User = image.User
	}
	if config.WorkingDir == "" {
		config.WorkingDir = image.WorkingDir
	}
	if config.StopSignal == "" {
		config.StopSignal = image.StopSignal
	}
	labels := maps.Clone(image.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, config.Labels)
	config.Labels = labels
	volumes := maps.Clone(image.Volumes)
	if volumes == nil {
		volumes = map[string]struct{}{}
	}
	maps.Copy(volumes, config.Volumes)
	config.Volumes = volumes
	ports := imageConfig(image).ExposedPorts
	maps.Copy(ports, config.ExposedPorts)
	for p := range c.host.PortBindings {
		ports[p] = struct{}{}
	}
	config.ExposedPorts = ports
}

// mergeEnv lets later variables replace earlier ones of the same name. A name
// without "=" takes the variable away.
func mergeEnv(base, over []string) []string {
	var out []string
	position := map[string]int{}
	for _, v := range slices.Concat(base, over) {
		name, _, hasValue := strings.Cut(v, "=")
		i, known := position[name]
		switch {
		case known && hasValue:
			out[i] = v
		case known:
			out[i] = ""
			delete(position, name)
		case hasValue:
			position[name] = len(out)
			out = append(out, v)
		}
	}
	return slices.DeleteFunc(out, func(v string) bool { return v == "" })
}

// environment is the container's, with the variables Docker adds to it.
func (c *instance) environment() []string {
	base := []string{"PATH=" + defaultPath, "HOSTNAME=" + c.config.Hostname}
	if c.config.Tty {
		base = append(base, "TERM=xterm")
	}
	return mergeEnv(base, c.config.Env)
}
