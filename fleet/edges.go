package fleet

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/slipway-build/slipway/fleet/fault"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/ref"
	"github.com/slipway-build/slipway/template"
)

// edges collects what one image depends on.
type edges struct {
	rendered
	scan    *scan
	names   *resolver
	img     *Image
	control bool // there is a file that declares what it depends on
	warned  bool // by the template that is rendered now
}

// dir is the folder of the image as messages and the template engine have it.
func (e *edges) dir() string { return filepath.FromSlash(e.scan.show(e.img, ".")) }

func (e *edges) fail(problems ...Problem) {
	for _, p := range problems {
		e.img.Err = errors.Join(e.img.Err, p)
	}
}

// failUnread is fail for what leaves a Dockerfile without edges.
func (e *edges) failUnread(problems ...Problem) {
	e.fail(problems...)
	e.img.unread = append(e.img.unread, problems...)
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
	return Problem{Problem: problem.Problem{Kind: fault.UnknownUser, Path: w.Path, Line: w.Line, Text: w.Msg}, Via: w.Via}
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
		if e.scan.fleet.byName[alternative] != nil || e.names.isListed(alternative) {
			name = alternative
			break
		}
		if !isBase && e.names.isBase(alternative) {
			name, isBase = alternative, true
		}
	}
	doubtful := rel.partial || rel.overridden
	if d := e.find(name); d != nil {
		d.doubtful = d.doubtful && doubtful
		return
	}
	img := e.scan.fleet.byName[name]
	if rel.partial && img == nil {
		return // it is told already
	}
	e.img.Depends = append(e.img.Depends, Dependency{
		Name: name, Image: img, Declared: true, File: controlFile, Line: rel.line, doubtful: doubtful,
	})
	if img == nil && !isBase && !e.names.isListed(name) {
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
	e.missing = append(e.missing, newProblem(fault.UnknownDependency, e.scan.show(e.img, controlFile), line, hint,
		"%s depends on %s, which no folder under %s defines", e.img.Name, name, e.scan.tree.dir))
}

// checkVersion compares a restriction like (>= 1.2) with what the fleet has. docker-pkg does not
// look at restrictions, so one that does not hold is a warning.
func (e *edges) checkVersion(img *Image, rel relation) {
	if !img.Version.Satisfies(rel.operator, rel.version) {
		e.warnings = append(e.warnings, newProblem(fault.UnmetVersion, e.scan.show(e.img, controlFile), rel.line, "",
			"%s depends on %s (%s %s), the fleet has %s", e.img.Name, img.Name, rel.operator, rel.version, img.Version))
	}
}

// useAll takes the references in a rendered Dockerfile.
func (e *edges) useAll(d Dockerfile, from *origins) {
	for i := range d.Uses {
		e.use(&d.Uses[i], from)
	}
	e.note(from, d)
	e.needSecrets(d, from.name)
}

// use takes one reference; a short one it gives its full form. Only images of the fleet are dependencies.
func (e *edges) use(given *Use, from *origins) {
	u := *given
	target, as := e.names.find(u.Ref)
	if target == nil {
		if target, as = e.short(u, from); target != nil && as != outdated {
			given.Ref = target.Ref
		}
	}
	added := strings.HasPrefix(u.Kind, OnBuildUse)
	if target == e.img && !added && e.original(as) {
		target, e.img.Before = nil, append(e.img.Before, u.Ref)
	}
	if target == nil {
		e.elsewhere(u.Ref, added)
		return
	}
	loose := looseUse{target: target, ref: u.Ref, kind: u.Kind, by: from.name, line: u.Line}
	if added {
		loose.of, loose.ofLine = e.img, u.Line
	}
	d := e.find(target.Name)
	if d == nil || as != outdated && !d.Declared && !d.becomesPart() {
		d = e.place(target, from, u)
		if as != outdated && target != e.img && !e.img.Derived { // an image that needs itself is a cycle, whatever control says
			loose.warning = e.undeclared(u, *d, from)
		}
	}
	if as != outdated && (as != current || added) {
		e.loose = append(e.loose, loose)
	}
	switch as {
	case current:
		d.ask(u, e.img, len(e.scan.platforms) > 1)
		d.Used, d.OnBuild = d.Used || !added, d.OnBuild || added
	case alias, rewritten:
		d.ask(u, e.img, len(e.scan.platforms) > 1)
		d.Aliased, d.OnBuild = d.Aliased || !added, d.OnBuild || added
		e.img.Aliases = append(e.img.Aliases, Alias{Ref: u.Ref, Image: target, Rewritten: as == rewritten, OnBuild: added})
		if e.img.Base == u.Ref {
			e.img.Base = target.Ref
		}
	case outdated:
		e.elsewhere(u.Ref, added)
		if target != e.img {
			e.stale(u, target, from)
		}
	}
}

// original tells whether an image means by its own name the one that it is made of: under a further tag, or
// where its name is that of Docker Hub's, which no registry stands before.
func (e *edges) original(as meaning) bool {
	return as == alias || as == rewritten || as == current && e.listed != nil && e.names.config.Registry == ""
}

// elsewhere notes an image that is none of the fleet's current ones.
func (e *edges) elsewhere(ref string, added bool) {
	if added {
		e.img.OnBuild = append(e.img.OnBuild, ref)
	} else {
		e.img.External = append(e.img.External, ref)
	}
}

// place makes the dependency that a line of a Dockerfile causes, or gives one that is there that place.
func (e *edges) place(target *Image, from *origins, u Use) *Dependency {
	d := e.find(target.Name)
	if d == nil {
		e.img.Depends = append(e.img.Depends, Dependency{Name: target.Name, Image: target})
		d = &e.img.Depends[len(e.img.Depends)-1]
	}
	d.File, d.Line = from.name, own(from.place(u.Line))
	return d
}

func (e *edges) undeclared(u Use, d Dependency, from *origins) Problem {
	p := from.mark(newProblem(fault.UndeclaredDependency, e.scan.show(e.img, d.File), 0, e.scan.declaring(e.img, d.Name, e.control),
		"dependency missing from control: %s uses %s (%s)", e.img.Name, d.Name, u.Kind), u.Line)
	e.warnings = append(e.warnings, p)
	return p
}

// declaring says how an image's control comes to name another image.
func (s *scan) declaring(img *Image, name string, exists bool) string {
	if exists {
		return fmt.Sprintf("add %q to %s", "Build-Depends: "+name, s.show(img, controlFile))
	}
	return fmt.Sprintf("make %s with the line %q", s.show(img, controlFile), "Build-Depends: "+name)
}

func (e *edges) stale(u Use, target *Image, from *origins) {
	_, tag, digest := ref.Split(u.Ref)
	what := target.Name + ":" + cmp.Or(tag, "latest")
	if tag == "" && digest != "" {
		what = target.Name + "@" + digest
	}
	hint := fmt.Sprintf("write {{ %q | image_tag }} to follow the fleet", target.Name)
	if from.plain {
		hint = "write " + target.Ref
	}
	e.warnings = append(e.warnings, from.mark(newProblem(fault.OutdatedReference, e.scan.show(e.img, from.name), 0, hint,
		"%s uses %s (%s), the fleet has %s", e.img.Name, what, u.Kind, target.Tag), u.Line))
}
