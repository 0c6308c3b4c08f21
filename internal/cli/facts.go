package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/slipway-build/slipway/engine/dockerfile"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/plan"
	"github.com/slipway-build/slipway/store"
)

// parseDockerfile is BuildKit's parser, which only the engine's rooms may import.
func parseDockerfile(data []byte) (fleet.Dockerfile, error) { return dockerfile.Parse(data) }

// newFacts turns the store's index into what the plan compares with.
func newFacts(list []store.Image) plan.Facts {
	facts := plan.Facts{Images: map[string]plan.StoredImage{}}
	for _, i := range list {
		for _, ref := range spellings(i) {
			facts.Images[ref] = plan.StoredImage{Digest: i.Digest, Tested: i.Tested != ""}
		}
	}
	return facts
}

// spellings are the forms in which a configuration may write the image's
// reference: "registry: docker.io" and no registry at all mean the same.
func spellings(i store.Image) []string {
	forms := []string{i.Ref, i.Name + ":" + i.Tag}
	if strings.HasPrefix(i.Ref, "docker.io/") {
		forms = append(forms, "docker.io/"+i.Name+":"+i.Tag)
	}
	return forms
}

func (a *app) showPlan(p *plan.Plan, asJSON bool) error {
	if asJSON {
		return printJSON(a.Out, p)
	}
	w := tabwriter.NewWriter(a.Out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "IMAGE\tACTION\tWHY")
	for _, s := range p.Steps {
		texts := make([]string, len(s.Reasons))
		for i, r := range s.Reasons {
			texts[i] = r.Text
		}
		fmt.Fprintf(w, "%s:%s\t%s\t%s\n", s.Image.Name, s.Image.Tag, s.Action, firstLine(strings.Join(texts, "; ")))
	}
	return w.Flush()
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
