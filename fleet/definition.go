package fleet

import (
	"cmp"
	"path"
	"strings"

	"github.com/slipway-build/slipway/fleet/source"
	"github.com/slipway-build/slipway/platform"
	"github.com/slipway-build/slipway/template"
	"github.com/slipway-build/slipway/version"
)

// Definition is how an image is written down. Once a fleet was read, this is all in which kinds of images
// differ: nobody asks for the kind. It does not change and may be used by many goroutines.
type Definition interface {
	// Recipe is what a build for the platform is told. It is empty for a platform that the fleet was not
	// read for; a text that could not be made is empty, and Image.Err says why.
	Recipe(p platform.Platform) Recipe
	// Source says which files of the disk a build may take.
	Source() Source
	// Place says where a line of one of the recipe's texts comes from; file is Text.File, lines count from
	// one. A place without a line is one that is not known.
	Place(file string, line int) template.Place
	// Versions reads all versions that the definition lists, newest first; none where nobody writes them
	// down. The error is a Problem.
	Versions() ([]version.Version, error)
}

// Recipe is what a build makes an image from, but for files.
type Recipe struct {
	Dockerfile Text
	// Artifacts is the Dockerfile of docker-pkg 1 and 2 whose result the other one finds in its context;
	// without File there is none.
	Artifacts Text
	Target    string            // the stage to build; empty for the last
	Args      map[string]string // build arguments of the image's own
	// Plain tells that the Dockerfile is a file as it stands: the context has it only as one of its files.
	Plain bool
}

// Text is a Dockerfile that is made from a file of the definition.
type Text struct {
	File string // a slash path in the image's folder
	Text string
	// Instructions are what of the text can change what is built; empty when it was not parsed.
	Instructions string

	written string // Text without what Alias.Rewritten tells of; empty when it is the same
}

// Written is the text without what a build puts in the place of Image.Aliases.
func (t Text) Written() string { return cmp.Or(t.written, t.Text) }

// Source says where an image's files are. No file outside Root is read but by LinkRoots.
type Source struct {
	Root  string // absolute path
	Dir   string // the image's folder, a slash path below Root
	Shown string // the image's folder or its repository, as messages have it; empty for the current one
	// LinkRoots are folders outside Root that links may lead into.
	LinkRoots []string
	// Beside is set where the folder is sent as Docker sends it: links stay links, and the list of files to
	// leave out may stand beside this Dockerfile, a path in the folder.
	Beside string
	// Test is a script in the folder; empty for what the configuration says.
	Test string

	// Commit is what the files are of, and Checkout what of it is checked out, if not all; both are empty
	// for a folder. IgnoreFile is the list of files to leave out.
	Commit, Checkout, IgnoreFile string
	// Lacks are the parts of the folder that are not as the commit has them. Settle notes whether a build
	// does without them, so that they are not asked for again.
	Lacks  []Lack
	Settle func(without bool)
}

// Lack is a part of a repository that is not in a context as it should be.
type Lack struct {
	source.Lack
	Rel string // a path in the context
}

// Path is a file of the image's folder as messages show it.
func (s Source) Path(file string) string {
	switch file = path.Clean(file); {
	case file == ".":
		return cmp.Or(s.Shown, ".")
	case s.Shown == "":
		return file
	}
	return strings.TrimSuffix(s.Shown, "/") + "/" + file
}

// unwritten is the definition of an image that New was given without one.
type unwritten struct{ source Source }

func (unwritten) Recipe(platform.Platform) Recipe      { return Recipe{} }
func (u unwritten) Source() Source                     { return u.source }
func (unwritten) Place(string, int) template.Place     { return template.Place{} }
func (unwritten) Versions() ([]version.Version, error) { return nil, nil }
