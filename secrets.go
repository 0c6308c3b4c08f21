package slipway

import (
	"fmt"
	"slices"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/secret/redact"
)

// What is read from definitions repeats their lines, and those may have passwords of the configuration.
// They are taken out where a plan or a report is made, once for all who print it, and of what a fleet tells
// where it is told: a fleet does not change.

// Text is a text without secrets, and with commands that work as they are printed.
func (s *Session) Text(text string) string { return s.opts.Complete(s.known().Text(text)) }

// Error is an error without secrets. It is still what it was for errors.Is, and has its hints.
func (s *Session) Error(err error) error { return s.known().Error(err) }

func (s *Session) known() *redact.Secrets {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.secrets
}

// Told are problems as people may read them: without secrets, with commands that work as they are printed.
func (s *Session) Told(problems []fleet.Problem) []fleet.Problem {
	problems = slices.Clone(problems)
	for i := range problems {
		p := &problems[i]
		p.Text, p.Hint = s.known().Text(p.Text), s.Text(p.Hint)
	}
	return problems
}

func (s *Session) hideInPlan(p *plan.Plan) {
	secrets := s.known()
	p.Words = func(text string) string { return s.opts.Complete(secrets.Text(text)) }
	for _, step := range p.Steps {
		step.Err, step.Unread = secrets.Error(step.Err), secrets.Error(step.Unread)
	}
}

// hide takes secrets out of all that is said from now on, beside those of before, and says once which ones
// are too short for that.
func (s *Session) hide(list []config.Hidden) {
	warned := map[string]bool{}
	for _, text := range s.hidden {
		warned[text] = true
	}
	texts := s.hidden
	var short []string
	for _, h := range list {
		text := h.Text.Reveal()
		texts = append(texts, text)
		if text != "" && len(text) < redact.MinLength && !warned[text] && !warned[h.What] {
			warned[text], warned[h.What] = true, true
			short = append(short, h.What)
		}
	}
	s.hidden = texts
	s.use(redact.New(texts...))
	for _, what := range short {
		s.warn(fmt.Sprintf("%s has fewer than %d bytes: it is hidden only where it stands as a whole value", what, redact.MinLength))
	}
}

// use sets the secrets of all that is said.
func (s *Session) use(secrets *redact.Secrets) {
	s.mu.Lock()
	s.secrets = secrets
	s.mu.Unlock()
	s.opts.Hidden(secrets)
}

// spare keeps names readable that a weak password is a part of.
func (s *Session) spare(names ...string) {
	sparing, spared := s.known().Sparing(names)
	if !spared {
		return
	}
	s.use(sparing)
	if s.spared {
		return
	}
	s.spared = true
	s.warn(problem.Text("a password is a part of an image's name: it is hidden only where it stands as a whole value", "take another password"))
}
