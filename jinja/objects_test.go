package jinja_test

import "testing"

// TestObjectText: where Python shows an address there is none here.
func TestObjectText(t *testing.T) {
	for source, want := range map[string]string{
		"{{ joiner() }} {{ [cycler(1, 2)] }}": "<jinja2.utils.Joiner object> [<jinja2.utils.Cycler object>]",
		"{{ ''.upper }}":                      "<built-in method upper of str object>",
	} {
		if out, err := render(source, nil, nil); err != nil || out != want {
			t.Errorf("%s: %q, %v, want %q", source, out, err, want)
		}
	}
}
