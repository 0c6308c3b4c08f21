package cli

import (
	"fmt"
	"io"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/lint"
	"github.com/slipway-build/slipway/internal/cli/outlet"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/runner/redact"
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

// hidden is a password that the configuration holds, or another secret.
type hidden struct {
	text string
	what string // with its place, for messages
}

// secrets are the passwords that the configuration holds.
func secrets(cfg *config.Config) []hidden {
	at := func(place, what string) string { return strings.TrimPrefix(place+": "+what, ": ") }
	found := []hidden{{cfg.Password.Reveal(), at(cfg.Place("password"), "the registry's password")}}
	for _, proxy := range []struct{ key, url string }{
		{"http_proxy", cfg.HTTPProxy}, {"slipway.https_proxy", cfg.Slipway.HTTPSProxy}, {"apt_only_proxy", cfg.APTOnlyProxy}, {"apk_only_proxy", cfg.APKOnlyProxy}, {"dnf_only_proxy", cfg.DNFOnlyProxy},
	} {
		password := proxyPassword(proxy.url)
		if password == "" {
			continue
		}
		what := at(cfg.Place(proxy.key), "the password in "+proxy.key)
		found = append(found, hidden{password, what})
		if decoded, err := url.PathUnescape(password); err == nil && decoded != password {
			found = append(found, hidden{decoded, what}) // programs print it as they are given it, or as they send it
		}
	}
	for _, l := range cfg.Builder {
		for _, name := range slices.Sorted(maps.Keys(l.Args)) {
			value := l.Args[name]
			what := at(l.Place(), "the argument "+name+" of "+l.Name)
			if password := proxyPassword(value); password != "" {
				found = append(found, hidden{password, what})
			} else if value != "" && lint.Secret(name, value) {
				found = append(found, hidden{value, what})
			}
		}
	}
	return found
}

// hide takes secrets out of all that is said from now on, beside those of before, and says once which ones
// are too short for that.
func (a *app) hide(list []hidden) {
	warned := map[string]bool{}
	for _, text := range a.hidden {
		warned[text] = true
	}
	texts := a.hidden
	for _, s := range list {
		texts = append(texts, s.text)
		if s.text != "" && len(s.text) < redact.MinLength && !warned[s.text] && !warned[s.what] {
			warned[s.text], warned[s.what] = true, true
			a.printWarning(fmt.Sprintf("%s has fewer than %d bytes: it is hidden only where it stands as a whole value", s.what, redact.MinLength))
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

var proxyUser = regexp.MustCompile(`^(?:[A-Za-z][A-Za-z0-9+.-]*://)?[^/?#@:]*:([^/?#]*)@`)

// proxyPassword is the password as the address has it; curl and apt take one without a scheme, too.
func proxyPassword(proxy string) string {
	m := proxyUser.FindStringSubmatch(proxy)
	if m == nil {
		return ""
	}
	return m[1]
}
