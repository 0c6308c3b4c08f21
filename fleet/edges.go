package fleet

import (
	"cmp"
	"fmt"
	"strings"
)

// edges collects what one image depends on.
type edges struct {
	rendered
	scan    *scan
	names   *resolver
	img     *Image
	control bool // there is a control file
}

// warn takes what the template engine finds suspicious; it does not say in which line.
func (e *edges) warn(msg string) {
	e.warnings = append(e.warnings, problem(e.scan.show(e.img, templateFile), 0, "", "%s", msg))
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
	e.img.Depends = append(e.img.Depends, Dependency{
		Name: name, Image: img, Declared: true, File: controlFile, Line: rel.line,
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
	if near := e.names.similar(name); near != "" {
		hint = "did you mean " + near + "?"
	}
	e.missing = append(e.missing, problem(e.scan.show(e.img, controlFile), line, hint,
		"%s depends on %s, which no folder under %s defines", e.img.Name, name, e.scan.tree.dir))
}

// checkVersion compares a restriction like (>= 1.2) with what the fleet has. docker-pkg does not
// look at restrictions, so one that does not hold is a warning.
func (e *edges) checkVersion(img *Image, rel relation) {
	if !satisfies(img.Version, rel.operator, rel.version) {
		e.warnings = append(e.warnings, problem(e.scan.show(e.img, controlFile), rel.line, "",
			"%s depends on %s (%s %s), the fleet has %s", e.img.Name, img.Name, rel.operator, rel.version, img.Version))
	}
}

// use takes a reference in a rendered Dockerfile. Only images of the fleet are dependencies.
func (e *edges) use(u Use, file, text string) {
	repo, tag, digest := splitRef(u.Ref)
	target := e.names.byRepo[repo]
	if target == nil {
		e.img.External = append(e.img.External, u.Ref)
		return
	}
	// What a build argument will bring is unknown: better built first in vain than too late.
	current := cmp.Or(tag, "latest") == target.Tag && digest == "" || strings.Contains(tag, "$")
	d := e.find(target.Name)
	if d == nil || current && !d.Declared && !d.Used {
		line := e.scan.source(e.img, file, text).use(u, target.Name)
		if d == nil {
			e.img.Depends = append(e.img.Depends, Dependency{Name: target.Name, Image: target})
			d = &e.img.Depends[len(e.img.Depends)-1]
		}
		d.File, d.Line = file, line
		if current {
			e.undeclared(u, *d)
		}
	}
	d.Used = d.Used || current
	if !current {
		e.img.External = append(e.img.External, u.Ref)
	}
	if !current && target != e.img {
		e.stale(u, target, file, text, tag, digest)
	}
}

func (e *edges) undeclared(u Use, d Dependency) {
	hint := fmt.Sprintf("add %q to %s", "Build-Depends: "+d.Name, e.scan.show(e.img, controlFile))
	if !e.control {
		hint = fmt.Sprintf("make %s with the line %q", e.scan.show(e.img, controlFile), "Build-Depends: "+d.Name)
	}
	e.warnings = append(e.warnings, problem(e.scan.show(e.img, d.File), d.Line, hint,
		"dependency missing from control: %s uses %s (%s)%s", e.img.Name, d.Name, u.Kind, renderedAt(d.Line, u.Line)))
}

func (e *edges) stale(u Use, target *Image, file, text, tag, digest string) {
	what := target.Name + ":" + cmp.Or(tag, "latest")
	if tag == "" && digest != "" {
		what = target.Name + "@" + digest
	}
	line := e.scan.source(e.img, file, text).mention(u, target.Name)
	e.warnings = append(e.warnings, problem(e.scan.show(e.img, file), line,
		fmt.Sprintf("write {{ %q | image_tag }} to follow the fleet", target.Name),
		"%s uses %s (%s), the fleet has %s%s", e.img.Name, what, u.Kind, target.Tag, renderedAt(line, u.Line)))
}
