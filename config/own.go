package config

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/slipway-build/slipway/platform"
	"github.com/slipway-build/slipway/problem"
)

// slipwayKey is the one top-level key that new keys of Slipway's own stand below. At the top level
// every name may be a variable of somebody's templates already.
const slipwayKey = "slipway"

// Own are Slipway's own keys, which stand below the key "slipway". The doc comments name the keys.
type Own struct {
	// Exclude is exclude: globs. A definition whose name, or whose folder or one above it, matches one
	// is left out. Folders are slash paths below the folder that is scanned.
	Exclude []string
	// LinkRoots is link_roots: folders that links in build contexts may lead into, absolute. In the
	// file they are relative to the configuration file that has the key; "~/" is the home folder.
	LinkRoots []string
	// GitModes is git_modes: files that a git checkout tracks have the modes that git keeps, in build
	// contexts and in what is compared.
	GitModes bool
	// HTTPSProxy is https_proxy: for addresses of https, instead of http_proxy.
	HTTPSProxy string
	// NoProxy is no_proxy: what is asked for directly, as NO_PROXY has it; nil when the key is absent.
	NoProxy []string
	// CABundleMode is ca_bundle_mode: "add" adds the authorities of ca_bundle to the system's, "replace" pins registries to them.
	CABundleMode string
	// TrustRealm is trust_realm: hosts whose token servers get passwords for registries of other domains;
	// nil when the key is absent.
	TrustRealm []string
	// AbsentIs403 is absent_is_403: the registry answers 401 or 403 for what is not there.
	AbsentIs403 bool
	// MediaTypes is media_types: oci or docker, of what is sent to registries.
	MediaTypes string
	// Platforms is platforms: what images are built for, each once, in the order of the file; empty for this
	// machine's platform alone.
	Platforms []platform.Platform
	// Secrets is secrets:, SSH is ssh: what RUN --mount=type=secret and type=ssh find, by images, in the order
	// of the file. Of those with one id that an image matches the last counts.
	Secrets []SecretGrant
	SSH     []AgentGrant
}

// ownKeys are Slipway's own.
func ownKeys() table {
	return table{
		{
			name: ownPrefix + "exclude", form: listOfStrings,
			doc: "definitions that are left out altogether: globs as those of `--select`, on an image's name, or on a folder " +
				"below DIRECTORY, with all that is in it. What is made from such an image sees it as one from elsewhere: list it in `base_images`, " +
				"where the same reference is the same content",
			end: bind(func(c *Config) *[]string { return &c.Slipway.Exclude }, (*reader).list),
		},
		{
			name: ownPrefix + "link_roots", form: listOfStrings,
			doc: "folders beside DIRECTORY that symbolic links in a build context may lead into, relative to the " +
				"configuration file; none of them may hold it, or the file of `password_file`, here or further down",
			end: bind(func(c *Config) *[]string { return &c.Slipway.LinkRoots }, (*reader).linkRoots),
		},
		{
			name: ownPrefix + "git_modes", value: true, form: trueOrFalse,
			doc: "files of build contexts that a git checkout tracks have the modes that git keeps: 0644, or 0755 if they are executable, as " +
				"their folders, so that clones made under another umask are the same. Other files, and with `false` all, have the modes that they have",
			end: bind(func(c *Config) *bool { return &c.Slipway.GitModes }, (*reader).boolean),
		},
		{
			name: ownPrefix + "https_proxy", absent: "`http_proxy`", behind: "http_proxy", form: text, secret: passwordInAddress,
			last: []string{"HTTPS_PROXY", "https_proxy"},
			doc:  "the proxy for addresses of https, where it is another one than for http; used as `http_proxy` is",
			end:  bind(func(c *Config) *string { return &c.Slipway.HTTPSProxy }, (*reader).text),
		},
		{
			name: ownPrefix + "no_proxy", absent: "the variable `NO_PROXY`", form: textOrTexts, last: []string{"NO_PROXY", "no_proxy"},
			doc: "what is asked for without a proxy, in place of the variable: host names with all below them (`example.org`), or only what is " +
				"below (`.example.org`), addresses and networks (`10.0.0.0/8`), each with a port if need be, or `*`; a list, or one text with commas. " +
				"RUN steps and tests have it as `no_proxy` and `NO_PROXY`",
			end: bind(func(c *Config) *[]string { return &c.Slipway.NoProxy }, (*reader).noProxy),
		},
		{
			name: ownPrefix + "ca_bundle_mode", value: "replace", form: oneOf("replace", "add"),
			doc: "`add`: the authorities of `ca_bundle` are added to the system's; `replace`: they alone are believed when they vouch for a registry",
			end: bind(func(c *Config) *string { return &c.Slipway.CABundleMode }, (*reader).text),
		},
		{
			name: ownPrefix + "trust_realm", absent: "all, with a warning", form: listOfStrings,
			doc: "hosts, with or without a port, whose token servers may get the password for a registry of another domain. " +
				"What it does not name gets none; `[]` forbids all",
			end: bind(func(c *Config) *[]string { return &c.Slipway.TrustRealm }, (*reader).list),
		},
		{
			name: ownPrefix + "absent_is_403", value: false, form: trueOrFalse,
			doc: "the key `registry`'s answers 401 and 403 stand for what is not there, if it accepts the credentials otherwise: " +
				"some Artifactories answer so for every new tag, and list none. Not for an account that may push and not pull: it would replace what it cannot see",
			end: bind(func(c *Config) *bool { return &c.Slipway.AbsentIs403 }, (*reader).boolean),
		},
		{
			name: ownPrefix + "media_types", value: "oci", form: oneOf("oci", "docker"),
			doc: "`docker` for registries that refuse OCI's media types: images are published with Docker's. What is published already stays as it is",
			end: bind(func(c *Config) *string { return &c.Slipway.MediaTypes }, (*reader).text),
		},
		{
			name: platformsName, absent: "this machine's", form: listOfStrings,
			doc: "what images are built for, as OCI has it: `[linux/amd64, linux/arm64]`. `Architecture` in an image's `control` chooses among " +
				"them, see [definitions.md](definitions.md#platforms). With one platform an image is a manifest, with several an index of them",
			end: bind(func(c *Config) *[]platform.Platform { return &c.Slipway.Platforms }, (*reader).platforms),
		},
		{
			name: secretsName, form: listsByGlob,
			doc: "what `RUN --mount=type=secret` finds, by images: a mapping of globs, as those of `--select`, to lists of what `--secret` takes, such as " +
				"`'web/*': ['id=npm,src=npm.token', 'id=tok,env=TOKEN']`. Files are relative to the configuration file; see [secrets.md](secrets.md)",
			end: bind(func(c *Config) *[]SecretGrant { return &c.Slipway.Secrets }, (*reader).secrets),
		},
		{
			name: sshName, form: listsByGlob,
			doc: "the SSH agents and keys that `RUN --mount=type=ssh` finds, by images: a mapping of globs to lists of what `--ssh` takes, such as " +
				"`'tools/*': [default, github=~/.ssh/deploy]`; see [secrets.md](secrets.md)",
			end: bind(func(c *Config) *[]AgentGrant { return &c.Slipway.SSH }, (*reader).agents),
		},
	}
}

// imagesName is the one key below builder, as messages have it.
const imagesName = builderKey + ".images"

// platformsName is the key of what images are built for, as messages have it.
const platformsName = ownPrefix + "platforms"

// platforms reads what images are built for.
func (r *reader) platforms(k *key) (all []platform.Platform) {
	for i, text := range r.list(k) {
		p, err := platform.Parse(text)
		switch {
		case err != nil:
			what, hint := problem.Split(err)
			r.fail(k.name, fmt.Sprintf("cannot be used, item %d: %s", i+1, what), hint)
		case !slices.Contains(all, p):
			all = append(all, p)
		}
	}
	return all
}

// noProxy reads a list, or a text as the variable has it.
func (r *reader) noProxy(k *key) []string {
	line, ok := r.value(k).(string)
	if !ok {
		return r.list(k)
	}
	entries := []string{}
	for entry := range strings.SplitSeq(line, ",") {
		if entry = strings.TrimSpace(entry); entry != "" {
			entries = append(entries, entry)
		}
	}
	return entries
}

// linkRoots must exist, as templatePaths must, and for the same reason hold no secret.
func (r *reader) linkRoots(k *key) []string {
	return r.folders(k, "link_roots are", "a link could take what is secret in it into an image", "name a folder that holds only what images need")
}

// nestedSettings are the values below a top-level key that is a mapping, by names like slipway.exclude.
func nestedSettings(path string, root *yaml.Node, key string, s setting) map[string]setting {
	m, ok := s.value.(*Map)
	if !ok {
		return nil
	}
	lines := map[string]int{}
	if n := child(root, key); n != nil {
		if n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		lines = keyLines(n)
	}
	nested := make(map[string]setting, m.Len())
	for _, item := range m.Items() {
		name := pythonString(item.Key)
		line, ok := lines[name]
		if !ok {
			line = s.line // it came in by a merge
		}
		nested[key+"."+name] = setting{value: item.Value, path: path, line: line}
	}
	return nested
}
