package jinja

import "github.com/slipway-build/slipway/jinja/python"

// cycler gives its items in turn.
type cycler struct {
	items []python.Value
	pos   int
}

var cyclerMethods = map[string]*python.Builtin{
	"next": python.Define("next", "self, /", func(_ *python.Runtime, a []python.Value) python.Value {
		c := a[0].(*cycler)
		v := c.items[c.pos]
		c.pos = (c.pos + 1) % len(c.items)
		return v
	}),
	"reset": python.Define("reset", "self, /", func(_ *python.Runtime, a []python.Value) python.Value {
		a[0].(*cycler).pos = 0
		return python.None
	}),
}

// TypeName is the class of a cycler.
func (c *cycler) TypeName() (module, name string) { return "jinja2.utils", "Cycler" }

// Text shows no more than the class.
func (c *cycler) Text(*python.Runtime, bool) string { return "<jinja2.utils.Cycler object>" }

// Attribute is the item whose turn it is, or a method.
func (c *cycler) Attribute(_ *python.Runtime, name string) python.Value {
	if name == "current" {
		return c.items[c.pos]
	}
	if m := cyclerMethods[name]; m != nil {
		return m.Method(c)
	}
	return nil
}

// joiner gives a separator each time but the first.
type joiner struct {
	sep  python.Value
	used bool
}

// TypeName is the class of a joiner.
func (j *joiner) TypeName() (module, name string) { return "jinja2.utils", "Joiner" }

// Text shows no more than the class.
func (j *joiner) Text(*python.Runtime, bool) string { return "<jinja2.utils.Joiner object>" }

// Attribute is how it was made, and whether it was called.
func (j *joiner) Attribute(_ *python.Runtime, name string) python.Value {
	switch name {
	case "sep":
		return j.sep
	case "used":
		return j.used
	}
	return nil
}

// Call gives the separator, or nothing the first time.
func (j *joiner) Call(*python.Runtime, []python.Value, []python.Kwarg) python.Value {
	if !j.used {
		j.used = true
		return ""
	}
	return j.sep
}
