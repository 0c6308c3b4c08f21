package inputs

import (
	"cmp"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/digests"
	v1 "github.com/slipway-build/slipway/fleet/inputs/v1"
)

// Mark is what an image says of its inputs, in the store or at a registry.
type Mark struct {
	// Inputs is Parts.Digest, and Definition Parts.Definition; empty when that is not known.
	Inputs     digests.Inputs
	Definition string
	// Followed is the record by which files were chosen; empty when all of the context counts.
	Followed string
}

// Old tells whether the mark is of package v1's rules, whose digests have no number before them.
func (m Mark) Old() bool { return strings.HasPrefix(cmp.Or(string(m.Inputs), m.Definition), "sha256:") }

// Known tells whether the mark is of rules that are known here.
func (m Mark) Known() bool {
	return strings.HasPrefix(m.Definition, prefix) && (m.Inputs == "" || strings.HasPrefix(string(m.Inputs), prefix)) || m.Old()
}

// Now is what an image would be made from at this moment, but for its parents. What of the files counts
// depends on the mark that it is compared with.
type Now struct {
	// Parts are without Files, Followed and Parents.
	Parts
	// Files are digests of the files by the records that were asked for.
	Files map[string]string
	// Trees are what package v1 has for Tree, for each of its masks, if that was asked for.
	Trees []string
	// Old are v1's digests of the Dockerfiles, the most exact first.
	Old []OldTexts

	Aliased bool // it names images of the fleet by other references than their own
}

// OldTexts are v1's digests of an image's Dockerfiles. Where a reference leads below the fleet's registry, to
// no image of the fleet, there was one once, perhaps: then it is one of Members.
type OldTexts struct {
	Dockerfile, BuildDockerfile string
	Members                     []string // as written
}

// By are the parts by the rules of a mark. There may be several, of which each counts; the first is the
// most exact.
func (n Now) By(m Mark) []Parts {
	if !m.Old() {
		return []Parts{n.Under(m.Followed)}
	}
	trees := n.Trees
	if len(trees) == 0 { // there are no files to look at
		trees = []string{""}
	}
	old := n.Old
	if len(old) == 0 { // nobody has asked for it
		old = []OldTexts{{}}
	}
	var all []Parts
	for _, texts := range old {
		for _, tree := range trees {
			all = append(all, n.old(tree, texts))
		}
	}
	return append(all, n.unaware(all)...)
}

// Under are the parts of the present rules with the files that a record chooses.
func (n Now) Under(record string) Parts {
	p := n.Parts
	p.Followed, p.Files = record, n.Files[record]
	return p
}

// V1 are the parts as package v1 has them, the most exact, with its Tree.
func (n Now) V1(tree string) Parts { return n.old(tree, n.Old[0]) }

// old are the parts as package v1 has them.
func (n Now) old(tree string, texts OldTexts) Parts {
	p := n.Parts
	p.Scheme, p.Level, p.Files, p.Followed, p.Tree = 0, v1.Level, "", "", tree
	p.Dockerfile, p.BuildDockerfile, p.members = texts.Dockerfile, texts.BuildDockerfile, texts.Members
	return p
}

// unaware are old parts as the first Slipways noted them where they did not know that a reference is that
// of an image of the fleet.
func (n Now) unaware(old []Parts) []Parts {
	if !n.Aliased {
		return nil
	}
	old = slices.Clone(old)
	for i := range old {
		old[i].unaware = true
	}
	return old
}
