package slipway

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/secret"
)

// Given are the secrets and SSH agents that a caller gives to all images' builds, as docker build's --secret
// and --ssh have them: id=ID[,src=FILE|,env=VARIABLE], and default|ID[=SOCKET|KEY[,KEY]]. Those of the
// configuration count, too.
type Given struct{ Secrets, Agents []string }

// gift is one secret, or one SSH agent, that images are given.
type gift struct {
	glob  string // of images
	place string // of the configuration, as "path:line: key"; or the flag
	flag  bool
	agent *secret.Agent
	value secret.Value
	err   error // why it cannot be had
}

func (g *gift) id() string {
	if g.agent != nil {
		return g.agent.ID
	}
	return g.value.ID
}

// gifts are all that images are given, those that count most last.
type gifts []*gift

// given reads the secrets of the configuration and of the flags, and takes them out of all that is said from
// now on. One of the configuration that cannot be had is an error only of an image that needs it.
func (s *Session) given(ctx context.Context, o Given) (gifts, error) {
	all, err := s.declared(o)
	if err != nil {
		return nil, err
	}
	var found []config.Hidden
	for _, g := range all {
		if g.agent != nil {
			g.err = engine.CheckAgent(*g.agent)
			s.config.Hide(g.agent.Paths...)
		} else {
			g.value, g.err = g.value.Read(ctx, s.opts.Env)
			s.config.Hide(g.value.File)
		}
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		if g.err != nil && g.flag {
			return nil, &UsageError{fmt.Errorf("%s: %w", g.place, g.err)}
		}
		for _, text := range g.value.Words() {
			found = append(found, config.Hidden{Text: config.Secret(text), What: g.place + ": the secret " + g.id()})
		}
	}
	if len(found) == 0 {
		return all, nil
	}
	s.hide(found)
	s.spare(s.config.Registry, s.config.Namespace)
	return all, nil
}

// declared are the secrets and agents that configuration and flags name, before anything is read.
func (s *Session) declared(o Given) (all gifts, err error) {
	for _, g := range s.config.Slipway.Secrets {
		all = append(all, &gift{glob: g.Images, place: keyPlace(s.config, "slipway.secrets"), value: secret.Value{Source: g.Source}})
	}
	for _, g := range s.config.Slipway.SSH {
		all = append(all, &gift{glob: g.Images, place: keyPlace(s.config, "slipway.ssh"), agent: &g.Agent})
	}
	for _, g := range all {
		if err := fleet.CheckGlob(g.glob); err != nil {
			return nil, fmt.Errorf("%s: cannot use the glob %q: %w", g.place, config.Clip(g.glob), err)
		}
	}
	if len(o.Secrets)+len(o.Agents) == 0 {
		return all, nil
	}
	here, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("cannot find the working directory: %w", err)
	}
	flags, err := o.parse(here, s.opts.Env)
	if err != nil {
		return nil, &UsageError{err}
	}
	return append(all, flags...), nil
}

func keyPlace(cfg *config.Config, key string) string { return cfg.Place(key) + ": " + key }

// parse reads the flags. What is wrong with one is told by its number: its text may be a secret.
func (o Given) parse(here string, env func(string) string) (all gifts, err error) {
	seen := map[string]bool{}
	add := func(flag string, n int, g *gift, err error) error {
		if err == nil && g.agent != nil && seen[g.id()] { // of secrets the last counts, as for Docker
			err = fmt.Errorf("%s is given twice", g.id())
		}
		if err != nil {
			return fmt.Errorf("cannot use %s number %d: %w", flag, n+1, err)
		}
		if g.agent != nil {
			seen[g.id()] = true
		}
		g.glob, g.place, g.flag = "*", flag, true
		all = append(all, g)
		return nil
	}
	for i, spec := range o.Secrets {
		s, err := secret.Parse(spec, secret.Scene{Name: "--secret", Dir: here, Env: env})
		if err := add("--secret", i, &gift{value: secret.Value{Source: s}}, err); err != nil {
			return nil, err
		}
	}
	for i, spec := range o.Agents {
		agent, err := secret.ParseAgent(spec, secret.Scene{Name: "--ssh", Dir: here, Env: env})
		if err := add("--ssh", i, &gift{agent: &agent}, err); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// find is what the image is given under an id; nil for nothing.
func (all gifts) find(img *fleet.Image, ssh bool, id string) *gift {
	for _, g := range slices.Backward(all) {
		if (g.agent != nil) == ssh && g.id() == id && g.matches(img) {
			return g
		}
	}
	return nil
}

func (g *gift) matches(img *fleet.Image) bool {
	return fleet.NewSelection(g.glob).MatchesRef(img.Name, img.Name+":"+img.Tag, img.Ref)
}

// of is all that the image is given and that can be had, whatever it is known to ask for: an image from
// elsewhere that it is built on may ask for more.
func (all gifts) of(img *fleet.Image) (set secret.Set) {
	for _, g := range all {
		switch {
		case g.err != nil || all.find(img, g.agent != nil, g.id()) != g:
		case g.agent != nil:
			set.Agents = append(set.Agents, *g.agent)
		default:
			set.Values = append(set.Values, g.value)
		}
	}
	return set
}

// files hold secrets.
func (all gifts) files() (paths []string) {
	for _, g := range all {
		switch {
		case g.agent != nil:
			paths = append(paths, g.agent.Paths...)
		case g.value.File != "":
			paths = append(paths, g.value.File)
		}
	}
	return paths
}

// refuses tells why images cannot be built: what they need is not given, or cannot be had.
func (all gifts) refuses(f *fleet.Fleet) func(*fleet.Image) error {
	return func(img *fleet.Image) error {
		var errs []error
		for _, use := range img.Secrets {
			g := all.find(img, use.SSH, use.ID)
			switch {
			case g == nil && use.Required:
				errs = append(errs, problem.With(fmt.Errorf("%s: cannot build %s:%s: a step needs %s, and nobody gives it", f.SecretPlace(img, use), img.Name, img.Tag, use), use.Hint()))
			case g != nil && g.err != nil && (use.Required || !errors.Is(g.err, secret.ErrAbsent)):
				errs = append(errs, fmt.Errorf("%s: cannot build %s:%s: a step needs %s, which %s gives: %w",
					f.SecretPlace(img, use), img.Name, img.Tag, use, g.place, g.err))
			}
		}
		return errors.Join(errs...)
	}
}

// noteUngiven says which images are built without what they can do without.
func (s *Session) noteUngiven(p *plan.Plan, all gifts) {
	names := map[string][]string{}
	for _, step := range p.Steps {
		if step.Action != plan.Build {
			continue
		}
		for _, use := range step.Image.Secrets {
			g := all.find(step.Image, use.SSH, use.ID)
			if use.Required || g != nil && g.err == nil {
				continue
			}
			text := use.String() + ", which nobody gives"
			if g != nil {
				text = use.String() + ", which " + g.place + " gives: " + g.err.Error()
			}
			if !slices.Contains(names[text], step.Image.Name) {
				names[text] = append(names[text], step.Image.Name)
			}
		}
	}
	for _, text := range slices.Sorted(maps.Keys(names)) {
		s.tell(Note, s.known().Text(fmt.Sprintf("built without %s: %s", text, someNames(names[text]))))
	}
}

// someNames are the first of many.
func someNames(names []string) string {
	const most = 5
	if n := len(names); n > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), n-most)
	}
	return strings.Join(names, ", ")
}
