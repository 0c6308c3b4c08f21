package config

import (
	"slices"
	"strings"
)

// key is a row of the table of keys. A new key is a row and a field of Config or Own that it is bound to: what
// reads it, its default, what is said of names that are like it, docs/configuration.md, "slipway config" and
// the schema follow.
type key struct {
	name string // one of Slipway's own has slipway in front: slipway.exclude
	// value is what counts if no file has the key, as YAML would have it; absent says it in words, where the
	// value does not.
	value  any
	absent string
	// templates says that templates see the value if no file has the key: docker-pkg's defaults.
	templates bool
	// null says that null is a value, and not as if the key were not there.
	null bool
	doc  string // what it does, for docs/configuration.md
	form form
	// private says of a key that nobody may read its value, templates neither, what it is; secret finds what is
	// secret in the value of another one.
	private string
	secret  secrecy
	// first is the variable of the environment that counts before the files, and file the key whose file does;
	// last are the variables, and behind is the key, that count if no file has this one.
	first, file string
	last        []string
	behind      string
	flag        string // whose value counts before all
	end         end
}

// end are the two ends of a key's field: what is read goes there, and what counts is taken from there.
type end struct {
	read func(r *reader, k *key)
	get  func(c *Config) any
}

// bind ties a key to its field.
func bind[T any](field func(*Config) *T, read func(r *reader, k *key) T) end {
	return end{
		read: func(r *reader, k *key) { *field(r.c) = read(r, k) },
		get:  func(c *Config) any { return *field(c) },
	}
}

// table are all keys, in the order in which they are read and documented.
type table []key

// find returns the row of a key, or nil.
func (t table) find(name string) *key {
	if i := slices.IndexFunc(t, func(k key) bool { return k.name == name }); i >= 0 {
		return &t[i]
	}
	return nil
}

// top are the names of the keys at the top level, sorted: all others there are variables for templates.
func (t table) top() (names []string) {
	for _, k := range t {
		if !k.own() {
			names = append(names, k.name)
		}
	}
	slices.Sort(names)
	return names
}

// ownNames are Slipway's own keys as messages have them, in the order of the table.
func (t table) ownNames() (names []string) {
	for _, k := range t {
		if k.own() {
			names = append(names, k.name)
		}
	}
	return names
}

// private tells whether nobody may read the value of the key at the top level.
func (t table) private(name any) bool {
	return slices.ContainsFunc(t, func(k key) bool { return k.private != "" && k.name == name })
}

// defaults are what templates see although no file has it.
func (t table) defaults() map[string]any {
	vars := map[string]any{}
	for _, k := range t {
		if k.templates {
			vars[k.name] = k.value
		}
	}
	return vars
}

// ownPrefix is what the names of own keys begin with.
const ownPrefix = slipwayKey + "."

// own tells whether the key stands below the key slipway.
func (k *key) own() bool { return strings.HasPrefix(k.name, ownPrefix) }

// part is the key's name in the mapping that it stands in.
func (k *key) part() string { return strings.TrimPrefix(k.name, ownPrefix) }

// text is the default of a key that is a text.
func (k *key) text() string {
	s, _ := k.value.(string)
	return s
}

// list is the default of a key that is a list of strings.
func (k *key) list() []string {
	items, _ := k.value.([]any)
	var texts []string
	for _, item := range items {
		s, _ := item.(string)
		texts = append(texts, s)
	}
	return texts
}
