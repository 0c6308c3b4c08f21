package updating

import "strings"

// Folder is where an update of a tree works: its lock, its journal, and the files that are to take the
// changelogs' places. An older Slipway's journal is a file of this name.
const Folder = ".slipway-update"

// besidePrefix begins the names of files beside a changelog: an older Slipway's, and those of a folder
// that is another file system than the tree's.
const besidePrefix = ".changelog.slipway-"

// Own tells whether a name is one that an update gives to its files. They are part of no image.
func Own(name string) bool {
	return strings.HasPrefix(name, ".") && (name == Folder || numbered(name, besidePrefix) || numbered(name, Folder+"."))
}

// numbered tells whether a name is the prefix and a number, as os.CreateTemp makes it.
func numbered(name, prefix string) bool {
	number, ok := strings.CutPrefix(name, prefix)
	return ok && number != "" && strings.Trim(number, "0123456789") == ""
}
