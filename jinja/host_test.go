package jinja_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/jinja"
	"github.com/slipway-build/slipway/jinja/python"
)

// TestAddedFunctions: a function from Go is called, shown and refused as one of Jinja2's own, and belongs to
// the Env that it was added to alone.
func TestAddedFunctions(t *testing.T) {
	env := jinja.NewEnv(nil, jinja.Options{})
	env.AddFunction("add", "a, b=1, *rest", func(args []any) (any, error) {
		if args[0].(int64) < 0 {
			return nil, errors.New("too small\nhint: take more")
		}
		return args[0].(int64) + args[1].(int64) + int64(len(args[2].([]any))), nil
	})
	env.AddGlobal("limits", map[string]any{"most": 3})
	for source, want := range map[string]string{
		"{{ add(1) }} {{ add(1, b=2) }} {{ add(1, 2, 3, 4) }} {{ add is callable }} {{ add }}": "2 3 5 True <function add>",
		"{{ [3, 1] | sum }} {{ limits.most }}":                                                 "4 3",
		"{{ add() }}":                                                                          "t:1: add() missing required argument: 'a'",
		"{{ add(1, c=2) }}":                                                                    "t:1: add() got an unexpected keyword argument 'c'",
		"\n{{ add(-1) }}":                                                                      "t:2: too small",
		"{{ add(nothing) }}":                                                                   "t:1: 'nothing' is undefined",
		"{{ ad(1) }}":                                                                          "t:1: 'ad' is undefined",
	} {
		tmpl, err := env.Parse("t", source)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tmpl.Render(jinja.NewVars(nil))
		if err != nil {
			got = []byte(err.Error())
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", source, diff)
		}
		if e := (*python.Error)(nil); errors.As(err, &e) && e.Msg == "too small" && (e.Hint != "take more" || e.Kind != python.HostError) {
			t.Errorf("%s: hint %q, kind %s", source, e.Hint, e.Kind)
		}
	}
	twice, err := env.Parse("t", "{% do limits.update(most=limits.most + 1) %}{{ limits }}")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, err := twice.Render(jinja.NewVars(nil)); err != nil || string(got) != "{'most': 4}" {
			t.Errorf("a render sees what another one changed: %s, %v", got, err)
		}
	}
	tmpl, err := jinja.NewEnv(nil, jinja.Options{}).Parse("t", "{{ add is defined }}{{ limits is defined }}")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := tmpl.Render(jinja.NewVars(nil)); err != nil || string(got) != "FalseFalse" {
		t.Errorf("another Env has them: %s, %v", got, err)
	}
}
