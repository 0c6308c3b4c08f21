// Package fleet turns folders of image definitions into values: images, and the graph of what
// builds on what. It knows nothing of registries, stores or engines.
package fleet

import (
	"cmp"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/slipway-build/slipway/fleet/fault"
	"github.com/slipway-build/slipway/platform"
	"github.com/slipway-build/slipway/version"
)

// Image is what a person names: a name, a version, and what it is made from. It is not a built image;
// whether one exists is for the plan to find out.
type Image struct {
	Name    string // a valid repository path, without registry
	Version version.Version
	Tag     string // Version and the suffix of a nightly or snapshot build
	// Further are more tags that it is given, each with the suffix.
	Further []string
	// Moving tells that its tags say nothing of what it holds: each build moves them.
	Moving bool
	Ref    string // registry/namespace/name:tag
	Dir    string // slash-separated, relative to Source.Root; "." for the root itself
	// File says name and version, a changelog say, in its Line, from one. It is written as messages have it.
	File string
	Line int

	// Platform is what this value is for: an image that is made for several has a value for each, its targets.
	// Platforms are all that it is made for, in the order of the configuration. It has a Platform without
	// Platforms where it is made for none of them. Both are empty when New made the fleet.
	Platform  platform.Platform
	Platforms []platform.Platform

	Definition Definition

	// Date is what the definition says, and the image's; zero when it says none.
	Date time.Time

	// Derived tells that what the image needs is read out of its recipe: what is declared beside that is meant
	// for the order alone.
	Derived bool
	// Depends are sorted by name. Not all of them say what is built first: see Dependency.Orders.
	Depends []Dependency

	// Base is the image that the last stage of the Dockerfile begins with, as written there; "scratch"
	// for none, empty when the Dockerfile was not parsed.
	Base string
	// External are references in the rendered Dockerfiles to other images than the fleet's current
	// ones, as written there; sorted. They exist already, or come from elsewhere. OnBuild are those that
	// ONBUILD instructions of the fleet's images add; see Elsewhere for both.
	External, OnBuild []string
	// Before are those of External and OnBuild that name the image itself, or one that needs it: as they
	// were before this build. What they hold does not count, for each build would change it; sorted.
	Before []string
	// Aliases are other references than their own by which the Dockerfiles, or ONBUILD instructions of
	// parents, name the fleet's current images; sorted.
	Aliases []Alias

	// Secrets are what its RUN steps ask for, and what ONBUILD instructions of the fleet's images add, sorted
	// by file and line. An image from elsewhere may add more.
	Secrets []SecretUse

	// Templates are the files that rendering read, also when it failed: the image's own and those
	// of template_paths, sorted, as paths that can be opened from the working directory.
	Templates []string

	// Err is why this definition cannot be built: one or more problems that begin with path:line.
	Err error

	declares    string    // the file that says what it depends on, as messages have it
	depsUnknown bool      // that could not be read
	unread      []Problem // of Err: for these it is not known what a Dockerfile is made from
	index       int       // in Fleet.Images
	position    int       // in Fleet.Order
}

// Alias is a reference in a Dockerfile to a current image of the fleet that is not the image's Ref: a
// further tag of a listed image, say.
type Alias struct {
	Ref   string // as written
	Image *Image
	// Rewritten tells that Recipe.Dockerfile has the image's Ref in its place; else a build must find the
	// image under this name.
	Rewritten bool
	OnBuild   bool // it stands in an ONBUILD instruction of another image
}

// Dependency is another image that an image needs, by its control file or by its Dockerfile.
type Dependency struct {
	Name     string
	Image    *Image // nil when no folder of the fleet defines it
	Declared bool   // listed in control
	Used     bool   // the rendered Dockerfile uses exactly the version that the fleet has
	Aliased  bool   // it uses that version under another reference, see Image.Aliases
	// OnBuild tells that an ONBUILD instruction of an image that it is built FROM uses that version.
	OnBuild bool
	// LookedUp tells that an ONBUILD instruction of an image that it only copies from uses that version:
	// BuildKit asks for it then, although nothing of it becomes part of the image.
	LookedUp bool
	// PassedOn tells that an ONBUILD instruction of its own uses that version: not the image needs it, but
	// what is built FROM the image does.
	PassedOn bool
	File     string // "control", "Dockerfile.template" or "Dockerfile.build.template"
	Line     int    // in File, from one; 0 when only the rendered Dockerfile's line is known

	// platforms are those that FROM --platform asks for, beside the image's own where alsoOwn says so.
	platforms []platform.Platform
	alsoOwn   bool
	doubtful  bool // only items of control say it that docker-pkg does not read
}

// Orders reports whether the dependency must be built before the image that has it. One on another
// version than the fleet's (FROM name:old) does not: that version is published already.
func (d Dependency) Orders() bool {
	return d.Image != nil && (d.Declared || d.LookedUp || d.becomesPart())
}

// firm tells whether docker-pkg, or the first Slipway, has the dependency as well. What more is known of
// ONBUILD instructions, further tags and odd control files must keep no fleet from being built.
func (d Dependency) firm() bool { return d.Used || d.Declared && !d.doubtful }

// becomesPart tells whether what the dependency holds gets into the image.
func (d Dependency) becomesPart() bool { return d.Used || d.Aliased || d.OnBuild }

// Stamped tells whether the tag has the suffix of a nightly or snapshot build.
func (i *Image) Stamped() bool { return i.Tag != string(i.Version) }

// Used are the parents that the Dockerfile names, or that ONBUILD instructions of those add: what they
// hold becomes part of the image. Sorted by name.
func (i *Image) Used() []*Image { return i.dependencies(Dependency.becomesPart) }

// Named are those of Used that the Dockerfile names by their Ref.
func (i *Image) Named() []*Image { return i.dependencies(func(d Dependency) bool { return d.Used }) }

// Added are those of Used that only ONBUILD instructions name.
func (i *Image) Added() []*Image {
	return i.dependencies(func(d Dependency) bool { return d.OnBuild && !d.Used && !d.Aliased })
}

func (i *Image) dependencies(which func(Dependency) bool) []*Image {
	var found []*Image
	for _, d := range i.Depends {
		if d.Image != nil && which(d) {
			found = append(found, d.Image)
		}
	}
	return found
}

// Elsewhere are all references to other images than the fleet's current ones that a build of the image
// uses, as they are written; sorted.
func (i *Image) Elsewhere() []string {
	if len(i.OnBuild) == 0 {
		return i.External
	}
	all := slices.Concat(i.External, i.OnBuild)
	slices.Sort(all)
	return slices.Compact(all)
}

// FurtherRefs are the image's references beside Ref.
func (i *Image) FurtherRefs() []string {
	repository := strings.TrimSuffix(i.Ref, ":"+i.Tag)
	var refs []string
	for _, tag := range i.Further {
		refs = append(refs, repository+":"+tag)
	}
	return refs
}

// Parents are the images that must exist before this one can be built, sorted by name.
func (i *Image) Parents() []*Image { return i.dependencies(Dependency.Orders) }

func (i *Image) sortDepends() {
	slices.SortFunc(i.Depends, func(a, b Dependency) int { return cmp.Compare(a.Name, b.Name) })
}

// Fleet is all images under one folder and their graph. It does not change after Scan or New and
// may be read by many goroutines.
type Fleet struct {
	Root string // absolute path of the folder that was scanned
	// Platform is what this machine builds for, such as linux/amd64; empty when New made the fleet.
	Platform platform.Platform
	// Images are sorted by name, each once: one that is made for several platforms as it is for this
	// machine's or, if it is not made for that, for its first one. See Targets.
	Images []*Image

	// Broken are folders that should define an image and of which not even its name is known.
	// Sorted; everything else went on without them.
	Broken []Problem
	// Warnings are sorted and include those of MissingDependencies.
	Warnings []Problem

	dir       string // the folder as the user named it, for messages
	missing   []Problem
	exclude   *exclusion // what the configuration leaves out; nil when New made the fleet
	byName    map[string]*Image
	order     []*Image
	children  [][]*Image            // by Image.index, sorted by name
	modes     map[string]*lazyModes // by root of images' folders; those of others are as they stand
	unreadGit *unreadGit            // nil when modes count as they stand
	targets   *Fleet                // nil when that is the fleet itself
}

// New makes a fleet of images that need not come from files. Dependencies without an Image are
// looked up by name. The error lists every name that two images have and every dependency cycle.
func New(root string, images []*Image) (*Fleet, error) {
	f := &Fleet{Root: root, dir: root, Images: images}
	for _, img := range images {
		if img.Definition == nil {
			img.Definition = unwritten{Source{Root: root, Dir: img.Dir, Shown: path.Join(root, img.Dir)}}
			img.File, img.declares = f.Path(img, changelogFile), f.Path(img, controlFile)
		}
	}
	if err := f.index(); err != nil {
		return nil, err
	}
	for _, img := range f.Images {
		for i := range img.Depends {
			if d := &img.Depends[i]; d.Image == nil {
				d.Image = f.byName[d.Name]
			}
		}
		img.sortDepends()
	}
	if err := f.link(); err != nil {
		return nil, err
	}
	return f, nil
}

// index sorts the images and finds out whether two have one name.
func (f *Fleet) index() error {
	f.Images = slices.Clone(f.Images)
	slices.SortFunc(f.Images, func(a, b *Image) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Dir, b.Dir))
	})
	f.byName = make(map[string]*Image, len(f.Images))
	var problems []Problem
	for i, img := range f.Images {
		img.index = i
		other, taken := f.byName[img.Name]
		if !taken {
			f.byName[img.Name] = img
			continue
		}
		problems = append(problems, newProblem(fault.DuplicateName, img.File, img.Line,
			"give one of the two another name in its changelog, or remove one of the folders",
			"cannot use the name %s: %s:%d has it too", img.Name, other.File, other.Line))
	}
	return joinProblems(problems)
}

// Lookup returns the image with the name, without registry and tag, or nil.
func (f *Fleet) Lookup(name string) *Image { return f.byName[name] }

// Path returns a file of the image's folder as messages show it: below the folder that was scanned,
// as the user named it.
func (f *Fleet) Path(img *Image, file string) string { return img.Definition.Source().Path(file) }

// Folder is the absolute path of the image's folder.
func (f *Fleet) Folder(img *Image) string {
	s := img.Definition.Source()
	return filepath.Join(s.Root, filepath.FromSlash(s.Dir))
}

// Recipe is what a build of the image for its platform is told.
func (f *Fleet) Recipe(img *Image) Recipe { return img.Definition.Recipe(img.Platform) }

// DependencyFile is the file that says that the image needs another, as messages have it.
func (f *Fleet) DependencyFile(img *Image, d Dependency) string {
	if d.File == controlFile {
		return img.declares
	}
	return f.Path(img, d.File)
}

// MissingDependencies are the dependencies that no folder defines and no base image provides, and items
// of control that cannot be read, one problem each, sorted. A fleet may be built in parts, so Scan makes
// them warnings; PlanUpdate refuses to work with them, because it could miss images that need an entry.
func (f *Fleet) MissingDependencies() []Problem { return slices.Clone(f.missing) }
