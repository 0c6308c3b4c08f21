package fleet

import (
	"github.com/slipway-build/slipway/fleet/fault"
	"github.com/slipway-build/slipway/ref"
)

// parsedFile is one Dockerfile of an image, for what ONBUILD instructions of others add to it.
type parsedFile struct {
	name string // of its template
	Dockerfile
}

// note keeps what triggers needs of a Dockerfile, and whom ONBUILD instructions in it are about.
func (e *edges) note(from *origins, d Dockerfile) {
	for i := range d.Stages {
		for k := range d.Stages[i].OnBuild {
			u := &d.Stages[i].OnBuild[k]
			target, as := e.names.find(u.Ref)
			if target == nil {
				target, as = e.shortOnBuild(u)
			}
			if target != nil && as != outdated && target != e.img {
				e.passOn(target, from)
			}
		}
	}
	e.files = append(e.files, parsedFile{from.name, d})
}

// shortOnBuild is short for what an ONBUILD instruction of a listed image uses in others.
func (e *edges) shortOnBuild(u *Use) (*Image, meaning) {
	if e.listed == nil {
		return nil, outdated
	}
	repo, _, digest := ref.Split(u.Ref)
	target, as := e.names.find(e.names.config.Name(repo) + u.Ref[len(repo):])
	if target == nil || as == outdated || digest != "" || !e.listed.replace(*u, target.Ref, false) {
		return nil, outdated
	}
	u.Ref = target.Ref
	return target, current
}

// passOn notes that what is built FROM the image needs another one.
func (e *edges) passOn(target *Image, from *origins) {
	if e.find(target.Name) == nil {
		e.img.Depends = append(e.img.Depends, Dependency{Name: target.Name, Image: target, File: from.name})
	}
	e.find(target.Name).PassedOn = true
}

// triggers is the third phase of a scan: what ONBUILD instructions of the fleet's images add to others, and
// which edges of the graph that leaves.
func (r *renderer) triggers(results []rendered) {
	t := &trigger{renderer: r, onBuild: map[*Image][]Use{}}
	for i, result := range results {
		img := r.scan.definitions[i].image
		if uses := finalStage(result).OnBuild; len(uses) > 0 {
			t.onBuild[img] = uses
		}
	}
	if len(t.onBuild) > 0 {
		t.all(results)
	}
	r.triggeredSecrets(results)
	r.loosen(results)
	for _, a := range t.added {
		if d := (&edges{img: a.img}).find(a.target.Name); d == nil || !d.Orders() {
			continue // it was a cycle
		}
		if !a.img.Derived && a.img != a.target && !declares(a.img, a.target, map[*Image]bool{}) {
			results[a.img.index].warnings = append(results[a.img.index].warnings, t.undeclared(a))
		}
	}
}

// all looks at all images.
func (t *trigger) all(results []rendered) {
	for i := range results {
		img := t.scan.definitions[i].image
		t.result = &results[i]
		before := len(img.Depends)
		for _, file := range results[i].files {
			t.file(img, file)
		}
		if len(img.Depends) > before {
			img.sortDepends()
		}
		img.sortUses()
	}
}

// finalStage is the stage that becomes the image.
func finalStage(result rendered) Stage {
	for _, file := range result.files {
		if len(file.Stages) > 0 && file.name == result.recipe.Dockerfile.File {
			return file.Stages[file.Stage(result.recipe.Target)]
		}
	}
	return Stage{}
}

// trigger adds to Dockerfiles what ONBUILD instructions bring.
type trigger struct {
	*renderer
	onBuild map[*Image][]Use
	added   []addition
	result  *rendered // of the image that gets them
}

// addition is a dependency that an ONBUILD instruction of another image made.
type addition struct {
	img, of, target *Image
	use             Use    // of the image that has the instruction
	file            string // of the image that gets it
	line            int    // in its rendered Dockerfile
}

func (t *trigger) file(img *Image, file parsedFile) {
	seen := map[*Image]bool{}
	for _, u := range file.Uses {
		if parent, as := t.names.find(u.Ref); parent != nil && as != outdated && parent != img && !u.Idle {
			t.add(img, parent, file, u, seen)
		}
	}
}

// add adds what the instructions of a parent use: to the image where it is built FROM the parent, else to
// what BuildKit looks up. They know the stages of the Dockerfile that they get into. What they use has
// instructions, too, which work nowhere, but are looked up.
func (t *trigger) add(img, parent *Image, file parsedFile, by Use, seen map[*Image]bool) {
	part := by.Kind == FromUse
	if seen[parent] && !part {
		return
	}
	seen[parent] = true
	for _, u := range t.onBuild[parent] {
		_, stage := file.StageOf(u)
		target, as := t.names.find(u.Ref)
		switch {
		case stage:
		case target == nil || as == outdated:
			if part {
				img.OnBuild = append(img.OnBuild, u.Ref)
			}
		case part || target != img: // what it only looks up may be there from an earlier build of it
			t.depend(addition{img: img, of: parent, target: target, use: u, file: file.name, line: by.Line}, part)
			if as == alias {
				img.Aliases = append(img.Aliases, Alias{Ref: u.Ref, Image: target, OnBuild: true})
			}
			t.add(img, target, file, Use{Line: by.Line}, seen)
		}
	}
}

// depend makes an edge of the graph.
func (t *trigger) depend(a addition, part bool) {
	t.result.loose = append(t.result.loose, looseUse{
		target: a.target, ref: a.use.Ref, kind: a.use.Kind, by: a.file, line: a.line, of: a.of, ofLine: a.use.Line, idle: !part,
	})
	e := edges{img: a.img}
	d := e.find(a.target.Name)
	if d == nil {
		a.img.Depends = append(a.img.Depends, Dependency{Name: a.target.Name, Image: a.target})
		d = &a.img.Depends[len(a.img.Depends)-1]
	}
	if !d.Orders() {
		d.File, d.Line = a.file, 0
		t.added = append(t.added, a)
	}
	d.OnBuild, d.alsoOwn = d.OnBuild || part, true
	d.LookedUp = d.LookedUp || !part
}

// undeclared tells of an edge that only an ONBUILD instruction makes: docker-pkg's order comes from
// control files alone.
func (t *trigger) undeclared(a addition) Problem {
	hint := t.scan.declaring(a.img, a.target.Name, t.scan.definitions[a.img.index].controlled)
	p := newProblem(fault.UndeclaredDependency, t.scan.show(a.img, a.file), 0, hint,
		"dependency missing from control: %s uses %s (%s%s in %s)", a.img.Name, a.target.Name, OnBuildUse, a.use.Kind, a.of.Name)
	return p.at(a.img.Definition.Place(a.file, a.line), a.line)
}

// declares tells whether control files lead from an image to another.
func declares(img, target *Image, seen map[*Image]bool) bool {
	seen[img] = true
	for _, d := range img.Depends {
		if d.Declared && d.Image != nil && (d.Image == target || !seen[d.Image] && declares(d.Image, target, seen)) {
			return true
		}
	}
	return false
}
