package fleet

import (
	"errors"
	"path"
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

	everything bool // inspect each template, whether or not there is a problem
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
	inspected         map[string]*inspection // by the template's name, as far as they were made
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
	shown := r.scan.show(e.img, name)
	if _, _, err := r.scan.tree.check(path.Join(e.img.Dir, name), maxTemplate); err != nil {
		e.fail(problem(UnreadableFile, shown, 0, "", "cannot read the template: %v", err))
		return ""
	}
	result, err := env.render(e.dir(), name)
	e.img.Templates = append(e.img.Templates, result.Files...)
	if err != nil {
		e.fail(e.templateProblems(env, name, err)...)
	}
	e.suspect(env, name)
	if r.everything {
		e.inspect(env, name)
	}
	text := string(result.Text)
	if err != nil || r.scan.ParseDockerfile == nil {
		return text
	}
	from := &origins{edges: e, env: env, name: name, text: text}
	parsed, err := r.scan.ParseDockerfile(result.Text)
	if err != nil {
		e.fail(r.parseProblem(e.img, from, err))
		return text
	}
	for _, u := range parsed.Uses {
		e.use(u, from)
	}
	if name == templateFile {
		e.img.Base = parsed.Base
	}
	if name == templateFile && r.scan.Config.ForceNumericUser {
		r.checkUser(e, from, parsed)
	}
	return text
}

func (r *renderer) parseProblem(img *Image, from *origins, err error) Problem {
	line := 0
	if e := (*ParseError)(nil); errors.As(err, &e) {
		line = e.Line
	}
	return from.mark(problem(DockerfileSyntax, r.scan.show(img, from.name), 0, "`slipway render "+img.Name+" "+r.scan.tree.dir+"` prints it",
		"cannot parse the rendered Dockerfile: %v", err), line)
}

var numericUser = regexp.MustCompile(`^[0-9]+(:[0-9]+)?$`)

// checkUser is force_numeric_user: a cluster that forbids root cannot tell who a named user is.
func (r *renderer) checkUser(e *edges, from *origins, d Dockerfile) {
	if d.LastUser == "" || numericUser.MatchString(d.LastUser) {
		return
	}
	name, _, _ := strings.Cut(d.LastUser, ":")
	hint := `write the number, or {{ "` + name + `" | uid }} with the name in known_uid_mappings`
	if numericUser.MatchString(name) {
		hint = "write the number of the group, too"
	}
	e.fail(from.mark(problem(UserNotNumeric, r.scan.show(e.img, templateFile), 0, hint,
		"cannot accept USER %s: force_numeric_user asks for a number", d.LastUser), d.LastUserLine))
}
