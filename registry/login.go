package registry

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/docker/docker-credential-helpers/client"
	"github.com/docker/docker-credential-helpers/credentials"
)

// Login verifies a user's credentials with a registry and stores them where Docker does: with the
// credential helper that config.json names for it, else in config.json itself. It returns where.
func Login(ctx context.Context, o Options, registry, user, password string) (string, error) {
	host, err := registryName(registry)
	if err != nil {
		return "", err
	}
	if user == "" || password == "" {
		return "", fmt.Errorf("cannot log in to %s: user and password are needed", host)
	}
	o.Registry, o.Username, o.Password = host, user, password
	c, err := New(o)
	if err != nil {
		return "", err
	}
	defer c.Close()
	c.secrets.addLogin(user, password)
	if err := c.host(host).verify(ctx); err != nil {
		return "", fmt.Errorf("cannot log in to %s: %w", host, err)
	}
	where, err := store(host, &credentials.Credentials{ServerURL: serverKey(host), Username: user, Secret: password})
	if err != nil {
		return "", fmt.Errorf("cannot store the credentials for %s: %s", host, c.secrets.scrub(err.Error()))
	}
	return where, nil
}

// Logout erases what is stored for a registry. Having nothing stored is no error: found tells.
func Logout(registry string) (found bool, err error) {
	host, err := registryName(registry)
	if err != nil {
		return false, err
	}
	d, err := readDockerConfig()
	if err != nil {
		return false, err
	}
	if helper := d.helper(host); helper != "" {
		program := client.NewShellProgramFunc("docker-credential-" + helper)
		_, err := client.Get(program, serverKey(host))
		if err != nil && !credentials.IsErrCredentialsNotFound(err) {
			return false, fmt.Errorf("cannot ask docker-credential-%s for the credentials for %s: %s", helper, host, withoutSecret(err))
		}
		if found = err == nil; found {
			if err := client.Erase(program, serverKey(host)); err != nil {
				return found, fmt.Errorf("cannot erase the credentials for %s: %w", host, err)
			}
		}
	}
	had := d.erase(host)
	if !had {
		return found, nil
	}
	return true, d.write()
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

// registryName takes what people write for a registry: a host, perhaps with a scheme or path.
func registryName(s string) (string, error) {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "https://"), "http://")
	s, _, _ = strings.Cut(s, "/")
	if s == "" {
		return "docker.io", nil
	}
	s = canonical(s)
	if _, err := reference.WithName(s + "/x"); err != nil || s == "" {
		return "", fmt.Errorf("cannot use %q as a registry: it is no host name", s)
	}
	return s, nil
}

// serverKey is a registry's name in Docker's files.
func serverKey(host string) string {
	if host == "docker.io" {
		return "https://index.docker.io/v1/"
	}
	return host
}

func store(host string, cred *credentials.Credentials) (string, error) {
	d, err := readDockerConfig()
	if err != nil {
		return "", err
	}
	entry := map[string]string{}
	where := d.path
	if helper := d.helper(host); helper != "" {
		where = "docker-credential-" + helper
		if err := client.Store(client.NewShellProgramFunc(where), cred); err != nil {
			return "", err
		}
	} else {
		entry["auth"] = base64.StdEncoding.EncodeToString([]byte(cred.Username + ":" + cred.Secret))
	}
	d.erase(host) // under its other spellings, too
	raw, err := json.Marshal(entry)
	if err != nil {
		return "", err
	}
	d.auths[cred.ServerURL] = raw
	return where, d.write()
}

// dockerConfig is Docker's config.json. Keys that are not looked at here are kept as they are.
type dockerConfig struct {
	path    string
	all     map[string]json.RawMessage
	auths   map[string]json.RawMessage
	store   string
	helpers map[string]string
}

func readDockerConfig() (*dockerConfig, error) {
	dir := os.Getenv("DOCKER_CONFIG")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, fmt.Errorf("cannot find Docker's configuration: %w", err)
		}
		dir = filepath.Join(home, ".docker")
	}
	d := &dockerConfig{path: filepath.Join(dir, "config.json"), all: map[string]json.RawMessage{}, auths: map[string]json.RawMessage{}}
	data, err := os.ReadFile(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read Docker's configuration: %w", err)
	}
	var known struct {
		Auths       map[string]json.RawMessage `json:"auths"`
		CredsStore  string                     `json:"credsStore"`
		CredHelpers map[string]string          `json:"credHelpers"`
	}
	// The error is not shown: it may quote the file, which holds passwords.
	if json.Unmarshal(data, &d.all) != nil || json.Unmarshal(data, &known) != nil {
		return nil, fmt.Errorf("%s: cannot read Docker's configuration: it is not the JSON that is expected", d.path)
	}
	if d.all == nil {
		d.all = map[string]json.RawMessage{}
	}
	if known.Auths != nil {
		d.auths = known.Auths
	}
	d.store, d.helpers = known.CredsStore, known.CredHelpers
	return d, nil
}

// helper is the name of the program that keeps a registry's credentials, or "".
func (d *dockerConfig) helper(host string) string {
	for _, key := range []string{serverKey(host), host} {
		if h, ok := d.helpers[key]; ok {
			return h
		}
	}
	return d.store
}

// erase removes the entries that name the host, however they spell it.
func (d *dockerConfig) erase(host string) (had bool) {
	for _, key := range slices.Collect(maps.Keys(d.auths)) {
		if name, err := registryName(key); err == nil && name == host {
			delete(d.auths, key)
			had = true
		}
	}
	return had
}

// write replaces the file, readable by its owner alone, at once or not at all. A symbolic link stays.
func (d *dockerConfig) write() error {
	raw, err := json.Marshal(d.auths)
	if err != nil {
		return err
	}
	d.all["auths"] = raw
	data, err := json.MarshalIndent(d.all, "", "\t")
	if err != nil {
		return err
	}
	path := d.path
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".config.json-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(append(data, '\n'))
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return os.Rename(temp.Name(), path)
}
