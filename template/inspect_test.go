package template_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/jinja/inspect"
	"github.com/slipway-build/slipway/template"
)

func TestInspect(t *testing.T) {
	dir := writeTree(t, map[string]string{
		"own/Dockerfile.template": `FROM {{ 'debian' | image_tag }}
{% include 'part' %}
{{ nothing }}{{ 'ghost' | add_user }}
USER {{ 'ghost' | uid }}
{%- if false %}{{ 'gone' | image_tag }}{{ typo }}{{ 'shade' | uid }}{% endif %}`,
		"shared/part": "RUN one\n{{ registy }}\nRUN two",
		"own/syntax":  "{% if %}",
	})
	var warned []string
	env := template.New(template.Options{
		Variables: map[string]any{"registry": "r"},
		ImageTag: func(name string) (string, error) {
			if name == "debian" {
				return "debian:12", nil
			}
			return "", errors.New("no image " + name + "\nhint: make it")
		},
		Paths: []string{dir + "/shared"},
		Warn:  func(msg string) { warned = append(warned, msg) },
	})
	in := template.Input{Dir: dir + "/own", Name: "Dockerfile.template"}
	out := env.Inspect(in, inspect.Render)
	var got []string
	add := func(what string, path string, line int, text string) {
		got = append(got, fmt.Sprintf("%s %s:%d %s", what, strings.TrimPrefix(path, dir), line, text))
	}
	for i, p := range out.Lines {
		add("line", p.Path, p.Line, strings.Split(string(out.Text), "\n")[i])
		if p.Via != nil {
			add(" via", p.Via.Path, p.Via.Line, "")
		}
	}
	for _, e := range out.Faults {
		add("fault", e.Path, e.Line, strings.ReplaceAll(e.Msg, dir, "")+"|"+e.Hint)
	}
	for _, e := range out.Doubts {
		add("doubt", e.Path, e.Line, e.Msg+"|"+e.Hint)
	}
	for _, w := range out.Warnings {
		add("warning", w.Path, w.Line, w.Msg)
	}
	want := []string{
		"line /own/Dockerfile.template:1 FROM debian:12",
		"line /shared/part:1 RUN one", " via /own/Dockerfile.template:2 ",
		"line /shared/part:2 ", " via /own/Dockerfile.template:2 ",
		"line /shared/part:3 RUN two", " via /own/Dockerfile.template:2 ",
		"line /own/Dockerfile.template:3 ",
		"line /own/Dockerfile.template:4 USER ghost",
		"fault /shared/part:2 cannot render: 'registy' is undefined, for /own/Dockerfile.template|did you mean 'registry'?",
		"fault /own/Dockerfile.template:3 cannot render: 'nothing' is undefined|",
		"fault /own/Dockerfile.template:3 cannot render: no mapping found for user 'ghost'|add it to known_uid_mappings, which has nobody yet",
		"doubt /own/Dockerfile.template:5 cannot render: no image gone|make it",
		"doubt /own/Dockerfile.template:5 cannot render: 'typo' is undefined|",
		"warning /own/Dockerfile.template:4 UID mapping for user ghost not found",
		"warning /own/Dockerfile.template:5 UID mapping for user shade not found",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if len(warned) > 0 {
		t.Errorf("the renders were warned: %q", warned)
	}
	user := (*template.UnknownUserError)(nil)
	if !errors.As(out.Faults[2], &user) || user.User != "ghost" {
		t.Errorf("got %#v", out.Faults[2].Err)
	}
	for name, want := range map[string]string{"syntax": ":1: cannot parse template: ", "gone": ": cannot read template: "} {
		_, err := env.Render(in.Dir, name)
		out := env.Inspect(template.Input{Dir: in.Dir, Name: name}, inspect.Render)
		if len(out.Faults) != 1 || out.Faults[0].Error() != err.Error() || !strings.Contains(err.Error(), name+want) {
			t.Errorf("%s: %v, not %v", name, out.Faults, err)
		}
	}
}

// TestInspectTakesTurns: an inspection has the limits of a render, and whatever its end is, lets
// others begin.
func TestInspectTakesTurns(t *testing.T) {
	dir := writeTree(t, map[string]string{
		"good":    "FROM {{ 'x' * 1000 }}",
		"syntax":  "{% if %}",
		"fault":   "{{ one }}",
		"large":   "{{ 'x' * 1048577 }}",
		"endless": "{% for i in range(99999999) %}{% endfor %}",
		"heavy":   "{% for i in range(100) %}{% set x = 'a' * 100000 %}{% endfor %}{{ one }}",
		"pieces":  "{% for i in range(200000) %}x{% endfor %}",
	})
	faults := map[string]string{"good": "", "syntax": "cannot parse", "fault": "'one' is undefined", "large": "output is larger than 1048576 bytes",
		"endless": "steps", "heavy": "'one' is undefined", "pieces": "", "gone": "does not exist"}
	env := template.New(template.Options{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		var group sync.WaitGroup
		for i := range 40 { // more than there are turns
			for name, want := range faults {
				if name == "endless" && i > 2 {
					continue
				}
				group.Go(func() {
					got := ""
					if out := env.Inspect(template.Input{Dir: dir, Name: name}, inspect.Render); len(out.Faults) == 1 {
						got = out.Faults[0].Error()
					}
					if (got != "") != (want != "") || !strings.Contains(got, want) {
						t.Errorf("%s: %q", name, got)
					}
				})
				group.Go(func() {
					if _, err := env.Render(dir, name); (err != nil) != (want != "") {
						t.Errorf("%s: %v", name, err)
					}
				})
			}
		}
		group.Wait()
	}()
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		t.Fatal("they wait for each other")
	}
}

// TestInspectManyWarnings: a template cannot fill the memory with what it is warned about.
func TestInspectManyWarnings(t *testing.T) {
	dir := writeTree(t, map[string]string{"t": "{% for i in range(1000) %}{% set x = (i ~ 'x' * 10000)|uid %}{% endfor %}"})
	out := template.New(template.Options{}).Inspect(template.Input{Dir: dir, Name: "t"}, inspect.Render)
	if n := len(out.Warnings); n != 100 || len(out.Faults) > 0 {
		t.Errorf("%d warnings, %v", n, out.Faults)
	}
	for _, w := range out.Warnings {
		if len(w.Msg) > 2100 || !strings.HasPrefix(w.Msg, "UID mapping") {
			t.Fatalf("a warning of %d bytes: %.100s", len(w.Msg), w.Msg)
		}
	}
}

// TestUnknownUserOfMany: however many users there are, the error is of its kind.
func TestUnknownUserOfMany(t *testing.T) {
	users := map[string]any{}
	for i := range 1000 {
		users[fmt.Sprintf("user-%d", i)] = i
	}
	dir := writeTree(t, map[string]string{"t": "{{ 'ghost' | add_user }}"})
	_, err := template.New(template.Options{Variables: map[string]any{"known_uid_mappings": users}}).Render(dir, "t")
	if user := (*template.UnknownUserError)(nil); !errors.As(err, &user) || user.User != "ghost" {
		t.Errorf("got %#v", err)
	}
}
