package config

import (
	"slices"
	"time"
)

// keys are those that act on Slipway: docker-pkg's and those that stand beside them, then Slipway's own.
func keys() table {
	return slices.Concat(nameKeys(), filterKeys(), planKeys(), testKeys(), changelogKeys(), registryKeys(), ownKeys())
}

// nameKeys are about the names of images, and what is fetched through which proxy.
func nameKeys() table {
	return table{
		{
			name: "registry", value: "", templates: true, form: text,
			doc: "first part of every image's name",
			end: bind(func(c *Config) *string { return &c.Registry }, (*reader).text),
		},
		{
			name: "namespace", value: "", templates: true, form: text,
			doc: "second part of every image's name; without `registry` there is a warning, unless that is `\"\"`",
			end: bind(func(c *Config) *string { return &c.Namespace }, (*reader).namespace),
		},
		{
			name: "base_images", value: []any{}, templates: true, form: listOfStrings,
			doc: "images from elsewhere, `name:tag`; `image_tag` finds them, and they are never \"missing\"",
			end: bind(func(c *Config) *[]string { return &c.BaseImages }, (*reader).iterated),
		},
		{
			name: "seed_image", form: anything,
			doc: "a variable for templates",
			end: bind(func(c *Config) *string { return &c.SeedImage }, (*reader).seed),
		},
		{
			name: "http_proxy", templates: true, form: text, secret: passwordInAddress, last: []string{"HTTP_PROXY", "http_proxy"},
			doc: "the proxy for all that is fetched and sent, see [registries.md](registries.md#proxies); passed to builds and tests as " +
				"`http_proxy`, `https_proxy` and their upper-case forms; never in the image, but where `apt_install` takes it for want of `apt_only_proxy`",
			end: bind(func(c *Config) *string { return &c.HTTPProxy }, (*reader).text),
		},
		{
			name: "apt_only_proxy", absent: "`http_proxy`", behind: "http_proxy", templates: true, form: text, secret: passwordInAddress,
			doc: "the proxy that `apt_install` and `apt_remove` set up and remove again",
			end: bind(func(c *Config) *string { return &c.APTOnlyProxy }, (*reader).aptProxy),
		},
		{
			name: "apt_options", value: "", templates: true, form: printed,
			doc: "options of `apt-get` in those filters",
			end: bind(func(c *Config) *string { return &c.APTOptions }, (*reader).printed),
		},
		{
			name: "apk_only_proxy", form: text, secret: passwordInAddress,
			doc: "a proxy for the command of `apk_install` alone; `http_proxy` reaches it anyway. Like `apt_only_proxy` it is written " +
				"into the Dockerfile: give it without a password",
			end: bind(func(c *Config) *string { return &c.APKOnlyProxy }, (*reader).text),
		},
		{
			name: "dnf_only_proxy", form: text, secret: passwordInAddress,
			doc: "the same for `dnf_install`",
			end: bind(func(c *Config) *string { return &c.DNFOnlyProxy }, (*reader).text),
		},
	}
}

// filterKeys are what templates have, and what is refused of them.
func filterKeys() table {
	return table{
		{
			name: "template_paths", form: listOfStrings,
			doc: "folders of templates for all images, relative to the configuration file; none of them may hold it, or the file of " +
				"`password_file`, here or further down; see [templates.md](templates.md)",
			end: bind(func(c *Config) *[]string { return &c.TemplatePaths }, (*reader).templatePaths),
		},
		{
			name: "image_digests", form: digestsByName,
			doc: "`name:tag: sha256:…`: what the filter `digest_pin` knows",
			end: bind(func(c *Config) *map[string]string { return &c.ImageDigests }, (*reader).digests),
		},
		{
			name: "known_uid_mappings", value: NewMap("root", 0, "www-data", 33, "nobody", 65534), absent: "root 0, www-data 33, nobody 65534",
			templates: true, form: uidsByName,
			doc: "what the filters `uid` and `add_user` know; giving the key replaces all three",
			end: bind(func(c *Config) *map[string]string { return &c.KnownUIDMappings }, (*reader).uids),
		},
		{
			name: "force_numeric_user", value: false, templates: true, form: trueOrFalse,
			doc: "refuse a Dockerfile whose last `USER` is a name",
			end: bind(func(c *Config) *bool { return &c.ForceNumericUser }, (*reader).boolean),
		},
	}
}

// planKeys decide what is built, and from what.
func planKeys() table {
	return table{
		{
			name: "strict", value: false, form: trueOrFalse, flag: "strict",
			doc: "content that changed under an unchanged version is an error; the flag `--strict` of `build` and `plan` counts before it",
			end: bind(func(c *Config) *bool { return &c.Strict }, (*reader).boolean),
		},
		{
			name: "trust_versions", value: false, form: trueOrFalse,
			doc: "what is published under an image's version counts as the image, whatever it was made from: docker-pkg's rule. " +
				"See [plan.md](plan.md#what-is-published)",
			end: bind(func(c *Config) *bool { return &c.TrustVersions }, (*reader).boolean),
		},
		{
			name: "registry_trust", value: "1m", form: timeSpan,
			doc: "how long an answer of the registry counts without asking again: `90s`, a number of seconds, or 0 for never",
			end: bind(func(c *Config) *time.Duration { return &c.RegistryTrust }, atLeast(0)),
		},
		{
			name: slipwayKey, form: ownMapping,
			doc: "a mapping of [Slipway's own keys](#slipways-own-keys)",
		},
		{
			name: builderKey, form: imageList, secret: secretArguments,
			doc: "`images:` lists images in plain folders and git repositories, see [builder-list.md](builder-list.md)",
			end: bind(func(c *Config) *[]Listed { return &c.Builder }, (*reader).builder),
		},
		{
			name: "container_limits", form: limits,
			doc: "bounds of each RUN step: `memory=4g,memswap=-1,cpushares=512,cpusetcpus=0-3`, or the same keys as a mapping",
			end: bind(func(c *Config) *Limits { return &c.ContainerLimits }, (*reader).limits),
		},
	}
}

// testKeys say how images are tested, and how many definitions are read at once.
func testKeys() table {
	return table{
		{
			name: "verify_command", value: "/bin/bash", templates: true, form: text,
			doc: "the program that tests an image",
			end: bind(func(c *Config) *string { return &c.VerifyCommand }, (*reader).text),
		},
		{
			name: "verify_args", value: []any{"-c", "{path}/test.sh {image}"}, templates: true, form: listOfStrings,
			doc: "its arguments; skipped when a file named with `{path}` does not exist",
			end: bind(func(c *Config) *[]string { return &c.VerifyArgs }, (*reader).iterated),
		},
		{
			name: "verify_timeout", value: "10m", form: timeSpan,
			doc: "when a test counts as hanging: `90s`, `1h`, or a number of seconds",
			end: bind(func(c *Config) *time.Duration { return &c.VerifyTimeout }, atLeast(1)),
		},
		{
			name: "scan_workers", value: 8, templates: true, null: true, form: number,
			doc: "how many definitions are read at once",
			end: bind(func(c *Config) *int { return &c.ScanWorkers }, (*reader).workers),
		},
	}
}

// changelogKeys are about the entries that "slipway update" writes.
func changelogKeys() table {
	return table{
		{
			name: "distribution", value: "wikimedia", absent: "that of the entry below", templates: true, form: text,
			doc: "of the entries that `slipway update` writes. As a variable in templates it is `wikimedia` by default, as docker-pkg has it",
			end: bind(func(c *Config) *string { return &c.Distribution }, (*reader).distribution),
		},
		{
			name: "update_id", value: "s", templates: true, null: true, form: printed,
			doc: "the letter in `1.2.3-s1`",
			end: bind(func(c *Config) *string { return &c.UpdateID }, (*reader).updateID),
		},
		{
			name: "fallback_author", value: "Author", templates: true, form: printed,
			doc: "the author of those entries, when neither DEBFULLNAME, DEBEMAIL and EMAIL nor git say who you are",
			end: bind(func(c *Config) *string { return &c.FallbackAuthor }, (*reader).printed),
		},
		{
			name: "fallback_email", value: "email@domain", templates: true, form: printed,
			doc: "the author's address, likewise",
			end: bind(func(c *Config) *string { return &c.FallbackEmail }, (*reader).printed),
		},
	}
}

// registryKeys say who Slipway is for the registry, and whom it believes.
func registryKeys() table {
	return table{
		{
			name: "password", form: text, private: "the registry's password", first: passwordVariable, file: "password_file",
			doc: "the registry's password. It may also come from the variable `SLIPWAY_PASSWORD`, or the file that `password_file` names; " +
				"the first of environment, file, YAML counts",
			end: bind(func(c *Config) *Secret { return &c.Password }, (*reader).password),
		},
		{
			name: "password_file", form: text,
			doc: "a file whose first line is that password, relative to the configuration file",
			end: end{get: (*Config).passwordFile}, // what reads password reads it
		},
		{
			name: "username", templates: true, form: printed,
			doc: "the name that goes with it",
			end: bind(func(c *Config) *string { return &c.Username }, (*reader).username),
		},
		{
			name: "lint_ignore", form: listOfStrings,
			doc: "rules that `slipway lint` leaves out, see [lint.md](lint.md)",
			end: bind(func(c *Config) *any { return &c.LintIgnore }, (*reader).raw),
		},
		{
			name: "ca_bundle", templates: true, form: text,
			doc: "a PEM file of the authorities that registries are trusted by, instead of the system's, see " +
				"[registries.md](registries.md#certificates); relative to the current folder, as docker-pkg has it",
			end: bind(func(c *Config) *string { return &c.CABundle }, (*reader).text),
		},
		{
			name: "insecure_registries", form: listOfStrings,
			doc: "hosts and networks that may speak plain HTTP, see [registries.md](registries.md)",
			end: bind(func(c *Config) *[]string { return &c.InsecureRegistries }, (*reader).list),
		},
		{
			name: "driver", value: "docker", form: text,
			doc: "kept for fleets that have it; nothing in this version needs it",
			end: bind(func(c *Config) *string { return &c.Driver }, (*reader).text),
		},
	}
}
