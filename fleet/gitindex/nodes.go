package gitindex

import "strings"

// maxNodes bounds the files and folders of an index. The largest public repositories have half a million.
const maxNodes = 5_000_000

// maxOpen is the longest path that Linux opens, so that a longer one cannot be in a work tree.
const maxOpen = 4096

// tracked is what is known of a file: the Mode in the lower three bits, and above them how much the stage
// counts that it is of.
type tracked uint8

const (
	modeBits tracked = 7
	rankUnit tracked = 8
)

func (t tracked) mode() Mode { return Mode(t & modeBits) }

// stageRank says which stage of a file with a merge conflict gives its mode: ours, the common ancestor's,
// theirs. That is git's order where it looks for the mode of such a file.
var stageRank = [4]tracked{3, 1, 2, 0}

// tree is what an index tracks: files, and the folders that they are in.
type tree struct {
	files   map[string]tracked
	folders map[string]bool

	dir  string // of the file before, which is valid and in folders; most files are in the same
	size int    // of all folders' paths together
}

func newTree(entries int) *tree {
	return &tree{files: make(map[string]tracked, entries), folders: map[string]bool{}}
}

// add takes an entry in. One whose path cannot be checked out, as it leads out of the work tree, for one, is
// ignored.
func (t *tree) add(name string, mode Mode, stage uint8) error {
	if mode == folder {
		name = strings.TrimSuffix(name, "/")
	}
	if len(name) > maxOpen {
		return nil
	}
	end := strings.LastIndexByte(name, '/')
	if end == 0 || !validPart(name[end+1:]) {
		return nil
	}
	switch {
	case end < 0:
		t.folders["."] = true
	case name[:end] != t.dir:
		dir := name[:end]
		if !validPath(dir) {
			return nil
		}
		t.mark(dir)
		t.dir = dir
	}
	rank := stageRank[stage]
	switch {
	case mode == folder:
		t.mark(name)
	case stage == 0 || rank > t.files[name]/rankUnit || t.files[name] == 0:
		t.files[name] = tracked(mode) | rank*rankUnit
	}
	if len(t.files)+len(t.folders) > maxNodes {
		return tooLarge("it has more than %d files and folders", maxNodes)
	}
	if t.size > maxNames {
		return tooLarge("the paths of all folders together are longer than %d bytes", maxNames)
	}
	return nil
}

// mark notes that something is tracked in the folder, and so in those above it.
func (t *tree) mark(dir string) {
	for !t.folders[dir] {
		t.folders[dir] = true
		t.size += len(dir)
		i := strings.LastIndexByte(dir, '/')
		if i < 0 {
			t.folders["."] = true
			return
		}
		dir = dir[:i]
	}
}

// validPath tells whether every part of the path is a name that can be in a work tree.
func validPath(path string) bool {
	for part := range strings.SplitSeq(path, "/") {
		if !validPart(part) {
			return false
		}
	}
	return true
}

func validPart(part string) bool {
	switch part {
	case "", ".", "..", ".git":
		return false
	}
	return true
}
