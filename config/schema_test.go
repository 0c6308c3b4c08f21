package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
)

// resolved is the schema as a judge that is not ours reads it; its defaults have the forms that it asks for.
func resolved(t *testing.T, table table) *jsonschema.Resolved {
	t.Helper()
	text, err := table.schema()
	if err != nil {
		t.Fatal(err)
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	r, err := s.Resolve(&jsonschema.ResolveOptions{ValidateDefaults: true})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// validate holds a configuration against the schema, as an editor does.
func validate(t *testing.T, r *jsonschema.Resolved, text string) error {
	t.Helper()
	d := newDocument("config.yaml")
	root := d.parse([]byte(text))
	if root == nil {
		t.Fatalf("%s: %v", text, d.errs)
	}
	data, err := json.Marshal(plain(d.value(root)))
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return r.Validate(v)
}

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// Every configuration that the pages have is one for the schema.
func TestSchemaAcceptsThePages(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	schema, found := resolved(t, keys()), 0
	for _, page := range append(pages, "../README.md") {
		data, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range yamlBlock.FindAllStringSubmatch(string(data), -1) {
			found++
			if err := validate(t, schema, block[1]); err != nil {
				t.Errorf("%s: %v\n%s", page, err, block[1])
			}
		}
	}
	if found < 6 {
		t.Errorf("only %d examples", found)
	}
	for _, path := range []string{"../examples/fleet/config.yaml"} {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(t, schema, string(data)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// What the program takes without a word the schema takes, too.
func TestSchemaAccepts(t *testing.T) {
	schema := resolved(t, keys())
	for _, text := range []string{
		"{}", "mine: [1, {a: b}]", "registry: r.example:5000/x", "registry:", "namespace: a/b", "base_images: []", "seed_image: 1",
		"http_proxy: http://p", "apt_options: -o a=b", "image_digests: {'debian:12': 'sha256:" + strings.Repeat("0", 64) + "'}",
		"known_uid_mappings: {a: 1, b: '2'}", "force_numeric_user: true", "strict: false", "registry_trust: 0", "registry_trust: 1h30m",
		"verify_timeout: 90", "verify_timeout: 1.5", "verify_timeout: 90s", "container_limits: memory=4g", "container_limits: {memory: 1.5k, memswap: -1, cpushares: ~}",
		"builder: make", "builder: {tool: x}", "builder: {images: []}", "builder: {images: }",
		"builder: {images: [{name: a, from: b, tags: [1.10], args: {A: 1, B: ~, C: yes}, submodules: no, filters: false, depends: x, platforms: linux/amd64}]}",
		"builder: {images: [{name: a, from: b, submodules: [x, y], target: ~}]}", "verify_args: [-c, x]", "scan_workers: 2", "scan_workers:",
		"update_id: 1", "password: x", "username: ann", "lint_ignore: [unpinned-add x/*]", "insecure_registries: [10.0.0.0/8]", "driver: docker",
		"slipway:", "slipway: {}", "slipway: {exclude: }", "slipway: {exclude: [a], link_roots: []}", "slipway: {git_modes: false, absent_is_403: true}",
		"slipway: {no_proxy: 'a,b'}", "slipway: {no_proxy: [a]}", "slipway: {ca_bundle_mode: add, media_types: docker, trust_realm: []}",
		"slipway: {secrets: {'*': ['id=a,env=B']}, ssh: {'*': [default]}}",
	} {
		if err := validate(t, schema, text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if c, err := loadText(t, text+"\n"); err != nil && !strings.Contains(text, "link_roots") {
			t.Errorf("%s: %v", text, err)
		} else if err == nil {
			for _, u := range c.UnknownKeys() {
				if u.Wrong != "" {
					t.Errorf("%s: %s %s", text, u.Name, u.Wrong)
				}
			}
		}
	}
}

// What the program refuses, or does not act on, because of its type, the schema refuses.
func TestSchemaRefuses(t *testing.T) {
	schema := resolved(t, keys())
	for _, text := range []string{
		"[a]", "registry: 1.5", "registry: [a]", "namespace: true", "base_images: debian", "base_images: [1]", "http_proxy: {a: b}",
		"template_paths: a", "template_paths: [[a]]", "image_digests: [a]", "image_digests: {'a:1': 'sha256:00'}", "known_uid_mappings: [root]",
		"registry_trust: soon", "registry_trust: [1]", "container_limits: 1", "container_limits: {mem: 1}", "container_limits: {memory: [1]}",
		"builder: {images: x}", "builder: {images: [x]}", "builder: {images: [{name: a}]}", "builder: {images: [{name: a, from: b, tag: c}]}",
		"builder: {images: [{name: a, from: b, args: [x]}]}", "builder: {images: [{name: a, from: b, filters: 1}]}", "builder: {images: [{name: [a], from: b}]}",
		"verify_command: 1", "verify_args: x", "verify_timeout: soon", "scan_workers: many", "scan_workers: 0", "scan_workers: '8'", "password: 0123",
		"password_file: [a]", "insecure_registries: {a: b}", "ca_bundle: 1", "driver: 2", "distribution: 1", "slipway: 1.5", "slipway: [a]",
		"slipway: {exlude: [a]}", "slipway: {exclude: a}", "slipway: {exclude: ['']}", "slipway: {exclude: [1]}", "slipway: {link_roots: {a: b}}", "slipway: {git_modes: 'yes'}",
		"slipway: {https_proxy: 1}", "slipway: {no_proxy: {a: b}}", "slipway: {ca_bundle_mode: both}", "slipway: {media_types: true}",
		"slipway: {secrets: [a]}", "slipway: {secrets: {'*': a}}", "slipway: {ssh: {'*': [1]}}",
	} {
		if err := validate(t, schema, text); err == nil {
			t.Errorf("%s: the schema takes it", text)
		}
		c, err := loadText(t, text+"\n")
		if err == nil && !strings.Contains(text, "slipway:") {
			t.Errorf("%s: the program takes it", text)
		} else if err == nil && c.UnknownKeys()[0].Wrong == "" {
			t.Errorf("%s: the program acts on it", text)
		}
	}
}

// No key takes everything, but for those that are variables, too.
func TestSchemaOfEachKey(t *testing.T) {
	schema := resolved(t, keys())
	for _, k := range keys() {
		text := k.name + ": [{a: [{}]}]"
		if k.own() {
			text = "slipway: {" + k.part() + ": [{a: [{}]}]}"
		}
		if err := validate(t, schema, text); (err == nil) != (k.name == "seed_image" || k.name == builderKey) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
