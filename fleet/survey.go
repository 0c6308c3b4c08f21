package fleet

import (
	"cmp"
	"context"
	"errors"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/slipway-build/slipway/template"
	"github.com/slipway-build/slipway/template/jinja"
)

// Kind says in a word what a problem is about, for those who sort problems and do not only print
// them. The words are the names of the rules of slipway lint.
type Kind string

// The kinds of problems that a scan finds.
const (
	UnreadableFile       Kind = "unreadable-file"
	IncompleteFolder     Kind = "incomplete-folder"
	OutsideFolder        Kind = "outside-folder"
	ChangelogSyntax      Kind = "changelog-syntax"
	InvalidName          Kind = "invalid-name"
	InvalidTag           Kind = "invalid-tag"
	DuplicateName        Kind = "duplicate-name"
	ControlSyntax        Kind = "control-syntax"
	DependencyCycle      Kind = "dependency-cycle"
	UnknownDependency    Kind = "unknown-dependency"
	UnmetVersion         Kind = "unmet-version"
	UndeclaredDependency Kind = "undeclared-dependency"
	OutdatedReference    Kind = "outdated-reference"
	UndefinedVariable    Kind = "undefined-variable"
	UnknownImage         Kind = "unknown-image"
	UnknownUser          Kind = "unknown-user"
	TemplateError        Kind = "template-error"
	DockerfileSyntax     Kind = "dockerfile-syntax"
	UserNotNumeric       Kind = "user-not-numeric"
)

// Observation is a problem, its kind and whose it is.
type Observation struct {
	Problem
	Kind  Kind
	Image *Image // nil when the folder defines none, or more than one is concerned
}

// Survey is a scan for those who judge definitions and do not build them: it goes on where Scan must
// stop, and keeps the problems apart.
type Survey struct {
	// Fleet is what Scan would return. Unless Ordered it has no order, as there are cycles or two
	// folders with one name.
	Fleet   *Fleet
	Ordered bool

	Observations []Observation // sorted by path, line and text

	scan     *scan
	renderer *renderer
}

// Inspect reads all definitions below a folder. The error means that there is nothing to judge: the
// folder cannot be read, or ctx ended.
func Inspect(ctx context.Context, o ScanOptions) (*Survey, error) {
	if o.Config == nil {
		return nil, errors.New("internal error: cannot inspect without a configuration")
	}
	t, err := openTree(o.Dir)
	if err != nil {
		return nil, err
	}
	found, err := t.walk(ctx)
	if err != nil {
		return nil, err
	}
	v := &Survey{Fleet: &Fleet{Root: t.root, dir: t.dir}, Ordered: true}
	v.scan = &scan{ScanOptions: o, tree: t, fleet: v.Fleet}
	for _, p := range found.warnings {
		kind := IncompleteFolder
		if strings.HasPrefix(p.Text, "cannot read") {
			kind = UnreadableFile
		}
		v.add(kind, nil, p)
	}
	v.add(OutsideFolder, nil, found.broken...)
	if err := v.read(ctx, found.images); err != nil {
		return nil, err
	}
	if err := v.render(ctx); err != nil {
		return nil, err
	}
	if err := v.Fleet.link(); err != nil {
		v.Ordered = false
		v.add(DependencyCycle, nil, problemsOf(err)...)
	}
	slices.SortStableFunc(v.Observations, func(a, b Observation) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Text, b.Text))
	})
	return v, nil
}

func (v *Survey) add(kind Kind, img *Image, problems ...Problem) {
	for _, p := range problems {
		v.Observations = append(v.Observations, Observation{Problem: p, Kind: kind, Image: img})
	}
}

// read is scan.read, but two folders with one name do not end it.
func (v *Survey) read(ctx context.Context, folders []folder) error {
	definitions := make([]definition, len(folders))
	r := &reader{tree: v.scan.tree, config: v.scan.Config, suffix: v.scan.TagSuffix}
	if err := v.scan.parallel(ctx, len(folders), func(i int) { definitions[i] = r.read(folders[i]) }); err != nil {
		return err
	}
	for _, d := range definitions {
		if d.problem == nil {
			v.Fleet.Images = append(v.Fleet.Images, d.image)
			continue
		}
		kind := InvalidName
		if _, err := r.newestEntry(path.Join(d.folder.rel, changelogFile)); err != nil {
			kind = ChangelogSyntax
		}
		v.add(kind, nil, *d.problem)
		v.Fleet.Broken = append(v.Fleet.Broken, *d.problem)
	}
	sortProblems(v.Fleet.Broken)
	if err := v.Fleet.index(); err != nil {
		v.Ordered = false
		v.add(DuplicateName, nil, problemsOf(err)...)
	}
	v.scan.definitions = make([]definition, len(v.Fleet.Images))
	for _, d := range definitions {
		if d.image != nil {
			v.scan.definitions[d.image.index] = d
		}
	}
	return nil
}

func (v *Survey) render(ctx context.Context) error {
	v.renderer = newRenderer(v.scan)
	results := make([]rendered, len(v.scan.definitions))
	kinds := make([][]Observation, len(results))
	err := v.scan.parallel(ctx, len(results), func(i int) {
		d := v.scan.definitions[i]
		results[i] = v.renderer.image(d)
		for _, p := range problemsOf(d.image.Err) {
			kinds[i] = append(kinds[i], Observation{Problem: p, Kind: v.errorKind(d.image, p), Image: d.image})
		}
		for _, p := range results[i].warnings {
			kinds[i] = append(kinds[i], Observation{Problem: p, Kind: v.warningKind(d.image, p), Image: d.image})
		}
	})
	if err != nil {
		return err
	}
	if err := v.renderer.checkKept(results); err != nil {
		return err
	}
	for i, result := range results {
		v.Observations = append(v.Observations, kinds[i]...)
		v.Fleet.missing = append(v.Fleet.missing, result.missing...)
		v.add(UnknownDependency, v.Fleet.Images[i], result.missing...)
	}
	sortProblems(v.Fleet.missing)
	return nil
}

// problemsOf takes a joined error apart.
func problemsOf(err error) []Problem {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []Problem
		for _, e := range joined.Unwrap() {
			all = append(all, problemsOf(e)...)
		}
		return all
	}
	if p := (Problem{}); errors.As(err, &p) {
		return []Problem{p}
	}
	return nil
}

// errorKind is the kind of a problem in Image.Err.
func (v *Survey) errorKind(img *Image, p Problem) Kind {
	name, text := templateFile, img.Dockerfile
	switch p.Path {
	case v.scan.show(img, changelogFile):
		return InvalidTag
	case v.scan.show(img, controlFile):
		return ControlSyntax
	case v.scan.show(img, buildFile):
		name, text = buildFile, img.BuildDockerfile
	}
	if text == "" {
		if kind := v.renderKind(img, name); kind != "" {
			return kind
		}
	}
	if _, err := v.scan.ParseDockerfile([]byte(text)); err != nil {
		return DockerfileSyntax
	}
	return UserNotNumeric
}

// renderKind renders again to learn why it fails; "" when it does not.
func (v *Survey) renderKind(img *Image, name string) Kind {
	if _, _, err := v.scan.tree.check(path.Join(img.Dir, name), maxTemplate); err != nil {
		return UnreadableFile
	}
	_, err := v.draft(img, filepath.FromSlash(v.scan.show(img, ".")), name)
	var cause *jinja.Error
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &cause):
		return TemplateError
	case cause.Kind == jinja.UndefinedError:
		return UndefinedVariable
	case cause.Kind == jinja.HostError && strings.HasPrefix(cause.Msg, "cannot find image "):
		return UnknownImage
	case cause.Kind == jinja.HostError && strings.HasPrefix(cause.Msg, "no mapping found for user "):
		return UnknownUser
	}
	return TemplateError
}

// draft renders a template of the image that lies in dir; warnings are dropped.
func (v *Survey) draft(img *Image, dir, name string) ([]byte, error) {
	at := v.renderer.desks.Get().(*desk)
	at.edges = &edges{scan: v.scan, names: v.renderer.names, img: img}
	defer func() { at.edges = nil; v.renderer.desks.Put(at) }()
	data, err := at.env.Render(dir, name)
	if e := (*template.Error)(nil); errors.As(err, &e) {
		return nil, e
	}
	return data, err
}

// warningKind is the kind of a problem that the edges of an image gave.
func (v *Survey) warningKind(img *Image, p Problem) Kind {
	switch {
	case p.Path == v.scan.show(img, controlFile):
		return UnmetVersion
	case strings.HasPrefix(p.Text, "dependency missing from control: "):
		return UndeclaredDependency
	case strings.Contains(p.Text, ", the fleet has "):
		return OutdatedReference
	}
	return UnknownUser // what template.Options.Warn gets
}

// atRendered is what renderedAt puts behind a text.
var atRendered = regexp.MustCompile(`(?s)^(.*) \(line ([0-9]+) of the rendered Dockerfile\)$`)

// SplitRendered takes the words "(line N of the rendered Dockerfile)" off a problem's text, which
// stand there when the template's line is not known.
func SplitRendered(text string) (string, int) {
	m := atRendered.FindStringSubmatch(text)
	if m == nil {
		return text, 0
	}
	line, _ := strconv.Atoi(m[2]) // digits, or too many: 0 is "unknown"
	return m[1], line
}
