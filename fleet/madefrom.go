package fleet

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/ref"
)

// MadeFrom lists what an image is built on, with the digests that find knows by reference. The same
// reference is the same parent, whether it is an image of the fleet or comes from elsewhere. A reference
// with a digest says all itself. Sorted: what ONBUILD instructions add comes last.
func (i *Image) MadeFrom(find func(ref string) digests.Config) []inputs.Parent {
	var parents []inputs.Parent
	for _, p := range i.Named() {
		parents = append(parents, inputs.Parent{Name: p.Name, Ref: p.Ref, Digest: find(p.Ref)})
	}
	for _, ref := range i.External {
		parents = append(parents, i.elsewhere(ref, find))
	}
	for _, a := range i.Aliases {
		if !a.OnBuild {
			p := i.elsewhere(a.Ref, func(string) digests.Config { return find(a.Image.Ref) })
			p.Of = a.Image.Name
			parents = append(parents, p)
		}
	}
	for _, p := range i.Added() {
		parents = append(parents, inputs.Parent{Name: p.Name, Ref: p.Ref, Digest: find(p.Ref), OnBuild: true})
	}
	for _, ref := range i.OnBuild {
		p := i.elsewhere(ref, find)
		p.OnBuild = true
		parents = append(parents, p)
	}
	inputs.Sort(parents)
	return parents
}

func (i *Image) elsewhere(ref string, find func(ref string) digests.Config) inputs.Parent {
	p := inputs.Parent{Name: ref, Ref: ref}
	if !strings.Contains(ref, "@") && !slices.Contains(i.Before, ref) {
		p.Digest = find(ref)
	}
	if name, whole, below := i.Below(ref); below {
		p.Name, p.Ref, p.Written = name, whole, ref
	}
	return p
}

// Below takes the fleet's registry and namespace from a reference, which has a tag then.
func (i *Image) Below(written string) (name, whole string, is bool) {
	own, _, _ := ref.Split(i.Ref)
	repo, tag, digest := ref.Split(written)
	name, is = strings.CutPrefix(repo, strings.TrimSuffix(own, i.Name))
	if !is || name == "" || digest != "" {
		return "", "", false
	}
	return name, repo + ":" + cmp.Or(tag, "latest"), true
}

// Args are the build arguments that go into the image: those of its recipe, and the date.
func (i *Image) Args(r Recipe) map[string]string {
	args := map[string]string{}
	maps.Copy(args, r.Args)
	args["SOURCE_DATE_EPOCH"] = strconv.FormatInt(max(i.Date.Unix(), 0), 10)
	return args
}
