package registry

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/docker/docker-credential-helpers/client"
	"github.com/docker/docker-credential-helpers/credentials"

	"github.com/slipway-build/slipway/ref"
)

// Login verifies a user's credentials with a registry and stores them where Docker does: with the
// credential helper that config.json names for it, else in config.json itself. It returns where. With a path
// (registry.example/team) they are for the repositories below it; helpers know no paths, so the file has them.
func Login(ctx context.Context, o Options, registry, user, password string) (string, error) {
	to, err := registryName(registry)
	if err != nil {
		return "", err
	}
	if user == "" || password == "" {
		return "", fmt.Errorf("cannot log in to %s: user and password are needed", to)
	}
	o.Registry, o.Namespace, o.Username, o.Password = to.host, "", user, password
	c, err := New(o)
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.secrets.addLogin(user, password)
	if err := c.host(to.host).verify(ctx); err != nil {
		return "", fmt.Errorf("cannot log in to %s: %w", to, err)
	}
	where, err := store(to, &credentials.Credentials{ServerURL: to.key(), Username: user, Secret: password})
	if err != nil {
		return "", fmt.Errorf("cannot store the credentials for %s: %s", to, c.secrets.scrub(err.Error()))
	}
	return where, nil
}

// Logout erases what is stored for a registry, or for a path of it. Having nothing stored is no error: found
// tells. What is stored for paths of a registry stays; left names them.
func Logout(registry string) (found bool, left []string, err error) {
	from, err := registryName(registry)
	if err != nil {
		return false, nil, err
	}
	d, err := readDockerConfig()
	if err != nil {
		return false, nil, err
	}
	if from.path == "" {
		if found, err = d.eraseHelped(from.host); err != nil {
			return found, nil, err
		}
		for _, key := range d.below(from.host) {
			left = append(left, scopeOfKey(key).String())
		}
	}
	if !d.erase(from) {
		return found, left, nil
	}
	return true, left, d.write()
}

// eraseHelped erases what a registry's helper program keeps.
func (d *dockerConfig) eraseHelped(host string) (found bool, err error) {
	helper := d.helper(host)
	if helper == "" {
		return false, nil
	}
	program := client.NewShellProgramFunc("docker-credential-" + helper)
	_, err = client.Get(program, serverKey(host))
	if credentials.IsErrCredentialsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot ask docker-credential-%s for the credentials for %s: %s", helper, host, withoutSecret(err))
	}
	if err := client.Erase(program, serverKey(host)); err != nil {
		return true, fmt.Errorf("cannot erase the credentials for %s: %w", host, err)
	}
	return true, nil
}

// withoutSecret is what a helper program says, unless it is what it was asked for.
func withoutSecret(err error) string {
	if text := err.Error(); !strings.Contains(text, "Secret") {
		return text
	}
	return "it failed"
}

// verify asks with the credentials.
func (h *host) verify(ctx context.Context) error {
	if err := h.connect(ctx); err != nil {
		return err
	}
	resp, err := h.do(ctx, call{method: "GET", path: "/v2/", good: []int{200}})
	if err != nil {
		var e *Error
		if errors.As(err, &e) && e.Kind == ErrUnauthorized {
			e.Hint = "check the user's name and password"
		}
		return err
	}
	drain(resp)
	return nil
}

// registryName takes what people write for a registry: a host, perhaps with a scheme or a path.
func registryName(s string) (scope, error) {
	if s == "" {
		return scope{host: "docker.io"}, nil
	}
	to := scopeOfKey(s)
	if _, err := ref.ParseRepository(to.host + "/" + cmp.Or(to.path, "x")); err != nil || to.host == "" {
		return scope{}, fmt.Errorf("cannot use %q as a registry: it is no host name, nor one with a path", s)
	}
	return to, nil
}

func store(to scope, cred *credentials.Credentials) (string, error) {
	d, err := readDockerConfig()
	if err != nil {
		return "", err
	}
	entry := map[string]string{}
	where := d.path
	if helper := d.helper(to.host); helper != "" && to.path == "" {
		where = "docker-credential-" + helper
		if err := client.Store(client.NewShellProgramFunc(where), cred); err != nil {
			return "", err
		}
	} else {
		entry["auth"] = base64.StdEncoding.EncodeToString([]byte(cred.Username + ":" + cred.Secret))
	}
	d.erase(to) // under its other spellings, too
	raw, err := json.Marshal(entry)
	if err != nil {
		return "", err
	}
	d.auths[cred.ServerURL] = raw
	return where, d.write()
}
