package fleet

import (
	"path"

	"github.com/slipway-build/slipway/changelog"
)

// Versions reads all versions that the image's changelog lists under the image's own name, newest
// first. An image of the configuration's list has no changelog, and so none. The error is a Problem.
func (f *Fleet) Versions(img *Image) ([]string, error) {
	if img.Listed != nil {
		return nil, nil
	}
	t := tree{dir: f.dir, root: f.Root}
	if err := t.findReal(); err != nil {
		return nil, err
	}
	shown := f.Path(img, changelogFile)
	data, err := t.read(path.Join(img.Dir, changelogFile), maxChangelog)
	if err != nil {
		return nil, problem(ChangelogSyntax, shown, 0, "", "cannot read the changelog: %v", err)
	}
	file, err := changelog.Parse(shown, data)
	if err != nil {
		return nil, asProblem(shown, err)
	}
	var versions []string
	for _, e := range file.Entries {
		if e.Package == img.Name {
			versions = append(versions, e.Version)
		}
	}
	return versions, nil
}
