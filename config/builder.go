package config

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/problem"
)

// Listed is one entry of builder.images: an image whose files are in a folder or a git repository
// that need not be part of the fleet's folder.
type Listed struct {
	Name       string            // name: without registry, namespace and tag
	From       string            // from: as package fleet/source reads it
	Base       string            // the folder of the configuration file, absolute: From may be relative to it
	Tags       []string          // tags: the first is what other images see; default "latest"
	Dockerfile string            // dockerfile: its path in the folder; default "Dockerfile"
	Target     string            // target: the stage to build; default the last
	Args       map[string]string // args: build arguments
	Platforms  []string          // platforms: such as linux/amd64; default this machine's
	Depends    []string          // depends: names of images to be built before, beside those the Dockerfile names
	Test       string            // test: a script in the folder; default what verify_args say
	Submodules []string          // submodules: paths of those of the repository to fetch; nil is all, empty none
	NoFilters  bool              // filters: false leaves files as the repository has them, git-lfs's pointers too
	Path       string            // of the configuration file
	Line       int               // of the entry in it
}

// Place is where the entry is, as "path:line".
func (l Listed) Place() string { return fmt.Sprintf("%s:%d", l.Path, l.Line) }

// listedKeys are the keys of an entry, in the order in which they are named, and what the schema says of them.
var listedKeys = []struct {
	name   string
	schema schema
}{
	{"name", scalar}, {"from", scalar}, {"tags", scalars}, {"dockerfile", scalar}, {"target", scalar}, {"args", mappingTo(orNull(scalar))},
	{"platforms", scalars}, {"depends", scalars}, {"test", scalar}, {"submodules", anyOf(typed("boolean"), scalars)}, {"filters", typed("boolean")},
}

// listedNames are their names.
func listedNames() (names []string) {
	for _, k := range listedKeys {
		names = append(names, k.name)
	}
	return names
}

const builderKey = "builder"

// maxListed is how many images a list may have: twice as many as the largest fleet that Slipway is made
// for. An alias in YAML makes one of three bytes.
const maxListed = 20_000

// builder reads the list of images. A key "builder" that is no mapping, or has no images, is a
// template variable like any other.
func (r *reader) builder(k *key) []Listed {
	key := k.name
	top, ok := r.l.settings[key].texts.(*Map)
	if !ok {
		return nil
	}
	v, ok := top.Get("images")
	if !ok || v == nil {
		return nil
	}
	items, ok := v.([]any)
	if !ok {
		r.fail(key, "must have a list of images, got "+kind(v), "write \"images:\", and below it one \"- name: …\" for each image")
		return nil
	}
	if len(items) > maxListed {
		r.fail(key, fmt.Sprintf("has %d images, more than %d", len(items), maxListed), "make two lists of it, each with a configuration of its own")
		return nil
	}
	base, err := r.relative(key, ".")
	if err != nil {
		r.fail(key, "has no folder: "+err.Error(), "")
		return nil
	}
	var list []Listed
	names := map[string]bool{}
	for i, item := range items {
		e := &entry{reader: r, what: fmt.Sprintf("image %d", i+1), line: r.l.settings[key].line}
		if lines := r.l.settings[key].items; i < len(lines) {
			e.line = lines[i]
		}
		l := e.read(item)
		l.Base, l.Path, l.Line = base, r.l.settings[key].path, e.line
		if names[l.Name] && l.Name != "" {
			e.fail("has the name of another image of the list", "")
		}
		names[l.Name] = true
		list = append(list, l)
	}
	return list
}

// entry reads one image of the list.
type entry struct {
	*reader
	what   string // for messages
	line   int
	values map[string]any
}

func (e *entry) fail(what, hint string) {
	e.l.fail(problem.Problem{
		Path: e.l.settings[builderKey].path, Line: e.line, Text: "cannot read configuration: " + e.what + " of builder " + what, Hint: hint,
	})
}

func (e *entry) read(item any) Listed {
	m, ok := item.(*Map)
	if !ok {
		e.fail("must be a mapping, got "+kind(item), "write \"- name: …\" and \"from: …\" below it")
		return Listed{}
	}
	e.values = map[string]any{}
	if name, ok := m.Get("name"); ok {
		if text, ok := scalarText(name, ""); ok && text != "" {
			e.what += " (" + Clip(text) + ")"
		}
	}
	for _, pair := range m.Items() {
		name, ok := pair.Key.(string)
		if !ok || !slices.Contains(listedNames(), name) {
			e.fail("has the unknown key "+Clip(pythonString(pair.Key)), "known are "+strings.Join(listedNames(), ", "))
			continue
		}
		e.values[name] = pair.Value
	}
	l := Listed{Name: e.single("name", "")}
	l.From, l.Dockerfile = e.single("from", ""), e.single("dockerfile", "Dockerfile")
	l.Target, l.Test = e.single("target", ""), e.single("test", "")
	l.Tags, l.Platforms, l.Depends = e.strings("tags"), e.strings("platforms"), e.strings("depends")
	l.Args = e.arguments()
	l.Submodules = e.submodules()
	filters, ok := e.boolean("filters")
	if _, given := e.values["filters"]; given && !ok {
		e.fail("must have true or false for filters, got "+kind(e.values["filters"]), "false leaves files as the repository has them, without git-lfs and the like")
	}
	l.NoFilters = ok && !filters
	if len(l.Tags) == 0 {
		l.Tags = []string{"latest"}
	}
	for _, key := range []string{"name", "from"} {
		if e.values[key] == nil || e.values[key] == "" {
			e.fail("lacks the key "+key, "")
		}
	}
	return l
}

// single reads a string. Numbers, dates and yes are taken as they are written: a tag like 1.10 or an
// argument like 0777 is meant as text.
func (e *entry) single(key, ifNull string) string {
	s, ok := scalarText(e.values[key], ifNull)
	if !ok {
		e.fail("must have a string for "+key+", got "+kind(e.values[key]), quoteHint)
	}
	return s
}

func scalarText(v any, ifNull string) (string, bool) {
	if v == nil {
		return ifNull, true
	}
	s, ok := v.(string)
	return s, ok
}

// strings reads a list, or one value as a list.
func (e *entry) strings(key string) []string {
	v := e.values[key]
	if v == nil {
		return nil
	}
	items, ok := v.([]any)
	if !ok {
		items = []any{v}
	}
	var texts []string
	for _, item := range items {
		s, ok := scalarText(item, "")
		if !ok || s == "" {
			e.fail("must have a list of strings for "+key+", got "+kind(item)+" in it", quoteHint)
			continue
		}
		texts = append(texts, s)
	}
	return texts
}

// boolean reads a text that YAML has for true or false.
func (e *entry) boolean(key string) (value, ok bool) {
	text, _ := e.values[key].(string)
	switch strings.ToLower(text) {
	case "true", "yes", "on":
		return true, true
	case "false", "no", "off":
		return false, true
	}
	return false, false
}

// submodules reads true, false, or paths in the repository.
func (e *entry) submodules() []string {
	if all, ok := e.boolean("submodules"); ok {
		if all {
			return nil
		}
		return []string{}
	}
	if e.values["submodules"] == nil {
		return nil
	}
	paths := []string{}
	for _, p := range e.strings("submodules") {
		if clean := path.Clean(strings.TrimPrefix(p, "./")); fs.ValidPath(clean) && clean != "." {
			paths = append(paths, clean)
		} else {
			e.fail("must have paths in the repository for submodules, got "+quote(p), "write them as .gitmodules does, or true or false")
		}
	}
	return paths
}

// arguments reads a mapping of names to single values; null is the empty string, as for Docker's
// --build-arg NAME=.
func (e *entry) arguments() map[string]string {
	v := e.values["args"]
	if v == nil {
		return nil
	}
	m, ok := v.(*Map)
	if !ok {
		e.fail("must have a mapping for args, got "+kind(v), "write \"NAME: value\" below it")
		return nil
	}
	args := map[string]string{}
	for _, pair := range m.Items() {
		name, ok := pair.Key.(string)
		value, fine := scalarText(pair.Value, "")
		if !ok || !fine || name == "" || strings.ContainsAny(name, "= \t\n") {
			e.fail("must have names and single values for args", quoteHint)
			continue
		}
		args[name] = value
	}
	return args
}
