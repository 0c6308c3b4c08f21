package slipway

import (
	"testing"

	"github.com/slipway-build/slipway/config"
)

// TestConfiguredRegistry: the credentials are for the host that the images' names belong to.
func TestConfiguredRegistry(t *testing.T) {
	for configured, want := range map[string]string{
		"registry.example":          "registry.example",
		"registry.example:5000/a/b": "registry.example:5000",
		"localhost/team":            "localhost",
		"team":                      "docker.io",
		"team/sub":                  "docker.io",
		"docker.io/team":            "docker.io",
		"index.docker.io/team":      "docker.io",
		"":                          "",
	} {
		s := &Session{config: &config.Config{Registry: configured, Username: "me"}}
		got, err := s.registryOptions()
		if err != nil || got.Registry != want || (got.Username == "me") != (want != "") {
			t.Errorf("%q: for %q, %v", configured, got.Registry, err)
		}
	}
	s := &Session{config: &config.Config{Registry: "https://registry.example", Username: "me"}}
	if _, err := s.registryOptions(); err == nil {
		t.Error("an address was taken for a registry")
	}
	s.config.Username = ""
	if _, err := s.registryOptions(); err != nil {
		t.Errorf("without a username: %v", err)
	}
}
