package cli

import (
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/lint"
	"github.com/slipway-build/slipway/plan"
)

// What is read from definitions repeats their lines, and those may have passwords of the configuration.
// They are taken out where a fleet, a plan or a report is made, once for all who print it.

// printError says an error without secrets.
func (a *app) printError(err error) { printError(a.Err, a.secrets.Error(err)) }

func (a *app) hideInFleet(f *fleet.Fleet) {
	for _, problems := range [][]fleet.Problem{f.Broken, f.Warnings} {
		for i := range problems {
			p := &problems[i]
			p.Text, p.Hint = a.secrets.Text(p.Text), a.secrets.Text(p.Hint)
		}
	}
	for _, img := range f.Images {
		img.Err = a.secrets.Error(img.Err)
	}
}

func (a *app) hideInPlan(p *plan.Plan) {
	for _, s := range p.Steps {
		s.Err, s.Unread = a.secrets.Error(s.Err), a.secrets.Error(s.Unread)
		for i := range s.Reasons {
			s.Reasons[i].Text = a.secrets.Text(s.Reasons[i].Text)
		}
	}
}

func (a *app) hideInReport(r *lint.Report) {
	hide := func(f *lint.Finding) { f.Text, f.Hint = a.secrets.Text(f.Text), a.secrets.Text(f.Hint) }
	for i := range r.Findings {
		hide(&r.Findings[i])
	}
	for i := range r.Suppressed {
		hide(&r.Suppressed[i].Finding)
	}
}
