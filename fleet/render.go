package fleet

import (
	"errors"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/slipway-build/slipway/template"
)

// renderer is the second phase of a scan for one image at a time; it is safe for concurrent use.
type renderer struct {
	scan  *scan
	names *resolver
	desks sync.Pool // of *desk
}

// desk is a template environment and who works at it. Making an environment takes as long as
// rendering with it, and its warnings do not say whose they are.
type desk struct {
	env   imageTemplates
	edges *edges
}

func newRenderer(s *scan) *renderer {
	r := &renderer{scan: s, names: newResolver(s.Config, s.fleet)}
	variables := s.Config.Variables()
	paths := shownPaths(s.Config.TemplatePaths)
	r.desks.New = func() any {
		d := &desk{}
		d.env = imageTemplates{desk: d, platform: s.platform(), shared: template.New(template.Options{
			Variables: variables,
			ImageTag:  r.names.imageTag,
			APKProxy:  s.Config.APKOnlyProxy,
			DNFProxy:  s.Config.DNFOnlyProxy,
			Digests:   s.Config.ImageDigests,
			Paths:     paths,
			Root:      s.tree.root,
			Private:   s.Config.PrivateFiles(),
			Warn:      func(msg string) { d.edges.warn(msg) },
		})}
		return d
	}
	return r
}

// rendered is what the second phase finds beside the image itself.
type rendered struct {
	warnings, missing []Problem
}

func (r *renderer) image(d definition) rendered {
	if d.image.Listed != nil {
		return r.listed(d)
	}
	e := &edges{names: r.names, scan: r.scan, img: d.image, control: d.folder.control}
	for _, rel := range d.relations {
		e.declare(rel)
	}
	at := r.desks.Get().(*desk)
	at.edges = e
	defer func() { at.edges = nil; r.desks.Put(at) }()
	d.image.Dockerfile = r.file(at.env, e, templateFile)
	if d.folder.build {
		d.image.BuildDockerfile = r.file(at.env, e, buildFile)
	}
	slices.Sort(d.image.Templates)
	d.image.Templates = slices.Compact(d.image.Templates)
	slices.Sort(d.image.External)
	d.image.External = slices.Compact(d.image.External)
	d.image.sortDepends()
	return e.rendered
}

// file renders one template, parses the result and takes its edges over. Errors go to the image.
func (r *renderer) file(env imageTemplates, e *edges, name string) string {
	fail := func(err error) { e.img.Err = errors.Join(e.img.Err, err) }
	shown := r.scan.show(e.img, name)
	if _, _, err := r.scan.tree.check(path.Join(e.img.Dir, name), maxTemplate); err != nil {
		fail(problem(shown, 0, "", "cannot read the template: %v", err))
		return ""
	}
	result, err := env.render(filepath.FromSlash(r.scan.show(e.img, ".")), name)
	e.img.Templates = append(e.img.Templates, result.Files...)
	if err != nil {
		fail(templateProblem(shown, err))
		return ""
	}
	data := result.Text
	text := string(data)
	if r.scan.ParseDockerfile == nil {
		return text
	}
	parsed, err := r.scan.ParseDockerfile(data)
	if err != nil {
		fail(r.parseProblem(e.img, name, text, err))
		return text
	}
	for _, u := range parsed.Uses {
		e.use(u, name, text)
	}
	if name == templateFile && r.scan.Config.ForceNumericUser {
		if err := r.checkUser(e.img, text, parsed); err != nil {
			fail(err)
		}
	}
	return text
}

func templateProblem(path string, err error) Problem {
	if e := (*template.Error)(nil); errors.As(err, &e) {
		return Problem{Path: e.Path, Line: e.Line, Text: e.Msg, Hint: e.Hint}
	}
	return problem(path, 0, "", "cannot render the template: %v", err)
}

// source reads the template again; only problems need it.
func (s *scan) source(img *Image, name, text string) source {
	data, err := s.tree.read(path.Join(img.Dir, name), maxTemplate)
	if err != nil {
		return source{rendered: text} // no line is found in it: the problem names the file alone
	}
	return newSource(data, text)
}

func (r *renderer) parseProblem(img *Image, name, text string, err error) Problem {
	line := 0
	if e := (*ParseError)(nil); errors.As(err, &e) {
		line = e.Line
	}
	at := r.scan.source(img, name, text).line(line)
	return problem(r.scan.show(img, name), at, "`slipway render "+img.Name+" "+r.scan.tree.dir+"` prints it",
		"cannot parse the rendered Dockerfile: %v%s", err, renderedAt(at, line))
}

var numericUser = regexp.MustCompile(`^[0-9]+(:[0-9]+)?$`)

// checkUser is force_numeric_user: a cluster that forbids root cannot tell who a named user is.
func (r *renderer) checkUser(img *Image, text string, d Dockerfile) error {
	if d.LastUser == "" || numericUser.MatchString(d.LastUser) {
		return nil
	}
	at := r.scan.source(img, templateFile, text).user()
	name, _, _ := strings.Cut(d.LastUser, ":")
	hint := `write the number, or {{ "` + name + `" | uid }} with the name in known_uid_mappings`
	if numericUser.MatchString(name) {
		hint = "write the number of the group, too"
	}
	return problem(r.scan.show(img, templateFile), at, hint,
		"cannot accept USER %s: force_numeric_user asks for a number%s", d.LastUser, renderedAt(at, d.LastUserLine))
}
