package slipway

import (
	"fmt"
	"strings"

	"github.com/slipway-build/slipway/registry"
)

// registryOptions say how registries are reached: as the configuration says, and with the credentials that
// Docker's configuration has.
func (s *Session) registryOptions() (o registry.Options, err error) {
	cfg := s.config
	o = registry.Options{UserAgent: s.opts.UserAgent, Warn: s.warn}
	if o.Network, err = configuredNetwork(cfg); err != nil {
		return o, err
	}
	o.DockerTypes = cfg.Slipway.MediaTypes == "docker"
	o.TrustRealm = cfg.Slipway.TrustRealm
	if cfg.Registry == "" {
		return o, nil
	}
	// The first part of the images' names need not be a host: "team" is docker.io/team.
	host, path, err := registry.SplitPrefix(cfg.Registry)
	if cfg.Slipway.AbsentIs403 && err == nil {
		o.AbsentIs403 = host
	}
	if cfg.Username == "" {
		return o, nil
	}
	if err != nil {
		return o, fmt.Errorf("cannot use the registry %q with a username: %w", cfg.Registry, err)
	}
	o.Namespace = strings.Trim(path+"/"+cfg.Namespace, "/")
	o.Registry, o.Username, o.Password = host, cfg.Username, cfg.Password.Reveal()
	return o, nil
}

// registryClient is a client as the configuration says, and as set changes that.
func (s *Session) registryClient(set func(*registry.Options)) (*registry.Client, registry.Options, error) {
	o, err := s.registryOptions()
	if err != nil {
		return nil, o, err
	}
	set(&o)
	client, err := registry.New(o)
	return client, o, err
}
