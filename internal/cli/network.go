package cli

import (
	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/network"
)

// configuredNetwork is how everything is reached, as the configuration says.
func configuredNetwork(cfg *config.Config) (*network.Network, error) {
	return network.New(network.Options{
		Proxies: proxies(cfg), CABundle: cfg.CABundle, AddsBundle: cfg.Slipway.AddsBundle, Insecure: cfg.InsecureRegistries,
	})
}

func proxies(cfg *config.Config) network.Proxies {
	return network.Proxies{HTTP: cfg.HTTPProxy, HTTPS: cfg.Slipway.HTTPSProxy, NoProxy: cfg.Slipway.NoProxy}
}

// gitEnvironment is the environment of a git that fetches: of two values of a variable the last one counts.
func gitEnvironment(cfg *config.Config, environ []string) ([]string, error) {
	n, err := configuredNetwork(cfg)
	if err != nil {
		return nil, err
	}
	for name, value := range n.Git() {
		environ = append(environ, name+"="+value)
	}
	return environ, nil
}
