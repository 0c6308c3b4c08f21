package slipway

import (
	"fmt"
	"os"
	"slices"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/imagetest"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/problem"
)

// warnPlan says what is probably not meant.
func (s *Session) warnPlan(p *plan.Plan, selection string) {
	cfg := s.config
	matched := slices.ContainsFunc(p.Steps, func(s *plan.Step) bool { return s.Action != plan.Skip })
	if !matched {
		s.warnUnselected(selection)
	}
	for _, step := range p.Steps {
		if step.Unread != nil && step.Action != plan.Skip {
			s.warnUnread(step)
		}
	}
	if cfg.Registry != "" && (cfg.Username == "") != (cfg.Password == "") {
		s.warn("of username and password only one is given: nothing is published, and the registry is asked without them")
	}
	for _, proxy := range []struct{ manager, url string }{
		{"apt", cfg.APTOnlyProxy}, {"apk", cfg.APKOnlyProxy}, {"dnf", cfg.DNFOnlyProxy},
	} {
		if config.AddressPassword(proxy.url) != "" {
			s.warn(problem.Text(fmt.Sprintf("the proxy for %[1]s has a password: %[1]s_install writes it into the Dockerfile, and so into the image's history", proxy.manager),
				fmt.Sprintf("give %s_only_proxy without a password", proxy.manager)))
		}
	}
}

// warnUntested says that no image is tested because of a word of verify_args that seems to be more than the
// path of a file: an image without that file counts as one without a test, as with docker-pkg.
func (s *Session) warnUntested(f *fleet.Fleet, p *plan.Plan) {
	names, err := verification(s.config).Names()
	if err != nil {
		return // the plan says it
	}
	for _, name := range imagetest.Attached(names) {
		if slices.ContainsFunc(p.Steps, func(s *plan.Step) bool {
			_, err := os.Stat(imagetest.Fill(name, f.Folder(s.Image), ""))
			return err == nil
		}) {
			continue
		}
		s.warn(problem.Text(fmt.Sprintf("no image is tested: verify_args name %q as a file of the test, and no image has it", name),
			"write {path} and what is below it as a word of its own, with spaces around it"))
	}
}

// warnUnread says what is wrong with the definition of a published image.
func (s *Session) warnUnread(step *plan.Step) {
	for _, err := range problem.Each(step.Unread) {
		text, hint := problem.Split(err)
		s.warnOnce(problem.Text(fmt.Sprintf("%s; %s:%s is published, and stays as it is", text, step.Image.Name, step.Image.Tag), hint))
	}
}

// warnUnselected says that --select left nothing.
func (s *Session) warnUnselected(glob string) {
	if glob != "" {
		s.warn(fmt.Sprintf("no image matches --select %q", glob))
	}
}
