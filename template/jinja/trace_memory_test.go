package jinja_test

import (
	"strings"
	"testing"
	"time"

	"github.com/slipway-build/slipway/template/jinja"
)

func limitedTrace(t *testing.T, memory int, source string) *jinja.Trace {
	t.Helper()
	env := jinja.NewEnv(nil, jinja.Options{Limits: jinja.Limits{Memory: memory}})
	env.AddFilter("refuse", "value", func(args []any) (any, error) { panic("not reached with so much text") })
	tmpl, err := env.Parse("t", source)
	if err != nil {
		t.Fatal(err)
	}
	tr := &jinja.Trace{}
	tmpl.Trace(jinja.NewVars(nil), tr)
	return tr
}

// A trace has the limit of a render, which it reaches where the render does.
func TestTraceHasTheLimitOfARender(t *testing.T) {
	const limit = 1 << 20
	for _, test := range []struct {
		source string
		fails  bool
	}{
		{"{% set x = 'a' * 100000 %}{% set y = 'a' * 100000 %}", false},
		{"{% set x = 'a' * 2000000 %}", true},
		{"{% for i in range(100) %}{% set x %}{{ 'a' * 10000 }}{% endset %}{% endfor %}", true},
		{"{% macro m() %}{{ 'a' * 10000 }}{% endmacro %}{% for i in range(100) %}{% set x = m() %}{% endfor %}", true},
		// What is noted of the pieces is three times the limit.
		{"{% for i in range(20000) %}x{% endfor %}", false},
		{"{% macro m() %}x{% endmacro %}{% for i in range(2500) %}{{ m() }}{% endfor %}", false},
	} {
		env := jinja.NewEnv(nil, jinja.Options{Limits: jinja.Limits{Memory: limit}})
		tmpl, err := env.Parse("t", test.source)
		if err != nil {
			t.Fatal(err)
		}
		_, err = tmpl.Render(jinja.NewVars(nil))
		tr := limitedTrace(t, limit, test.source)
		if (err != nil) != test.fails || (len(tr.Faults) > 0) != test.fails {
			t.Errorf("%s: a render gives %v, a trace %v", test.source, err, tr.Faults)
		}
		if test.fails && (len(tr.Faults) != 1 || tr.Faults[0].Error() != err.Error()) {
			t.Errorf("%s: a render gives %v, a trace %v", test.source, err, tr.Faults)
		}
	}
}

// Each filter on constants has memory of its own, whatever the render and the
// others used.
func TestDoubtsHaveMemoryOfTheirOwn(t *testing.T) {
	one := "{{ ('x' | center(20000)) | image_tag }}\n"
	tr := trace(t, nil, "{% set x = 'a' * 10000000 %}{% if false %}"+strings.Repeat(one, 50)+"{% endif %}")
	if len(tr.Doubts) != 50 || len(tr.Faults) > 0 {
		t.Errorf("%d doubts, faults %v", len(tr.Doubts), tr.Faults)
	}
	for _, e := range tr.Doubts {
		if len(e.Msg) > 2100 {
			t.Fatalf("a doubt of %d bytes", len(e.Msg))
		}
	}
	if tr = limitedTrace(t, 0, "{% if false %}{{ 'x' | center(900000) | refuse }}{% endif %}"); len(tr.Doubts)+len(tr.Faults) > 0 {
		t.Errorf("what takes too much is taken for good, not %v, %v", tr.Doubts, tr.Faults)
	}
}

// Errors of a trace are kept as those of renders are.
func TestLongFaults(t *testing.T) {
	tr := trace(t, nil, "{{ ('x' * 10**6) | image_tag }}\n{{ {}['y' * 10**6] }}")
	if len(tr.Faults) != 2 {
		t.Fatal(tr.Faults)
	}
	for _, e := range tr.Faults {
		if len(e.Msg)+len(e.Hint) > 5000 || e.Err != nil && len(e.Err.Error()) > 5000 {
			t.Errorf("a fault of %d bytes", len(e.Msg))
		}
	}
}

// TestTraceTakesTurns: what a trace notes counts, and so one that notes much waits as a render does.
func TestTraceTakesTurns(t *testing.T) {
	env, end := jinja.NewEnv(nil, jinja.Options{}).Begin()
	tmpl, err := env.Parse("t", "{% set x = 'a' * 10000000 %}")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tmpl.Render(jinja.NewVars(nil)); err != nil {
		t.Fatal(err)
	}
	done := make(chan int)
	go func() {
		tmpl, err := jinja.NewEnv(nil, jinja.Options{}).Parse("t", "{% for i in range(200000) %}x{% endfor %}")
		tr := &jinja.Trace{}
		if err == nil {
			tmpl.Trace(jinja.NewVars(nil), tr)
		}
		done <- len(tr.Text)
	}()
	select {
	case <-done:
		t.Error("two that need much ran at a time")
		end()
	case <-time.After(500 * time.Millisecond):
		end()
		if n := <-done; n != 200000 {
			t.Errorf("%d bytes", n)
		}
	}
}
