package fleet

import (
	"path"

	"github.com/slipway-build/slipway/changelog"
	"github.com/slipway-build/slipway/fleet/fault"
	"github.com/slipway-build/slipway/version"
)

// Versions implements Definition: those that the changelog has under the image's own name.
func (t *templated) Versions() ([]version.Version, error) {
	shown := t.source.Path(changelogFile)
	data, err := t.tree.read(path.Join(t.source.Dir, changelogFile), maxChangelog)
	if err != nil {
		return nil, newProblem(fault.ChangelogSyntax, shown, 0, "", "cannot read the changelog: %v", err)
	}
	file, err := changelog.Parse(shown, data)
	if err != nil {
		return nil, asProblem(shown, err)
	}
	var versions []version.Version
	for _, e := range file.Entries {
		if e.Package == t.image.Name {
			versions = append(versions, e.Version)
		}
	}
	return versions, nil
}
