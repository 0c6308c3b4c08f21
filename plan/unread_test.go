package plan_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
)

// A published image is done, also when its definition cannot be read any more: it is an error only when
// that image itself must be built.
func TestUnread(t *testing.T) {
	const wrong = "fleet/lib/Dockerfile.template:1: no FROM"
	force := plan.Options{Replace: true, Force: func(*fleet.Image) bool { return true }}
	listed := func(h *harbour) {
		h.image("lib").Moving, h.image("lib").Further = true, []string{"newest"}
	}
	for _, tt := range []struct {
		name    string
		edit    func(h *harbour)
		options plan.Options
		want    string // the lines of lib and app
	}{
		{"nothing to do", func(*harbour) {}, plan.Options{}, "lib: published: published; its definition is wrong: " + wrong + "|app: published: published"},
		{"another machine", (*harbour).otherMachine, plan.Options{}, "lib: published: published; its definition is wrong: " + wrong + "|app: published: published"},
		{"its child is built on what is published", func(h *harbour) { h.otherMachine(); h.bump("app") }, plan.Options{},
			"lib: pull: published; its definition is wrong: " + wrong + "; needed by app|app: build: never built"},
		{"its child is built on what is here as it is published", func(h *harbour) { h.bump("app") }, plan.Options{NoPull: true},
			"lib: published: published; its definition is wrong: " + wrong + "|app: build: version 1 → 2 (changelog)"},
		{"its child needs it, and nothing may be fetched", func(h *harbour) { h.otherMachine(); h.bump("app") }, plan.Options{NoPull: true},
			"lib: error: " + wrong + "|app: blocked: blocked by lib, which has an error"},
		{"nothing may be fetched, and nothing is built", (*harbour).otherMachine, plan.Options{NoPull: true},
			"lib: published: published; its definition is wrong: " + wrong + "|app: published: published"},
		{"a new version of it", func(h *harbour) { h.bump("lib") }, plan.Options{Select: "lib:*"}, "lib: error: " + wrong + "|app: skip: not selected"},
		{"not published", func(h *harbour) { delete(h.facts.Published, h.image("lib").Ref) }, plan.Options{},
			"lib: error: " + wrong + "|app: published: published"},
		{"the registry is not asked", func(h *harbour) { h.facts.Published = nil }, plan.Options{Select: "lib:*"}, "lib: error: " + wrong + "|app: skip: not selected"},
		{"forced", func(*harbour) {}, force, "lib: error: " + wrong + "|app: blocked: blocked by lib, which has an error"},
		{"not selected", func(*harbour) {}, plan.Options{Select: "app:*"}, "lib: skip: not selected|app: published: published"},
		{"moved by others", func(h *harbour) {
			h.facts.Published[h.image("lib").Ref] = plan.PublishedImage{Digest: "m:fedcba9876543210", ID: "sha256:other"}
		}, plan.Options{Select: "lib:*"}, "lib: published: published; its definition is wrong: " + wrong +
			"; its tag was moved by others: 00000002 → fedcba987654|app: skip: not selected"},
		{"a tag of the list says nothing", listed, plan.Options{Select: "lib:*"}, "lib: error: " + wrong + "|app: skip: not selected"},
		{"a tag of the list is trusted", listed, plan.Options{Select: "lib:*", TrustVersions: true},
			"lib: published: published; its definition is wrong: " + wrong + "|app: skip: not selected"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHarbour(t, "base:1", "lib:1 needs base", "app:1 needs lib")
			h.carryOut(h.make(plan.Options{}))
			lib := h.image("lib")
			lib.Err = errors.New(wrong)
			delete(h.facts.Inputs, lib)
			tt.edit(h)
			p := h.make(tt.options)
			if diff := cmp.Diff(strings.Split(tt.want, "|"), unpublished(text(p)[1:])); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			for _, s := range p.Steps {
				if s.Image == lib && (s.Action == plan.Error) == (s.Unread != nil) && s.Action != plan.Skip {
					t.Errorf("%s: error %v, unread %v", s.Action, s.Err, s.Unread)
				}
			}
		})
	}
}

// unpublished cuts off why images are published, too.
func unpublished(lines []string) []string {
	for i, line := range lines {
		lines[i], _, _ = strings.Cut(line, "; not published")
	}
	return lines
}

// What is known of an image whose test alone cannot be read is compared as ever.
func TestUnreadTest(t *testing.T) {
	h := newHarbour(t, "app:1")
	h.carryOut(h.make(plan.Options{}))
	h.facts.Errors = map[*fleet.Image]error{h.image("app"): errors.New("fleet/app: cannot read the test")}
	if got := text(h.make(plan.Options{}))[0]; got != "app: published: published; its definition is wrong: fleet/app: cannot read the test" {
		t.Errorf("%s", got)
	}
	content(h, "app")
	if got := text(h.make(plan.Options{}))[0]; !strings.Contains(got, "app: error: files changed: a; published 1 has other content") {
		t.Errorf("%s", got)
	}
}
