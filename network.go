package slipway

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/network"
)

// configuredNetwork is how everything is reached, as the configuration says.
func configuredNetwork(cfg *config.Config) (*network.Network, error) {
	n, err := network.New(network.Options{
		Proxies: proxies(cfg), CABundle: cfg.CABundle, AddsBundle: cfg.Slipway.CABundleMode == "add", Insecure: cfg.InsecureRegistries,
	})
	if err == nil {
		return n, nil
	}
	if file := (*fs.PathError)(nil); errors.As(err, &file) {
		file.Path = config.Clip(file.Path)
	}
	key := "ca_bundle"
	if proxy := (*network.ProxyError)(nil); errors.As(err, &proxy) {
		key = proxy.Key
	}
	if place := cfg.Place(key); place != "" {
		err = fmt.Errorf("%s: %w", place, err)
	}
	return nil, err
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
