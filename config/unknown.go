package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// UnknownKey is a key that Slipway does not know. Most are variables for templates and mean no harm;
// who knows which variables the templates read can tell.
type UnknownKey struct {
	Name     string // with slipway in front where it stands below that: slipway.exlude
	Variable string // by which templates see it
	Path     string
	Line     int
	// Known are the names of keys in the same place, one of which may have been meant.
	Known []string
	// Wrong says what is wrong with it, whatever it is similar to, and Hint the way out; empty for a key
	// at the top level, where every name is a variable.
	Wrong, Hint string
}

// UnknownKeys returns the keys of the files that Slipway does not know, sorted by file and line.
func (c *Config) UnknownKeys() []UnknownKey { return slices.Clone(c.unknown) }

func (l *loader) unknownKeys() []UnknownKey {
	var all []UnknownKey
	known := KnownKeys()
	for name, s := range l.settings {
		if !slices.Contains(known, name) {
			all = append(all, UnknownKey{Name: name, Variable: name, Path: s.path, Line: s.line, Known: known})
		}
	}
	if s, given := l.settings[slipwayKey]; given && s.value != nil {
		if _, ok := s.value.(*Map); !ok {
			all = append(all, UnknownKey{
				Name: slipwayKey, Variable: slipwayKey, Path: s.path, Line: s.line,
				Wrong: "is " + kind(s.value) + ": Slipway's own keys would stand below it, so none is read",
				Hint:  "write \"slipway:\", and the keys on the lines below it",
			})
		}
	}
	names := make([]string, len(ownKeys))
	for i, k := range ownKeys {
		names[i] = ownName(k.name)
	}
	for name, s := range l.nested {
		if top, _, _ := strings.Cut(name, "."); top == builderKey {
			if s.path == l.settings[builderKey].path && name != imagesName { // else it was replaced
				all = append(all, UnknownKey{Name: name, Variable: builderKey, Path: s.path, Line: s.line, Known: []string{imagesName}})
			}
			continue
		}
		if slices.Contains(names, name) {
			continue
		}
		u := UnknownKey{
			Name: name, Variable: slipwayKey, Path: s.path, Line: s.line, Known: names,
			Wrong: "is none of Slipway's own keys", Hint: "there are " + strings.Join(names, ", "),
		}
		if top := strings.TrimPrefix(name, slipwayKey+"."); slices.Contains(known, top) {
			u.Hint = top + " stands at the top level"
		}
		all = append(all, u)
	}
	slices.SortFunc(all, UnknownKey.compare)
	return all
}

func (u UnknownKey) compare(other UnknownKey) int {
	place := func(u UnknownKey) string { return fmt.Sprintf("%s\x00%9d\x00%s", u.Path, u.Line, u.Name) }
	return strings.Compare(place(u), place(other))
}

// KnownKeys returns the keys that act on Slipway, sorted. All others are variables for templates.
func KnownKeys() []string {
	keys := slices.Collect(maps.Keys(defaults()))
	keys = append(keys, "password", "password_file", "seed_image", "verify_timeout", "container_limits", "driver",
		"template_paths", "image_digests", "apk_only_proxy", "dnf_only_proxy", "strict", "trust_versions", "registry_trust",
		"insecure_registries", "lint_ignore", builderKey, slipwayKey)
	slices.Sort(keys)
	return keys
}
