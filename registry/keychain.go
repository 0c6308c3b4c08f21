package registry

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/docker/docker-credential-helpers/client"
	"github.com/docker/docker-credential-helpers/credentials"
	"github.com/google/go-containerregistry/pkg/authn"
)

// login is what a registry is told for a repository, and where that comes from. The zero value is anonymous.
type login struct {
	authn.AuthConfig
	from  string // for hints; never a secret
	path  string // of the entry of auths, "" for the registry as a whole
	given bool   // by DOCKER_AUTH_CONFIG
}

// fromConfiguration is where the configuration's username and password come from.
const fromConfiguration = "the configuration"

// anonymous tells whether there is nothing to tell.
func (l login) anonymous() bool { return l.AuthConfig == (authn.AuthConfig{}) }

// keychain is what Docker and Podman keep: entries of auths for registries and for paths below them, and
// helper programs, which know registries alone. It is read once.
type keychain struct {
	warn func(string)

	mu      sync.Mutex
	read    bool
	err     error
	given   *dockerConfig // of the variable DOCKER_AUTH_CONFIG
	file    *dockerConfig
	helpers map[string]login // what helper programs said, by host
}

// dockerAuthConfig is a variable that has auths as config.json has; they go before the file's.
const dockerAuthConfig = "DOCKER_AUTH_CONFIG"

func (k *keychain) load() error {
	if k.read {
		return k.err
	}
	k.read, k.helpers = true, map[string]login{}
	k.given = &dockerConfig{path: dockerAuthConfig}
	if text := os.Getenv(dockerAuthConfig); text != "" {
		if d, ok := parseDockerConfig([]byte(text)); ok {
			k.given.auths = d.auths
		} else if k.warn != nil {
			k.warn("the variable " + dockerAuthConfig + " is left out: it is not the JSON that is expected")
		}
	}
	k.file, k.err = readConfigFile(keptAt())
	return k.err
}

// keptAt is Docker's config.json, or Podman's auth.json when there is none.
func keptAt() string {
	docker, err := dockerConfigPath()
	if err == nil && isFile(docker) {
		return docker
	}
	config := os.Getenv("XDG_CONFIG_HOME")
	if home, err := os.UserHomeDir(); config == "" && err == nil {
		config = filepath.Join(home, ".config")
	}
	podman := []string{os.Getenv("REGISTRY_AUTH_FILE")}
	for _, dir := range []string{os.Getenv("XDG_RUNTIME_DIR"), config} {
		if dir != "" {
			podman = append(podman, filepath.Join(dir, "containers", "auth.json"))
		}
	}
	for _, path := range podman {
		if path != "" && isFile(path) {
			return path
		}
	}
	return docker
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// forPath is the entry of auths with the longest path that the repository is below. None is for all of the
// registry, nor for a path beside it.
func (k *keychain) forPath(host, repository string) (login, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.load(); err != nil {
		return login{}, err
	}
	for path := repository; path != "" && path != "."; path = parentOf(path) {
		for _, d := range []*dockerConfig{k.given, k.file} {
			if found, err := d.login(scope{host, path}); err != nil || !found.anonymous() {
				return found, err
			}
		}
	}
	return login{}, nil
}

// parentOf is a path without its last part.
func parentOf(path string) string {
	if dir := filepath.ToSlash(filepath.Dir(path)); dir != "." {
		return dir
	}
	return ""
}

// forHost is what is kept for a registry as a whole: in the variable, by a helper, or in the file.
func (k *keychain) forHost(host string) (login, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.load(); err != nil {
		return login{}, err
	}
	if found, err := k.given.login(scope{host: host}); err != nil || !found.anonymous() {
		return found, err
	}
	if found, err := k.helped(host); err != nil || !found.anonymous() {
		return found, err
	}
	return k.file.login(scope{host: host})
}

func (d *dockerConfig) login(at scope) (login, error) {
	found, key, err := d.entry(at)
	if err != nil || key == "" {
		return login{}, err
	}
	return login{found, fmt.Sprintf("the entry %q of auths in %s", key, d.path), at.path, d.path == dockerAuthConfig}, nil
}

// helped asks the registry's helper program, once: such programs are slow.
func (k *keychain) helped(host string) (login, error) {
	if known, ok := k.helpers[host]; ok {
		return known, nil
	}
	name := k.file.helper(host)
	if name == "" {
		return login{}, nil
	}
	program := "docker-credential-" + name
	got, err := client.Get(client.NewShellProgramFunc(program), serverKey(host))
	if credentials.IsErrCredentialsNotFound(err) {
		got, err = &credentials.Credentials{}, nil
	}
	if err != nil {
		return login{}, fmt.Errorf("%s: %s", program, withoutSecret(err))
	}
	found := login{AuthConfig: authn.AuthConfig{Username: got.Username, Password: got.Secret}, from: program}
	if got.Username == "<token>" { // Docker's sign for an identity token
		found.AuthConfig = authn.AuthConfig{IdentityToken: got.Secret}
	}
	k.helpers[host] = found
	return found, nil
}

// lookUp finds what a registry is told for a repository, "" for none: docs/registries.md has the table.
func (a *authorizing) lookUp(ctx context.Context, repository string) (login, error) {
	c := a.h.c
	own := login{AuthConfig: authn.AuthConfig{Username: c.opts.Username, Password: c.opts.Password}, from: fromConfiguration}
	if a.h.configured() && c.opts.Namespace != "" && (scope{path: c.opts.Namespace}).holds(repository) {
		return own, nil
	}
	if c.kept != nil {
		if found, err := c.kept.forPath(canonical(a.h.name), repository); err != nil || !found.anonymous() {
			return found, err
		}
	}
	switch {
	case a.h.configured():
		return own, nil
	case c.kept != nil:
		return c.kept.forHost(canonical(a.h.name))
	}
	source, err := authn.Resolve(ctx, c.opts.Keychain, resource{canonical(a.h.name), repository})
	if err != nil {
		return login{}, err
	}
	config, err := authn.Authorization(ctx, source)
	if err != nil || config == nil {
		return login{}, err
	}
	return login{AuthConfig: *config}, nil
}

// configured tells whether the configuration's username is for this registry.
func (h *host) configured() bool {
	o := h.c.opts
	return o.Username != "" && canonical(o.Registry) == canonical(h.name)
}

// canonical maps the names that Docker Hub goes by to the one in references.
func canonical(host string) string {
	switch host {
	case "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com":
		return "docker.io"
	}
	return host
}

// resource is a repository as keychains of go-containerregistry know it.
type resource struct{ host, repository string }

func (r resource) RegistryStr() string {
	if r.host == "docker.io" {
		return "index.docker.io"
	}
	return r.host
}

func (r resource) String() string {
	if r.repository == "" {
		return r.RegistryStr()
	}
	return r.RegistryStr() + "/" + r.repository
}
