package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Setting is what counts for a key, and where it is from.
type Setting struct {
	Key string
	// Value is nil (nothing), a bool, a number, a string, []any or map[string]any. What is secret in it is ***.
	Value any
	// Else says in words what counts where the value is nothing; empty if nothing does.
	Else   string
	Origin Origin
}

// Origin is where a value is from. Without a place, a variable or a flag it is the default.
type Origin struct {
	Path     string // of a configuration file
	Line     int
	Key      string // which has the place, if it is another one: password_file for password
	Variable string // of the environment
	Flag     string // of the command line, with its dashes
}

// String is the origin for people: "default", "config.yaml:3", "environment NO_PROXY" or "--strict".
func (o Origin) String() string {
	switch {
	case o.Flag != "":
		return o.Flag
	case o.Variable != "":
		return "environment " + o.Variable
	case o.Path == "":
		return "default"
	case o.Key != "":
		return fmt.Sprintf("%s:%d (%s)", o.Path, o.Line, o.Key)
	}
	return fmt.Sprintf("%s:%d", o.Path, o.Line)
}

// Files are those that were read, the user's own before the project's.
func (c *Config) Files() []string { return slices.Clone(c.loaded().files) }

// Settings are what counts for each key, in the order of their table.
func (c *Config) Settings() (all []Setting) {
	for i := range c.loaded().table {
		if k := &c.loaded().table[i]; k.end.get != nil {
			all = append(all, c.setting(k))
		}
	}
	return all
}

// setting looks where the readers of the keys look, in their order.
func (c *Config) setting(k *key) Setting {
	l := c.loaded()
	counts := func(o Origin) Setting { return Setting{Key: k.name, Value: k.shown(c, true), Origin: o} }
	if _, flagged := l.flag(k); flagged {
		return counts(Origin{Flag: "--" + k.flag})
	}
	if k.first != "" && l.sources.Env(k.first) != "" {
		return counts(Origin{Variable: k.first})
	}
	if at, given := l.given(l.table.find(k.file)); given && at.value != "" {
		return counts(Origin{Path: at.path, Line: at.line, Key: k.file})
	}
	if at, given := c.overEnvironment(k); given {
		return counts(Origin{Path: at.path, Line: at.line})
	}
	if other := l.table.find(k.behind); other != nil {
		if at, given := c.overEnvironment(other); given {
			return Setting{Key: k.name, Value: other.shown(c, true), Origin: Origin{Path: at.path, Line: at.line, Key: k.behind}}
		}
	}
	for _, name := range k.last {
		if text := l.sources.Env(name); text != "" {
			return Setting{Key: k.name, Value: masked("", text, false), Origin: Origin{Variable: name}}
		}
	}
	return Setting{Key: k.name, Value: k.shown(c, false), Else: strings.ReplaceAll(k.absent, "`", "")}
}

// overEnvironment is given, but that an empty text leaves the choice to the variables of a key that has some.
func (c *Config) overEnvironment(k *key) (at setting, given bool) {
	at, given = c.loaded().given(k)
	return at, given && (len(k.last) == 0 || k.end.get(c) != "")
}

// given tells whether a file has the key, and its value is acted on.
func (l *loader) given(k *key) (at setting, given bool) {
	if k == nil {
		return setting{}, false
	}
	at = l.at(k.name)
	switch {
	case at.path == "" || at.value == nil && !k.null:
		return setting{}, false
	case k.own() && k.form.fault(at.value) != nil:
		return setting{}, false
	case k.name == builderKey:
		m, ok := at.value.(*Map)
		if !ok {
			return setting{}, false
		}
		images, _ := m.Get("images")
		return at, images != nil
	}
	return at, true
}

// shown is what counts for a key. What is empty and in no file is nothing, if that is the default.
func (k *key) shown(c *Config, given bool) any {
	v := plain(k.end.get(c))
	if !given && isEmpty(v) && (k.value == nil || k.absent != "") {
		return nil
	}
	return masked(k.name, v, k.secret != nil)
}

func isEmpty(v any) bool {
	switch v := v.(type) {
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// TemplateVariables are what the files have and Slipway does not act on: variables for templates, by file and line.
// One below slipway has that in front; it may be a key of Slipway's whose value has another form.
func (c *Config) TemplateVariables() (all []Setting) {
	l := c.loaded()
	if b := l.at(builderKey); b.value != nil && len(b.nested) == 0 { // it is no mapping
		all = append(all, Setting{Key: builderKey, Value: masked(builderKey, plain(b.value), true), Origin: Origin{Path: b.path, Line: b.line}})
	}
	for _, u := range c.unknown {
		all = append(all, Setting{
			Key: Clip(u.Name), Value: masked(u.Name, plain(l.at(u.Name).value), true), Origin: Origin{Path: u.Path, Line: u.Line},
		})
	}
	slices.SortStableFunc(all, func(a, b Setting) int {
		return cmp.Or(strings.Compare(a.Origin.Path, b.Origin.Path), cmp.Compare(a.Origin.Line, b.Origin.Line))
	})
	return all
}
