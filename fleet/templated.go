package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/changelog"
	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/deb822"
	"github.com/slipway-build/slipway/fleet/fault"
	"github.com/slipway-build/slipway/pattern"
	"github.com/slipway-build/slipway/platform"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/template"
	"github.com/slipway-build/slipway/version"
)

// templates finds the folders below the one that is scanned.
func templates(ctx context.Context, s *scan, r *reader) (definitions []definition, err error) {
	if s.Dir == "" {
		return nil, nil
	}
	if s.found, err = s.tree.walk(ctx); err != nil {
		return nil, err
	}
	definitions = make([]definition, len(s.found.images))
	err = s.parallel(ctx, len(definitions), func(i int) { definitions[i] = r.read(s.found.images[i]) })
	return definitions, err
}

// reader turns one folder's changelog and control into an Image.
type reader struct {
	tree      *tree
	config    *config.Config
	platforms []platform.Platform
	suffix    string
}

// relation is one item of control's Depends or Build-Depends.
type relation struct {
	names      []string // alternatives, best first
	operator   string   // of the first name
	version    version.Version
	line       int
	partial    bool // read in spite of an error: counts where the names are the fleet's
	overridden bool // by a later field of the same name
}

func (r *reader) read(f folder) definition {
	d := definition{controlled: f.control}
	rel := path.Join(f.rel, changelogFile)
	entry, err := r.newestEntry(rel)
	if err == nil {
		err = checkName(r.tree.show(rel), entry, r.config)
	}
	if err != nil {
		p := asProblem(r.tree.show(rel), err)
		d.problem = &p
		return d
	}
	img := &Image{
		Name: entry.Package, Version: entry.Version, Tag: string(entry.Version) + r.suffix,
		Dir: f.rel, File: r.tree.show(rel), Line: entry.Line, Date: entry.Date,
		declares: r.tree.show(path.Join(f.rel, controlFile)),
	}
	t := &templated{tree: r.tree, image: img, build: f.build, source: Source{
		Root: r.tree.root, Dir: f.rel, Shown: shownFolder(r.tree.show(f.rel)), LinkRoots: r.config.Slipway.LinkRoots,
	}}
	d.draft, img.Definition = t, t
	img.Ref = r.config.Ref(img.Name, img.Tag)
	if img.Date.IsZero() {
		d.warnings = append(d.warnings, newProblem(fault.ChangelogFormat, r.tree.show(rel), img.Line,
			"end the entry with a line like \" -- Name <mail@example.com>  Mon, 02 Nov 2026 10:00:00 +0000\"",
			"the newest entry has no date that can be read: the image's date will be 1970-01-01"))
	}
	img.Err = checkTag(r.tree.show(rel), img, "in the changelog")
	d.image = img
	if f.control {
		if err := r.control(&d, path.Join(f.rel, controlFile)); err != nil {
			img.depsUnknown = true
			img.Err = errors.Join(img.Err, err)
		}
	}
	return d
}

// templated is a folder with a Dockerfile.template and a changelog. It implements Definition.
type templated struct {
	made
	tree      *tree
	source    Source
	image     *Image
	build     bool      // there is a Dockerfile.build.template
	renderer  *renderer // that made the texts
	text      string    // of the Dockerfile
	artifacts string    // of that of Dockerfile.build.template
}

var _ Definition = (*templated)(nil)

func (t *templated) again(img *Image) draft {
	return &templated{tree: t.tree, source: t.source, image: img, build: t.build}
}

// Source implements Definition.
func (t *templated) Source() Source { return t.source }

// render renders the templates.
func (t *templated) render(r *renderer, e *edges) {
	t.renderer = r
	at := r.desks.Get().(*desk)
	at.edges = e
	defer func() { at.edges = nil; r.desks.Put(at) }()
	e.recipe.Dockerfile = r.file(at.env, e, templateFile)
	t.text = e.recipe.Dockerfile.Text
	if t.build {
		e.recipe.Artifacts = r.file(at.env, e, buildFile)
		t.artifacts = e.recipe.Artifacts.Text
	}
	slices.Sort(t.image.Templates)
	t.image.Templates = slices.Compact(t.image.Templates)
}

// Place implements Definition. It renders the template again. The place is not known when the files have
// changed since the scan, say.
func (t *templated) Place(file string, line int) template.Place {
	r := t.renderer
	at := r.desks.Get().(*desk)
	at.edges = &edges{scan: r.scan, names: r.names, img: t.image}
	defer func() { at.edges = nil; r.desks.Put(at) }()
	from := &origins{edges: at.edges, env: at.env, name: file, text: t.text}
	if file == buildFile {
		from.text = t.artifacts
	}
	return from.place(line)
}

// takenIn are the templates that the image takes in, also in parts that were not reached.
func (t *templated) takenIn() []string {
	r := t.renderer
	at := r.desks.Get().(*desk)
	at.edges = &edges{scan: r.scan, names: r.names, img: t.image}
	defer func() { at.edges = nil; r.desks.Put(at) }()
	files := at.env.inspect(at.edges.dir(), templateFile).Files
	if t.build {
		files = append(files, at.env.inspect(at.edges.dir(), buildFile).Files...)
	}
	return files
}

// shownFolder is a folder as Source has it.
func shownFolder(shown string) string {
	if shown == "." {
		return ""
	}
	return shown
}

func (r *reader) newestEntry(rel string) (changelog.Entry, error) {
	data, err := r.tree.read(rel, maxChangelog)
	if err != nil {
		return changelog.Entry{}, newProblem(fault.ChangelogSyntax, r.tree.show(rel), 0, "", "cannot read the changelog: %v", err)
	}
	return changelog.ParseNewest(r.tree.show(rel), data)
}

// asProblem takes an error about a changelog apart, so that all problems can be sorted by place.
func asProblem(path string, err error) Problem {
	if p := (Problem{}); errors.As(err, &p) {
		return p
	}
	p := problem.Of(err)
	return newProblem(fault.ChangelogSyntax, cmp.Or(p.Path, path), p.Line, p.Hint, "%s", p.Text)
}

// control reads the dependencies. What does not fit the format is a warning: docker-pkg passes over it
// and builds.
func (r *reader) control(d *definition, rel string) error {
	data, err := r.tree.read(rel, maxControl)
	if err != nil {
		return newProblem(fault.ControlSyntax, r.tree.show(rel), 0, "", "cannot read the control file: %v", err)
	}
	paragraphs, err := deb822.Parse(r.tree.show(rel), data)
	d.unfitting(err)
	if err := r.architectures(d, paragraphs); err != nil {
		d.image.Err = errors.Join(d.image.Err, err)
	}
	named := 0
	for _, p := range paragraphs {
		for _, field := range []string{"Build-Depends", "Depends"} {
			relations, err := p.Relations(field)
			d.unfitting(err)
			for _, item := range relations {
				d.relations = append(d.relations, newRelation(item))
				if named += 1 + len(item.Alternatives); named > maxDepends {
					d.relations = nil
					return tooManyDepends(r.tree.show(rel), item.Line)
				}
			}
		}
	}
	return nil
}

// maxDepends is how many images one may name that it needs. Those of real fleets name a handful, and each
// is looked for among all that are known.
const maxDepends = 2000

func tooManyDepends(path string, line int) error {
	return newProblem(fault.ControlSyntax, path, line, "name only those that the Dockerfile uses, each once",
		"cannot read what the image depends on: it names more than %d images", maxDepends)
}

// unfitting takes the errors that deb822 joins apart, so that all can be sorted by line.
func (d *definition) unfitting(err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			d.unfitting(e)
		}
		return
	}
	if e := (*deb822.Error)(nil); errors.As(err, &e) {
		p := Problem{Problem: e.Problem}
		p.Kind = fault.ControlSyntax
		if e.Lost {
			d.unread = append(d.unread, p)
		} else {
			d.unfit = append(d.unfit, p)
		}
	}
}

func newRelation(item deb822.Relation) relation {
	rel := relation{names: []string{item.Name}, operator: item.Operator, version: version.Version(item.Version), line: item.Line, partial: item.Partial, overridden: item.Overridden}
	for _, other := range item.Alternatives {
		rel.names = append(rel.names, other.Name)
		rel.partial = rel.partial || other.Partial
	}
	return rel
}

// repositoryPath is the path part of a repository name in the grammar of distribution/reference;
// OCI's distribution-spec has the same.
var repositoryPath = pattern.New(`^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$`)

const maxRepository = 255 // bytes, with registry and namespace; distribution/reference

func checkName(path string, entry changelog.Entry, cfg *config.Config) error {
	if !repositoryPath.MatchString(entry.Package) {
		return newProblem(fault.InvalidName, path, entry.Line,
			"use lower-case letters and digits, with single . or _ or dashes between them",
			"cannot use %q as the name of an image: it is not a repository path", entry.Package)
	}
	if full := cfg.Name(entry.Package); len(full) > maxRepository {
		return newProblem(fault.InvalidName, path, entry.Line, "shorten the name", "cannot use %q as the name of an image: "+
			"with registry and namespace it has %d bytes, more than %d", entry.Package, len(full), maxRepository)
	}
	return nil
}

var validTag = pattern.New(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)

// checkTag refuses versions that Debian allows and registries do not. The hint says where it is written.
func checkTag(path string, img *Image, where string) error {
	if validTag.MatchString(img.Tag) {
		return nil
	}
	for _, c := range img.Tag {
		if !strings.ContainsRune("_.-", c) && !isAlphanumeric(c) {
			return newProblem(fault.InvalidTag, path, img.Line, fmt.Sprintf("write a dash or a dot instead of %q %s", string(c), where),
				"cannot use version %s of %s as a tag: tags have no %q", img.Tag, img.Name, string(c))
		}
	}
	if len(img.Tag) > 128 {
		return newProblem(fault.InvalidTag, path, img.Line, "shorten the version", "cannot use version %s… of %s as a tag: "+
			"it has %d bytes, more than 128", img.Tag[:40], img.Name, len(img.Tag))
	}
	return newProblem(fault.InvalidTag, path, img.Line, "begin the version with a digit",
		"cannot use version %q of %s as a tag: tags begin with a letter, a digit or _", img.Tag, img.Name)
}

func isAlphanumeric(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
