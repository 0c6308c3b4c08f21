package fleet

import (
	"errors"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/slipway-build/slipway/template"
)

// renderer is the second phase of a scan for one image at a time; it is safe for concurrent use.
type renderer struct {
	scan  *scan
	names *resolver
	desks sync.Pool // of *desk
	kept  atomic.Int64
	large sync.Mutex // held while a large Dockerfile is parsed
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
			Variables:    variables,
			ImageTag:     r.names.imageTag,
			UIDs:         s.Config.KnownUIDMappings,
			APTOnlyProxy: s.Config.APTOnlyProxy,
			APTOptions:   s.Config.APTOptions,
			APKProxy:     s.Config.APKOnlyProxy,
			DNFProxy:     s.Config.DNFOnlyProxy,
			Digests:      s.Config.ImageDigests,
			Paths:        paths,
			Root:         s.tree.root,
			Warn:         func(msg string) { d.edges.warn(msg) },
		})}
		return d
	}
	return r
}

// rendered is what the second phase finds beside the image itself.
type rendered struct {
	warnings, missing []Problem
	size              int // of the Dockerfiles in bytes
}

func (r *renderer) image(d definition) rendered {
	e := &edges{names: r.names, scan: r.scan, img: d.image, control: d.folder.control}
	for _, rel := range d.relations {
		e.declare(rel)
	}
	at := r.desks.Get().(*desk)
	at.edges = e
	defer func() { at.edges = nil; r.desks.Put(at) }()
	d.image.Dockerfile = r.keep(e, r.file(at.env, e, templateFile))
	if d.folder.build {
		d.image.BuildDockerfile = r.keep(e, r.file(at.env, e, buildFile))
	}
	slices.Sort(d.image.Templates)
	d.image.Templates = slices.Compact(d.image.Templates)
	d.image.sortDepends()
	e.limitWarnings()
	return e.rendered
}

const (
	// maxKept bounds the Dockerfiles of a fleet together, in bytes. That is 25 KiB for each of
	// 10,000 images.
	maxKept = 256 << 20
	// largeDockerfile is what is parsed one at a time: the parser takes hundreds of times its bytes.
	largeDockerfile = 64 << 10
	// maxWarnings and maxWarning bound what is told of one image, and the bytes of each.
	maxWarnings, maxWarning = 100, 2000
)

// keep counts a Dockerfile; what is too much is not kept, and checkKept tells it.
func (r *renderer) keep(e *edges, text string) string {
	e.size += len(text)
	if r.kept.Add(int64(len(text))) > maxKept {
		return ""
	}
	return text
}

// checkKept names the image with the largest Dockerfile where all are too much.
func (r *renderer) checkKept(results []rendered) error {
	if r.kept.Load() <= maxKept {
		return nil
	}
	largest := 0
	for i, result := range results {
		if result.size > results[largest].size {
			largest = i
		}
	}
	img := r.scan.definitions[largest].image
	return problem(r.scan.show(img, templateFile), 0, "the largest is that of "+img.Name,
		"cannot keep the rendered Dockerfiles: together they have %d bytes, more than the %d allowed", r.kept.Load(), maxKept)
}

// limitWarnings keeps a template from filling the memory with what it is warned about.
func (e *edges) limitWarnings() {
	if len(e.warnings) > maxWarnings {
		e.warnings = slices.Clone(e.warnings[:maxWarnings])
	}
	for i := range e.warnings {
		if w := &e.warnings[i]; len(w.Text) > maxWarning {
			w.Text = strings.ToValidUTF8(w.Text[:maxWarning], "") + "..."
		}
	}
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
	if len(data) > largeDockerfile {
		r.large.Lock()
		defer r.large.Unlock()
		defer runtime.GC() // the next one begins when the garbage of this one is gone
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
