package fleet

import (
	"errors"
	"path"
	"path/filepath"
	"regexp"

	"github.com/slipway-build/slipway/template"
)

// renderer is the second phase of a scan for one image at a time; it is safe for concurrent use.
type renderer struct {
	scan  *scan
	names *resolver
}

func newRenderer(s *scan) *renderer {
	return &renderer{scan: s, names: newResolver(s.Config, s.fleet)}
}

// rendered is what the second phase finds beside the image itself.
type rendered struct {
	warnings, missing []Problem
}

func (r *renderer) image(d definition) rendered {
	e := &edges{names: r.names, scan: r.scan, img: d.image, control: d.folder.control}
	for _, rel := range d.relations {
		e.declare(rel)
	}
	env := r.environment(e)
	d.image.Dockerfile = r.file(env, e, templateFile)
	if d.folder.build {
		d.image.BuildDockerfile = r.file(env, e, buildFile)
	}
	e.finish()
	return e.rendered
}

func (r *renderer) environment(e *edges) *template.Environment {
	cfg := r.scan.Config
	return template.New(template.Options{
		Variables:    r.names.variables,
		ImageTag:     r.names.imageTag,
		UIDs:         cfg.KnownUIDMappings,
		APTOnlyProxy: cfg.APTOnlyProxy,
		APTOptions:   cfg.APTOptions,
		Warn: func(msg string) {
			e.warnings = append(e.warnings, problem(r.scan.show(e.img, templateFile), 0, "", "%s", msg))
		},
	})
}

// file renders one template, parses the result and takes its edges over. Errors go to the image.
func (r *renderer) file(env *template.Environment, e *edges, name string) string {
	fail := func(err error) { e.img.Err = errors.Join(e.img.Err, err) }
	shown := r.scan.show(e.img, name)
	if _, _, err := r.scan.tree.check(path.Join(e.img.Dir, name), maxTemplate); err != nil {
		fail(problem(shown, 0, "", "cannot read the template: %v", err))
		return ""
	}
	data, err := env.Render(filepath.FromSlash(r.scan.show(e.img, ".")), name)
	if err != nil {
		fail(err)
		return ""
	}
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
	return problem(r.scan.show(img, templateFile), at,
		`write the number, or {{ "`+d.LastUser+`" | uid }} with the name in known_uid_mappings`,
		"cannot accept USER %s: force_numeric_user asks for a number%s", d.LastUser, renderedAt(at, d.LastUserLine))
}
