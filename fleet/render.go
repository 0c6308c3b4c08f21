package fleet

import (
	"errors"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/slipway-build/slipway/fleet/fault"
	"github.com/slipway-build/slipway/pattern"
	"github.com/slipway-build/slipway/template"
)

// renderer is the second phase of a scan for one image at a time; it is safe for concurrent use.
type renderer struct {
	scan  *scan
	names *resolver
	desks sync.Pool    // of *desk
	kept  atomic.Int64 // bytes of Dockerfiles
	lines atomic.Int64 // places of their lines
	large sync.Mutex   // held while a large Dockerfile is parsed

	everything bool // inspect each template, whether or not there is a problem
}

// desk is a template environment and who works at it. Making an environment takes as long as
// rendering with it, and its warnings do not say whose they are.
type desk struct {
	env   imageTemplates
	edges *edges
}

func newRenderer(s *scan) *renderer {
	r := &renderer{scan: s, names: newResolver(s)}
	variables := s.Config.Variables()
	paths := shownPaths(s.Config.TemplatePaths)
	r.desks.New = func() any {
		d := &desk{}
		d.env = imageTemplates{desk: d, shared: template.New(template.Options{
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
	size              int                    // of the Dockerfiles in bytes
	lines             int                    // that the inspections keep the places of
	inspected         map[string]*inspection // by the template's name, as far as they were made
	files             []parsedFile
	loose             []looseUse
	base              string      // of the image, as written
	listed            *listedText // of a text that is a file as it stands; else nil
	recipe            Recipe
}

func (r *renderer) image(d definition) rendered {
	e := &edges{names: r.names, scan: r.scan, img: d.image, control: d.controlled}
	e.warnings, e.missing = slices.Clone(d.unfit), slices.Clone(d.unread)
	for _, rel := range d.relations {
		e.declare(rel)
	}
	d.draft.render(r, e)
	d.image.sortUses()
	d.image.sortDepends()
	e.limitWarnings()
	if !r.everything {
		e.inspected = nil
	}
	return e.rendered
}

const (
	// maxKept bounds the Dockerfiles of a fleet together, in bytes. That is 25 KiB for each of
	// 10,000 images.
	maxKept = 256 << 20
	// maxLines bounds where their lines come from, in places. That is 800 for each of them.
	maxLines = 8 << 20
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
	if kept := r.kept.Load(); kept > maxKept {
		return r.tooMuch(results, func(one rendered) int { return one.size },
			"cannot keep the rendered Dockerfiles: together they have %d bytes, more than the %d allowed", kept, maxKept)
	}
	if lines := r.lines.Load(); lines > maxLines {
		return r.tooMuch(results, func(one rendered) int { return one.lines },
			"cannot keep where the lines of the rendered Dockerfiles come from: together that is %d places, more than the %d allowed", lines, maxLines)
	}
	return nil
}

func (r *renderer) tooMuch(results []rendered, size func(rendered) int, format string, args ...any) error {
	largest := 0
	for i, result := range results {
		if size(result) > size(results[largest]) {
			largest = i
		}
	}
	img := r.scan.definitions[largest].image
	return newProblem(fault.TemplateError, r.scan.show(img, results[largest].recipe.Dockerfile.File), 0, "the largest is that of "+img.Name, format, args...)
}

// parse calls the parser; of large Dockerfiles it reads one at a time.
func (r *renderer) parse(img *Image, data []byte, args map[string]string, target string) (Dockerfile, error) {
	args = r.scan.automatic(img, args)
	if len(data) > largeDockerfile {
		r.large.Lock()
		defer r.large.Unlock()
		defer runtime.GC() // the next one begins when the garbage of this one is gone
	}
	return r.scan.ParseDockerfile(data, args, target)
}

// keepLines is keep for what a survey keeps beside a Dockerfile.
func (r *renderer) keepLines(e *edges, ins *inspection) {
	n := ins.size()
	e.lines += n
	if r.lines.Add(int64(n)) > maxLines {
		ins.places = nil
	}
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
func (r *renderer) file(env imageTemplates, e *edges, name string) (out Text) {
	out.File = name
	shown := r.scan.show(e.img, name)
	if _, _, err := r.scan.tree.check(path.Join(e.img.Dir, name), maxTemplate); err != nil {
		e.failUnread(newProblem(fault.UnreadableFile, shown, 0, "", "cannot read the template: %v", err))
		return out
	}
	result, err := env.render(e.dir(), name)
	e.img.Templates = append(e.img.Templates, result.Files...)
	text := string(result.Text)
	out.Text = r.keep(e, text)
	from := &origins{edges: e, env: env, name: name, text: text}
	if err != nil {
		e.failUnread(from.templateProblems(err)...)
	}
	e.suspect(from)
	if r.everything {
		r.keepLines(e, from.inspect())
	}
	if err != nil || r.scan.ParseDockerfile == nil {
		return out
	}
	parsed, err := r.parse(e.img, result.Text, nil, "")
	if err != nil {
		e.failUnread(r.parseProblem(e.img, from, err))
		return out
	}
	out.Instructions = parsed.Instructions
	if name == templateFile {
		e.img.Base, e.base = parsed.Base, parsed.Base
	}
	e.useAll(parsed, from)
	if name == templateFile && r.scan.Config.ForceNumericUser {
		r.checkUser(e, from, parsed)
	}
	return out
}

func (r *renderer) parseProblem(img *Image, from *origins, err error) Problem {
	line := 0
	if e := (*ParseError)(nil); errors.As(err, &e) {
		line = e.Line
	}
	render := "render "
	if from.name == buildFile {
		render = "render --build "
	}
	return from.mark(newProblem(fault.DockerfileSyntax, r.scan.show(img, from.name), 0, "`slipway "+render+img.Name+" "+r.scan.tree.dir+"` prints it",
		"cannot parse the rendered Dockerfile: %v", err), line)
}

var numericUser = pattern.New(`^[0-9]+(:[0-9]+)?$`)

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
	e.fail(from.mark(newProblem(fault.UserNotNumeric, r.scan.show(e.img, templateFile), 0, hint,
		"cannot accept USER %s: force_numeric_user asks for a number", d.LastUser), d.LastUserLine))
}
