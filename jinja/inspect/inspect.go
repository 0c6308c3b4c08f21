// Package inspect tells those who judge templates what a render does not: all
// that is wrong and not only the first, where each line of the text comes from,
// what would fail in branches that were not taken, and which names a source has.
package inspect

import (
	"github.com/slipway-build/slipway/jinja"
	"github.com/slipway-build/slipway/jinja/python"
)

// Render renders a template as Template.Trace does, and returns what would stop the statements that were
// not reached: names that nobody defines, filters that fail on constants, templates that are not there.
func Render(t *jinja.Template, vars jinja.Vars, tr *jinja.Trace) (doubts []*python.Error) {
	x := &examiner{tmpl: t, doubts: &doubts, said: map[[2]string]bool{}, seen: map[*jinja.Template]int{}}
	tr.After = func(rest *jinja.Rest) {
		x.rest = rest
		x.template(&names{own: map[string]bool{}})
	}
	t.Trace(vars, tr)
	return doubts
}

// Words returns the names that stand in the tags of a template's source: variables, and what else is
// written like one. Of a source that is no template it returns those before the fault.
func Words(source string) map[string]bool {
	words := map[string]bool{}
	for _, name := range jinja.NewEnv(nil, jinja.Options{}).Words(source) {
		words[name] = true
	}
	return words
}
