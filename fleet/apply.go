package fleet

import (
	"path/filepath"
	"slices"

	"github.com/slipway-build/slipway/fleet/updating"
)

// ApplyUpdate writes all changelogs or none, see updating.Update.Apply. The edits must be planned on a
// fleet that was scanned after the update began. What an older Slipway's killed updates left in the
// fleet's folders is removed.
func ApplyUpdate(u *updating.Update, f *Fleet, edits []Edit) error {
	folders := []string{f.Root}
	for _, img := range f.Images {
		if img.Definition.Source().Root == f.Root {
			folders = append(folders, f.Folder(img))
		}
	}
	changes := make([]updating.Change, len(edits))
	for i, e := range edits {
		changes[i] = updating.Change{Path: e.Path, File: e.file, Old: e.Old, New: e.New}
		folders = append(folders, filepath.Dir(e.file))
	}
	slices.Sort(folders)
	if err := u.Sweep(slices.Compact(folders)); err != nil {
		return err
	}
	return u.Apply(changes)
}
