package fleet

import (
	"cmp"
	"fmt"
	"slices"
)

// SecretUse is a secret or an SSH agent that a RUN of a Dockerfile asks for. Those whose options have
// variables are not known: a base image may set them.
type SecretUse struct {
	ID       string
	SSH      bool // an agent
	Required bool // the step fails without
	Line     int  // in the rendered file, from one
	// File is the template that the line is of, or the Dockerfile of a listed image; empty in a Dockerfile.
	File string
}

// String is "the secret tok" or "the SSH agent default".
func (u SecretUse) String() string {
	if u.SSH {
		return "the SSH agent " + u.ID
	}
	return "the secret " + u.ID
}

// Hint says how to give what is asked for.
func (u SecretUse) Hint() string {
	if u.SSH {
		return fmt.Sprintf("give it with --ssh %s, or with slipway.ssh in the configuration", u.ID)
	}
	return fmt.Sprintf("give it with --secret id=%s,src=FILE, or with slipway.secrets in the configuration", u.ID)
}

// needSecrets notes what the steps of one Dockerfile ask for.
func (e *edges) needSecrets(d Dockerfile, file string) {
	for _, s := range d.Secrets {
		s.File = file
		e.img.Secrets = append(e.img.Secrets, s)
	}
}

// triggeredSecrets adds what ONBUILD instructions of the fleet's images ask for where others are built FROM
// them: at the line of the FROM.
func (r *renderer) triggeredSecrets(results []rendered) {
	asks := func(p parsedFile) bool {
		return slices.ContainsFunc(p.Stages, func(s Stage) bool { return len(s.OnBuildSecrets) > 0 })
	}
	if !slices.ContainsFunc(results, func(result rendered) bool { return slices.ContainsFunc(result.files, asks) }) {
		return
	}
	for i, result := range results {
		img := r.scan.definitions[i].image
		for _, file := range result.files {
			for _, u := range file.Uses {
				parent, as := r.names.find(u.Ref)
				if u.Kind != FromUse || u.Idle || parent == nil || as == outdated || parent == img {
					continue
				}
				for _, s := range finalStage(results[parent.index]).OnBuildSecrets {
					s.Line, s.File = u.Line, file.name
					img.Secrets = append(img.Secrets, s)
				}
			}
		}
		slices.SortStableFunc(img.Secrets, func(a, b SecretUse) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line)) })
	}
}

// SecretPlace is where the image asks for a secret, as "path:line", or the path alone.
func (f *Fleet) SecretPlace(img *Image, s SecretUse) string {
	place := img.Definition.Place(s.File, s.Line)
	if place.Line == 0 {
		return f.Path(img, s.File)
	}
	return fmt.Sprintf("%s:%d", place.Path, place.Line)
}
