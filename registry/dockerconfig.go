package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/slipway-build/slipway/problem"
)

// dockerConfig is Docker's config.json. Keys that are not looked at here are kept as they are.
type dockerConfig struct {
	path    string
	all     map[string]json.RawMessage
	auths   map[string]json.RawMessage
	store   string
	helpers map[string]string
}

// dockerConfigPath is where Docker keeps its configuration.
func dockerConfigPath() (string, error) {
	dir := os.Getenv("DOCKER_CONFIG")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("cannot find Docker's configuration: %w", err)
		}
		dir = filepath.Join(home, ".docker")
	}
	return filepath.Join(dir, "config.json"), nil
}

func readDockerConfig() (*dockerConfig, error) {
	path, err := dockerConfigPath()
	if err != nil {
		return nil, err
	}
	return readConfigFile(path)
}

// readConfigFile reads a file of the form that Docker and Podman share. One that is not there is empty.
func readConfigFile(path string) (*dockerConfig, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = []byte("{}"), nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read Docker's configuration: %w", err)
	}
	d, ok := parseDockerConfig(data)
	if !ok { // the error is not shown: it may quote the file, which holds passwords
		return nil, fmt.Errorf("%s: cannot read Docker's configuration: it is not the JSON that is expected", path)
	}
	d.path = path
	return d, nil
}

func parseDockerConfig(data []byte) (*dockerConfig, bool) {
	d := &dockerConfig{all: map[string]json.RawMessage{}, auths: map[string]json.RawMessage{}}
	var known struct {
		Auths       map[string]json.RawMessage `json:"auths"`
		CredsStore  string                     `json:"credsStore"`
		CredHelpers map[string]string          `json:"credHelpers"`
	}
	if json.Unmarshal(data, &d.all) != nil || json.Unmarshal(data, &known) != nil {
		return nil, false
	}
	if d.all == nil {
		d.all = map[string]json.RawMessage{}
	}
	if known.Auths != nil {
		d.auths = known.Auths
	}
	d.store, d.helpers = known.CredsStore, known.CredHelpers
	return d, true
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

// entry is the login that the keys of a registry or of a path below it have. What "docker login" leaves for a
// helper is empty, and counts as none. The registry's plain name goes before its other spellings.
func (d *dockerConfig) entry(at scope) (login authn.AuthConfig, key string, err error) {
	keys := d.keys(at)
	slices.SortStableFunc(keys, func(a, b string) int {
		return rank(a == at.key(), b == at.key())
	})
	for _, key := range keys {
		var found authn.AuthConfig
		if json.Unmarshal(d.auths[key], &found) != nil { // the error may quote the password
			return authn.AuthConfig{}, key, problem.Withf(fmt.Errorf("the entry %q of auths in %s is not what is expected", key, d.path), "`slipway login %s` writes it anew", at)
		}
		found.Password = strings.Trim(found.Password, "\x00") // some logins have padded it; Docker's client does the same
		if found != (authn.AuthConfig{}) {
			return found, key, nil
		}
	}
	return authn.AuthConfig{}, "", nil
}

// rank orders what is true first.
func rank(a, b bool) int {
	switch {
	case a && !b:
		return -1
	case b && !a:
		return 1
	}
	return 0
}

// keys are those that stand for a registry or a path, however they spell it; sorted.
func (d *dockerConfig) keys(at scope) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(d.auths)), func(key string) bool { return scopeOfKey(key) != at })
}

// below are the keys for parts of a registry; sorted.
func (d *dockerConfig) below(host string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(d.auths)), func(key string) bool {
		s := scopeOfKey(key)
		return s.host != host || s.path == ""
	})
}

// erase removes the entries of a registry, or of a path, however they spell it. Those of other paths stay.
func (d *dockerConfig) erase(at scope) (had bool) {
	for _, key := range d.keys(at) {
		delete(d.auths, key)
		had = true
	}
	return had
}

// draftPattern is the name that the new file has before it takes the old one's place.
const draftPattern = ".config.json-*"

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
	removeDrafts(filepath.Dir(path))
	temp, err := os.CreateTemp(filepath.Dir(path), draftPattern) // mode 0600
	if err != nil {
		return err
	}
	_ = lockFile(temp) // says that somebody is at it; where there are no locks, drafts are left
	defer os.Remove(temp.Name())
	defer temp.Close()
	_, err = temp.Write(append(data, '\n'))
	if err = errors.Join(err, temp.Sync()); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return os.Rename(temp.Name(), path)
}

// removeDrafts removes what a killed login has left: it holds passwords that nobody would look for there.
// A draft that a process is at is locked.
func removeDrafts(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if ok, err := filepath.Match(draftPattern, e.Name()); err != nil || !ok || !e.Type().IsRegular() {
			continue
		}
		name := filepath.Join(dir, e.Name())
		f, err := os.OpenFile(name, os.O_RDWR|syscall.O_NOFOLLOW, 0)
		if err != nil {
			continue
		}
		if lockFile(f) == nil {
			_ = os.Remove(name) // the next login tries again
		}
		f.Close()
	}
}

func lockFile(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// scope is what an entry of auths is for: a registry, or the repositories below a path of it.
type scope struct{ host, path string }

func (s scope) String() string { return strings.TrimSuffix(s.host+"/"+s.path, "/") }

// key is the entry's name as Docker writes it.
func (s scope) key() string {
	if s.path == "" {
		return serverKey(s.host)
	}
	return s.String()
}

// holds tells whether a repository is one of those that the scope is for.
func (s scope) holds(repository string) bool {
	return s.path == "" || repository == s.path || strings.HasPrefix(repository, s.path+"/")
}

// scopeOfKey reads a key of auths (containers-auth.json(5)): a host, one with a path, or an address as the
// first Dockers wrote them, https://host/v1/. The version of the API is no path.
func scopeOfKey(key string) scope {
	rest, isURL := strings.CutPrefix(key, "https://")
	if !isURL {
		rest, isURL = strings.CutPrefix(key, "http://")
	}
	host, path, _ := strings.Cut(rest, "/")
	s := scope{canonical(host), strings.Trim(path, "/")}
	if api := s.path == "v1" || s.path == "v2"; api && (isURL || strings.HasSuffix(path, "/") || s.host == "docker.io") {
		s.path = ""
	}
	return s
}

// serverKey is a registry's name in Docker's files.
func serverKey(host string) string {
	if host == "docker.io" {
		return "https://index.docker.io/v1/"
	}
	return host
}
