package bounds

import (
	"maps"
	"slices"
)

// variables are those that an instruction sees.
type variables struct {
	of map[string]variable
	// bytes are those of all names and values, names those of the names alone.
	bytes, names int
	// unknown is how many values of the base image are in them.
	unknown int
	// open tells that the base image, which nobody knows, may have more.
	open bool
	// set is how often one was set: BuildKit goes through them one by one.
	set int
}

type variable struct {
	value   string
	unknown int
}

// size is the length of a value. Of what is not there the base image may have one.
func (v *variables) size(name string) (size, bool) {
	if one, ok := v.of[name]; ok {
		return size{len(one.value), one.unknown}, true
	}
	if v.open {
		return size{unknown: 1}, false
	}
	return size{}, false
}

// Get implements shell.EnvGetter.
func (v *variables) Get(name string) (string, bool) {
	one, ok := v.of[name]
	return one.value, ok
}

// Keys implements shell.EnvGetter.
func (v *variables) Keys() []string { return slices.Collect(maps.Keys(v.of)) }

func (v *variables) put(name, value string, unknown int) {
	value = valid(value)
	old, ok := v.of[name]
	if !ok {
		v.names += len(name)
		v.bytes += len(name) + 2
	}
	v.bytes += len(value) - len(old.value)
	v.unknown = add(v.unknown, unknown) - old.unknown
	v.of[name] = variable{value, unknown}
	v.set++
}

func (v *variables) clone() *variables {
	c := *v
	c.of = maps.Clone(v.of)
	return &c
}

func newVariables() *variables { return &variables{of: map[string]variable{}} }

// scope is what a stage has at one of its instructions, and hands on to stages that begin with it.
type scope struct {
	*variables
	arguments int // bytes of the ARGs, each as often as it is declared
	declared  int // how often
	workdir   string
	shell     int // bytes of what SHELL says
	entries   int // of the configuration: each is copied into stages that begin with this one
	layers    int
	onBuild   []string // instructions that run in stages that begin with this one
}

// below is the scope at the beginning of a stage FROM this one.
func (s *scope) below() *scope {
	c := *s
	c.variables = s.variables.clone()
	c.onBuild = nil
	return &c
}
