package config

import (
	"cmp"
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
	// Known are the names of keys, one of which may have been meant; own keys have slipway in front.
	Known []string
	// Wrong says what is wrong with it, whatever it is similar to, and Hint the way out; empty for a key
	// at the top level, where every name is a variable.
	Wrong, Hint string
	// Misshapen says that Slipway has the key, and that the value has not its form: Slipway does not act on
	// it, whoever else has a use for it.
	Misshapen bool
}

// UnknownKeys returns the keys of the files that Slipway does not know, sorted by file and line.
func (c *Config) UnknownKeys() []UnknownKey { return slices.Clone(c.unknown) }

func (l *loader) unknownKeys() []UnknownKey {
	known, own := l.table.top(), l.table.ownNames()
	all := l.unknownAtTop(known, own)
	for name, s := range l.nested {
		if top, _, _ := strings.Cut(name, "."); top == builderKey {
			if s.path == l.settings[builderKey].path && name != imagesName { // else it was replaced
				all = append(all, UnknownKey{Name: name, Variable: builderKey, Path: s.path, Line: s.line, Known: []string{imagesName}})
			}
			continue
		}
		if k := l.table.find(name); k != nil {
			if fault := k.form.fault(s.value); fault != nil {
				all = append(all, UnknownKey{
					Name: name, Variable: slipwayKey, Path: s.path, Line: s.line,
					Wrong: fault.problem, Hint: fault.hint, Misshapen: true,
				})
			}
			continue
		}
		u := UnknownKey{
			Name: name, Variable: slipwayKey, Path: s.path, Line: s.line, Known: own,
			Wrong: "is none of Slipway's own keys", Hint: "there are " + strings.Join(own, ", "),
		}
		if top := strings.TrimPrefix(name, ownPrefix); slices.Contains(known, top) {
			u.Hint = top + " stands at the top level"
		}
		all = append(all, u)
	}
	slices.SortFunc(all, UnknownKey.compare)
	return all
}

// unknownAtTop are those at the top level, where an own key may have been written by mistake.
func (l *loader) unknownAtTop(known, own []string) (all []UnknownKey) {
	meant := slices.Concat(known, own) // shared: there may be very many keys
	for name, s := range l.settings {
		if _, found := slices.BinarySearch(known, name); !found {
			all = append(all, UnknownKey{Name: name, Variable: name, Path: s.path, Line: s.line, Known: meant})
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
	return all
}

func (u UnknownKey) compare(other UnknownKey) int {
	return cmp.Or(strings.Compare(u.Path, other.Path), cmp.Compare(u.Line, other.Line), strings.Compare(u.Name, other.Name))
}
