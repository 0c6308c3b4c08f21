package jinja_test

import (
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/slipway-build/slipway/jinja"
	"github.com/slipway-build/slipway/jinja/python"
)

// TestTraceHasTheLimitOfARender: the last N that can be rendered can be traced, and the next gives the
// error of the render. What a trace notes of many pieces may be more than the limit.
func TestTraceHasTheLimitOfARender(t *testing.T) {
	const limit = 1 << 20
	env := jinja.NewEnv(nil, jinja.Options{Limits: python.Limits{Memory: limit, Steps: 1 << 30}})
	for _, source := range []string{
		"{% set x = 'a' * N %}",
		"{% for i in range(N) %}{% set x %}{{ 'a' * 1000 }}{% endset %}{% endfor %}",
		"{% for i in range(N) %}x{% endfor %}",
		"{% macro m() %}x{% endmacro %}{% for i in range(N) %}{{ m() }}{% endfor %}",
		"{% macro m() %}{{ 'a' * 1000 }}{% endmacro %}{% for i in range(N) %}{{ m() }}{% endfor %}",
	} {
		parse := func(n int) *jinja.Template {
			tmpl, err := env.Parse("t", strings.ReplaceAll(source, "N", strconv.Itoa(n)))
			if err != nil {
				t.Fatal(err)
			}
			return tmpl
		}
		most := sort.Search(2<<20, func(n int) bool {
			_, err := parse(n).Render(jinja.NewVars(nil))
			return err != nil
		}) - 1
		for _, n := range []int{most, most + 1} {
			_, err := parse(n).Render(jinja.NewVars(nil))
			tr := &jinja.Trace{}
			parse(n).Trace(jinja.NewVars(nil), tr)
			if err == nil && len(tr.Faults) > 0 || err != nil && (len(tr.Faults) != 1 || tr.Faults[0].Error() != err.Error()) {
				t.Errorf("%s with %d: a render gives %v, a trace %v", source, n, err, tr.Faults)
			}
		}
	}
}

// A text that is captured counts three times: as a value, in the block, and as the block's value.
func TestCapturedTextCounts(t *testing.T) {
	env := jinja.NewEnv(nil, jinja.Options{Limits: python.Limits{Memory: 1 << 20}})
	for _, source := range []string{
		"{% set x %}{{ 'a' * 400000 }}{% endset %}", "{% macro m() %}{{ 'a' * 400000 }}{% endmacro %}{% set x = m() %}",
	} {
		tmpl, err := env.Parse("t", source)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tmpl.Render(jinja.NewVars(nil)); err == nil {
			t.Errorf("%s is within the limit", source)
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
