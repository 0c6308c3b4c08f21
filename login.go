package slipway

import (
	"context"

	"github.com/slipway-build/slipway/registry"
)

// Login verifies a user's password with a registry and keeps both where Docker does: with the credential helper
// that Docker's config.json names for it, else in that file. It returns where. With a path
// (registry.example/team) they are for the repositories below it.
func (s *Session) Login(ctx context.Context, host, user, password string) (kept string, err error) {
	o, err := s.registryOptions()
	if err != nil {
		return "", err
	}
	return registry.Login(ctx, o, host, user, password)
}

// Logout erases what is kept for a registry, or for a path of it. Having nothing kept is no error: found tells.
// What is kept for paths of a registry stays; left names them.
func (s *Session) Logout(host string) (found bool, left []string, err error) {
	return registry.Logout(host)
}
