package jinja_test

import (
	"errors"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipway-build/slipway/jinja"
	"github.com/slipway-build/slipway/jinja/python"
)

// TestTogether: many renders that need much take turns, and leave nothing.
func TestTogether(t *testing.T) {
	const each = 128 << 20
	env := jinja.NewEnv(jinja.MapLoader{
		"heavy": "{% set x = ('a\n' * 3 * 10**6).splitlines() %}{{ x|length }}",
		"light": "{{ 'x' * 1000 }}",
	}, jinja.Options{Limits: python.Limits{Memory: each}})
	runtime.GC()
	var peak, base uint64 = 0, inUse()
	done := make(chan struct{})
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for {
			select {
			case <-done:
				return
			case <-time.After(time.Millisecond):
				peak = max(peak, inUse())
			}
		}
	}()
	var group sync.WaitGroup
	for i := range 40 {
		name, want := "light", strings.Repeat("x", 1000)
		if i%5 == 0 {
			name, want = "heavy", "3000000"
		}
		group.Go(func() {
			tmpl, err := env.Get(name)
			if err != nil {
				t.Error(err)
				return
			}
			if out, err := tmpl.Render(jinja.NewVars(nil)); err != nil || string(out) != want {
				t.Errorf("%s: %.20q, %v", name, out, err)
			}
		})
	}
	group.Wait()
	close(done)
	<-watched
	if peak > base+2*each {
		t.Errorf("eight renders of %d bytes used %d together", each, peak-base)
	}
}

func inUse() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// TestLongErrors: errors are kept, so they must not hold what a template made.
func TestLongErrors(t *testing.T) {
	for _, source := range []string{
		"{{ {}.pop('x' * 10**6) }}",
		"{{ ('x' * 10**6).format }}{{ missing['x' * 10**6] }}",
		"{{ {}['é' * 10**6] }}",
		"{{ 1|fail('x' * 10**6) }}",
	} {
		env := jinja.NewEnv(nil, jinja.Options{})
		env.AddFilter("fail", "value, text", func(args []any) (any, error) { return nil, errors.New(args[1].(string)) })
		tmpl, err := env.Parse("case", source)
		if err != nil {
			t.Fatal(err)
		}
		var e *python.Error
		if _, err = tmpl.Render(jinja.NewVars(nil)); !errors.As(err, &e) || len(e.Msg)+len(e.Hint) > 5000 {
			t.Errorf("%s: an error of %d bytes: %.80v", source, len(e.Msg)+len(e.Hint), err)
		} else if e.Err != nil && len(e.Err.Error()) > 5000 {
			t.Errorf("%s: the cause has %d bytes", source, len(e.Err.Error()))
		}
	}
}

// TestLinear: what grows with the square of the text would take minutes.
func TestLinear(t *testing.T) {
	start := time.Now()
	for _, source := range []string{
		"{{ ('a' * 3 * 10**5)|wordwrap(1)|length }}",
		"{{ ('a ' * 3 * 10**5)|wordwrap(1)|length }}",
		"{% macro m() %}{{ kwargs|length }}{% endmacro %}{{ m(**dict.fromkeys(('ab,' * 10**5 ~ range(10**5)|join(',')).split(','))) }}",
	} {
		tmpl, err := jinja.NewEnv(nil, jinja.Options{}).Parse("case", source)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tmpl.Render(jinja.NewVars(nil)); err != nil {
			t.Errorf("%s: %v", source, err)
		}
	}
	if d := time.Since(start); d > 15*time.Second {
		t.Errorf("took %v", d)
	}
}
