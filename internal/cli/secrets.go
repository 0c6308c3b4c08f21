package cli

import (
	"fmt"
	"io"
	"slices"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/lint"
	"github.com/slipway-build/slipway/internal/cli/outlet"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/secret/redact"
)

// What is read from definitions repeats their lines, and those may have passwords of the configuration.
// They are taken out where a plan or a report is made, once for all who print it, and of what a fleet tells
// where it is printed: a fleet does not change.

// printError says an error without secrets, its hints with what this command line has.
func (a *app) printError(err error) { printError(a.Err, a.typed, a.secrets.Error(err)) }

// printWarning says a warning; its secrets are the caller's to take out.
func (a *app) printWarning(text string) { printWarning(a.Err, a.typed.complete(text)) }

// told are problems as people may read them: without secrets, with commands that work as they are printed.
func (a *app) told(problems []fleet.Problem) []fleet.Problem {
	problems = slices.Clone(problems)
	for i := range problems {
		p := &problems[i]
		p.Text, p.Hint = a.secrets.Text(p.Text), a.typed.complete(a.secrets.Text(p.Hint))
	}
	return problems
}

func (a *app) hideInPlan(p *plan.Plan) {
	secrets, typed := a.secrets, a.typed
	p.Words = func(text string) string { return typed.complete(secrets.Text(text)) }
	for _, s := range p.Steps {
		s.Err, s.Unread = secrets.Error(s.Err), secrets.Error(s.Unread)
	}
}

func (a *app) hideInReport(r *lint.Report) {
	hide := func(f *lint.Finding) {
		f.Text, f.Hint = a.secrets.Text(f.Text), a.typed.complete(a.secrets.Text(f.Hint))
	}
	for i := range r.Findings {
		hide(&r.Findings[i])
	}
	for i := range r.Suppressed {
		hide(&r.Suppressed[i].Finding)
	}
}

// hide takes secrets out of all that is said from now on, beside those of before, and says once which ones
// are too short for that.
func (a *app) hide(list []config.Hidden) {
	warned := map[string]bool{}
	for _, text := range a.hidden {
		warned[text] = true
	}
	texts := a.hidden
	for _, s := range list {
		text := s.Text.Reveal()
		texts = append(texts, text)
		if text != "" && len(text) < redact.MinLength && !warned[text] && !warned[s.What] {
			warned[text], warned[s.What] = true, true
			a.printWarning(fmt.Sprintf("%s has fewer than %d bytes: it is hidden only where it stands as a whole value", s.What, redact.MinLength))
		}
	}
	a.hidden = texts
	a.use(redact.New(texts...))
}

// use sets the secrets of all that is said.
func (a *app) use(s *redact.Secrets) {
	a.secrets = s
	for _, w := range []io.Writer{a.Out, a.Err} {
		if out, ok := w.(*outlet.Writer); ok {
			out.Hide(s)
		}
	}
}

// spare keeps names readable that a weak password is a part of.
func (a *app) spare(names ...string) {
	sparing, spared := a.secrets.Sparing(names)
	if spared {
		a.use(sparing)
		if a.spared {
			return
		}
		a.spared = true
		a.printWarning(problem.Text("a password is a part of an image's name: it is hidden only where it stands as a whole value", "take another password"))
	}
}
