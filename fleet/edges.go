package fleet

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/slipway-build/slipway/template"
)

// edges collects what one image depends on.
type edges struct {
	rendered
	scan    *scan
	names   *resolver
	img     *Image
	control bool // there is a control file
	warned  bool // by the template that is rendered now
	// text are the lines of a listed image's Dockerfile, see short.
	text []string
}

// dir is the folder of the image as messages and the template engine have it.
func (e *edges) dir() string { return filepath.FromSlash(e.scan.show(e.img, ".")) }

func (e *edges) fail(problems ...Problem) {
	for _, p := range problems {
		e.img.Err = errors.Join(e.img.Err, p)
	}
}

// warn notes that the template engine finds something suspicious; it does not say in which line.
func (e *edges) warn(string) { e.warned = true }

// suspect adds what the template engine finds suspicious in the template that was just rendered.
func (e *edges) suspect(from *origins) {
	if !e.warned {
		return
	}
	e.warned = false
	for _, w := range from.inspect().Warnings {
		if !w.Untaken {
			e.warnings = append(e.warnings, suspicion(w))
		}
	}
}

func suspicion(w template.Warning) Problem {
	return Problem{Kind: UnknownUser, Path: w.Path, Line: w.Line, Via: w.Via, Text: w.Msg}
}

func (e *edges) find(name string) *Dependency {
	for i := range e.img.Depends {
		if d := &e.img.Depends[i]; d.Name == name {
			return d
		}
	}
	return nil
}

// declare takes an item of control. Of alternatives the first that the fleet defines counts, then
// the first base image.
func (e *edges) declare(rel relation) {
	name := rel.names[0]
	isBase := false
	for _, alternative := range rel.names {
		if e.scan.fleet.byName[alternative] != nil {
			name = alternative
			break
		}
		if !isBase && e.names.isBase(alternative) {
			name, isBase = alternative, true
		}
	}
	if e.find(name) != nil {
		return
	}
	img := e.scan.fleet.byName[name]
	if rel.partial && img == nil {
		return // it is told already
	}
	e.img.Depends = append(e.img.Depends, Dependency{
		Name: name, Image: img, Declared: true, File: controlFile, Line: rel.line, partial: rel.partial,
	})
	if img == nil && !isBase {
		e.miss(name, rel.line)
	}
	if img != nil && name == rel.names[0] {
		e.checkVersion(img, rel)
	}
}

func (e *edges) miss(name string, line int) {
	hint := "list it in base_images if it comes from elsewhere"
	if e.scan.fleet.exclude.names(name) {
		hint = excludedHint
	} else if near := e.names.similar(name); near != "" {
		hint = "did you mean " + near + "?"
	}
	e.missing = append(e.missing, problem(UnknownDependency, e.scan.show(e.img, controlFile), line, hint,
		"%s depends on %s, which no folder under %s defines", e.img.Name, name, e.scan.tree.dir))
}

// checkVersion compares a restriction like (>= 1.2) with what the fleet has. docker-pkg does not
// look at restrictions, so one that does not hold is a warning.
func (e *edges) checkVersion(img *Image, rel relation) {
	if !satisfies(img.Version, rel.operator, rel.version) {
		e.warnings = append(e.warnings, problem(UnmetVersion, e.scan.show(e.img, controlFile), rel.line, "",
			"%s depends on %s (%s %s), the fleet has %s", e.img.Name, img.Name, rel.operator, rel.version, img.Version))
	}
}

// use takes a reference in a rendered Dockerfile. Only images of the fleet are dependencies.
func (e *edges) use(u Use, from *origins) {
	repo, tag, digest := SplitRef(u.Ref)
	target := e.names.byRepo[repo]
	if target == nil {
		target = e.short(u, from)
	}
	if target == nil {
		e.img.External = append(e.img.External, u.Ref)
		return
	}
	// What a build argument will bring is unknown: better built first in vain than too late.
	if tag == "" && digest == "" {
		tag = "latest"
	}
	current := tag == target.Tag || strings.Contains(tag, "$")
	d := e.find(target.Name)
	if d == nil || current && !d.Declared && !d.Used {
		if d == nil {
			e.img.Depends = append(e.img.Depends, Dependency{Name: target.Name, Image: target})
			d = &e.img.Depends[len(e.img.Depends)-1]
		}
		d.File, d.Line = from.name, own(from.place(u.Line))
		if current && target != e.img && e.img.Listed == nil { // an image that needs itself is a cycle, whatever control says
			e.undeclared(u, *d, from)
		}
	}
	d.Used = d.Used || current
	if !current {
		e.img.External = append(e.img.External, u.Ref)
	}
	if !current && target != e.img {
		e.stale(u, target, from, tag, digest)
	}
}

func (e *edges) undeclared(u Use, d Dependency, from *origins) {
	hint := fmt.Sprintf("add %q to %s", "Build-Depends: "+d.Name, e.scan.show(e.img, controlFile))
	if !e.control {
		hint = fmt.Sprintf("make %s with the line %q", e.scan.show(e.img, controlFile), "Build-Depends: "+d.Name)
	}
	e.warnings = append(e.warnings, from.mark(problem(UndeclaredDependency, e.scan.show(e.img, d.File), 0, hint,
		"dependency missing from control: %s uses %s (%s)", e.img.Name, d.Name, u.Kind), u.Line))
}

func (e *edges) stale(u Use, target *Image, from *origins, tag, digest string) {
	what := target.Name + ":" + cmp.Or(tag, "latest")
	if tag == "" && digest != "" {
		what = target.Name + "@" + digest
	}
	hint := fmt.Sprintf("write {{ %q | image_tag }} to follow the fleet", target.Name)
	if e.img.Listed != nil {
		hint = "write " + target.Ref
	}
	e.warnings = append(e.warnings, from.mark(problem(OutdatedReference, e.scan.show(e.img, from.name), 0, hint,
		"%s uses %s (%s), the fleet has %s", e.img.Name, what, u.Kind, target.Tag), u.Line))
}
