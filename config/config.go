// Package config reads Slipway's configuration: what acts on Slipway and what is a variable in
// templates. The files are YAML 1.1 as PyYAML's safe_load reads it, because docker-pkg's fleets were
// written for that: `on` is a boolean, 0644 is octal, 1:30 is ninety and 1e3 is a string.
package config

import (
	"fmt"
	"slices"
	"time"
)

// Config is what the configuration says, with the defaults for what it does not say. The doc
// comments name the keys. A key that is null counts as not given unless its comment says otherwise.
type Config struct {
	Registry  string // registry: host of the registry, with a port or a path if needed
	Namespace string // namespace: put between registry and name
	Username  string // username: for the registry
	// Password is for the registry: the environment variable SLIPWAY_PASSWORD, else the first line
	// of the file named by the key password_file (relative to the configuration file that has the
	// key; "~/" is the home folder), else the key password.
	Password Secret

	HTTPProxy    string // http_proxy: for all that is fetched and sent, RUN steps and tests
	APTOnlyProxy string // apt_only_proxy: for apt alone; HTTPProxy when null or not given
	APTOptions   string // apt_options: put into every apt-get command of the filters

	APKOnlyProxy string // apk_only_proxy: for apk_install alone; RUN steps have HTTPProxy anyway
	DNFOnlyProxy string // dnf_only_proxy: for dnf_install alone

	// TemplatePaths is template_paths: folders of templates for all images, absolute. In the file
	// they are relative to the configuration file that has the key; "~/" is the home folder.
	TemplatePaths []string
	// ImageDigests is image_digests: image:tag to sha256:..., for the filter digest_pin.
	ImageDigests map[string]string

	SeedImage  string   // seed_image: for templates
	BaseImages []string // base_images: image:tag of images that the fleet does not define

	ScanWorkers int // scan_workers: how many definitions are read at a time; default 8, at least 1

	// KnownUIDMappings is known_uid_mappings: user name to numeric user id. The default is root 0,
	// www-data 33, nobody 65534; given mappings replace it altogether.
	KnownUIDMappings map[string]string

	VerifyCommand string        // verify_command: default /bin/bash
	VerifyArgs    []string      // verify_args: default -c "{path}/test.sh {image}"
	VerifyTimeout time.Duration // verify_timeout: "10m" or seconds; default 10 minutes

	FallbackAuthor string // fallback_author: for changelog entries; default "Author"
	FallbackEmail  string // fallback_email: default "email@domain"
	// Distribution is distribution: of new changelog entries; when empty, that of the entry below.
	Distribution string
	UpdateID     string // update_id: the s in 1.2.3-s1; default "s", null is ""

	Builder []Listed // builder: images that are listed, each with a folder or a repository of its own

	// InsecureRegistries is insecure_registries: hosts and networks that may speak plain HTTP, or TLS
	// with a certificate that nobody vouches for.
	InsecureRegistries []string

	// TrustVersions is trust_versions: what is published under an image's version counts as the image,
	// whatever it was made from.
	TrustVersions bool
	// RegistryTrust is registry_trust: how long an answer of the registry counts without being asked
	// for again; default 1 minute, 0 never.
	RegistryTrust time.Duration

	CABundle         string // ca_bundle: PEM file of the authorities to trust instead of the system's
	ForceNumericUser bool   // force_numeric_user: refuse a Dockerfile whose last USER is a name
	Strict           bool   // strict: content that changed under an unchanged version is an error
	ContainerLimits  Limits // container_limits: of RUN steps
	Driver           string // driver: "docker" when not given; what it means is not decided here

	// LintIgnore is lint_ignore: as the files have it, and package fleet/lint reads it.
	LintIgnore any

	Slipway Own // slipway: keys of Slipway's own

	// Warnings are about what was read but is probably not meant, as "path:line: text".
	Warnings []string

	variables map[string]any // all keys but the password
	private   []string       // the files that were read, and the one with the password
	unknown   []UnknownKey
	// loaded is what it was read from. It is a function, for that is what no printing looks into.
	loaded func() *loader
}

// PrivateFiles returns the files that no template may read, because they may hold secrets: those
// that the configuration was read from, the one that password_file names, and those of secrets and SSH
// keys.
func (c *Config) PrivateFiles() []string { return slices.Clone(c.private) }

// Hide adds files that no template may read.
func (c *Config) Hide(files ...string) {
	for _, file := range files {
		if !slices.Contains(c.private, file) {
			c.private = append(slices.Clip(c.private), file)
		}
	}
}

// File is the path of the project's configuration as it was named, "" for the defaults.
func (c *Config) File() string {
	if c.loaded == nil {
		return ""
	}
	return c.loaded().sources.File
}

// Place returns where a key was given, "path:line", or "" for a key that no file has. One of Slipway's
// own is called slipway.exclude.
func (c *Config) Place(key string) string {
	if c.loaded == nil {
		return ""
	}
	s := c.loaded().at(key)
	if s.path == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", s.path, s.line)
}

// Variables returns what templates see: every key of the files and docker-pkg's defaults, without
// the password, as a secret never reaches an image. The values are nil (Python's None), bool, int or
// *big.Int, float64, string, dates (with the method Moment), bytes (with Binary), []any and *[Map]. The map is the
// caller's own; lists and mappings in it are shared: do not change them.
func (c *Config) Variables() map[string]any {
	vars := make(map[string]any, len(c.variables))
	for k, v := range c.variables {
		vars[k] = v
	}
	return vars
}

// Name returns the name of an image of the fleet with registry and namespace in front.
func (c *Config) Name(name string) string {
	return joinPath(c.Registry, c.Namespace, name)
}

// Ref returns the full reference of an image of the fleet, registry/namespace/name:tag.
func (c *Config) Ref(name, tag string) string { return c.Name(name) + ":" + tag }

// joinPath joins as Python's os.path.join does, which made the names of the images that exist: an
// empty part vanishes, no slash is doubled, and a part that begins with a slash drops those before.
func joinPath(parts ...string) string {
	joined := ""
	for _, part := range parts {
		switch {
		case part == "" && joined == "":
		case part != "" && part[0] == '/' || joined == "":
			joined = part
		case joined[len(joined)-1] == '/':
			joined += part
		case part != "":
			joined += "/" + part
		}
	}
	return joined
}
