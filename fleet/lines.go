package fleet

import (
	"errors"
	"strings"

	"github.com/slipway-build/slipway/fleet/fault"
	"github.com/slipway-build/slipway/jinja/python"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/template"
)

// inspection is what there is to know of one template of an image. It takes longer than the render
// that every scan does, so it is made when a problem needs it, or when a survey asks for all.
type inspection struct {
	template.Inspection                  // without its text and lines
	places              []template.Place // by rendered line; nil when they are not those of the image's Dockerfile
}

// inspect returns the inspection of the template, which is made once: a Dockerfile may have as many
// problems as lines.
func (o *origins) inspect() *inspection {
	e := o.edges
	if known := e.inspected[o.name]; known != nil {
		return known
	}
	ins := &inspection{Inspection: o.env.inspect(e.dir(), o.name)}
	if string(ins.Text) == o.text {
		ins.places = ins.Lines
	}
	ins.Text, ins.Lines = nil, nil
	if e.inspected == nil {
		e.inspected = map[string]*inspection{}
	}
	e.inspected[o.name] = ins
	return ins
}

// size is the number of places that are kept, those that led to others included.
func (ins *inspection) size() int {
	n, seen := len(ins.places), map[*template.Place]bool{}
	for i := range ins.places {
		for via := ins.places[i].Via; via != nil && !seen[via]; via = via.Via {
			seen[via] = true
			n++
		}
	}
	return n
}

// origins says where the lines of one rendered Dockerfile come from.
type origins struct {
	edges *edges
	env   imageTemplates
	name  string // of the template
	text  string // of the Dockerfile
	plain bool   // the text is the file as it stands
}

// place is where a rendered line comes from. Its Line is 0 when that is not known: for a line that
// the Dockerfile does not have, or where a template gives another text each time.
func (o *origins) place(rendered int) template.Place {
	if o.plain { // nothing was rendered
		return template.Place{Path: o.edges.scan.show(o.edges.img, o.name), Line: rendered}
	}
	return placeOf(o.inspect().places, rendered)
}

func placeOf(places []template.Place, rendered int) template.Place {
	if rendered <= 0 || rendered > len(places) {
		return template.Place{}
	}
	return places[rendered-1]
}

// mark gives a problem the place that a rendered line comes from.
func (o *origins) mark(p Problem, rendered int) Problem {
	return p.at(o.place(rendered), rendered)
}

func (p Problem) at(place template.Place, rendered int) Problem {
	if place.Line > 0 {
		p.Path, p.Line, p.Via = place.Path, place.Line, place.Via
	} else {
		p.Rendered = max(rendered, 0)
	}
	return p
}

// own is the line of the image's own template that led to a place.
func own(place template.Place) int {
	for place.Via != nil {
		place = *place.Via
	}
	return place.Line
}

// Place says where a line of a rendered Dockerfile comes from; file is its Text.File. A place without a line is one that is not known.
func (v *Survey) Place(img *Image, file string, rendered int) template.Place {
	if ins := v.inspected[img.index][file]; ins != nil {
		return placeOf(ins.places, rendered)
	}
	return img.Definition.Place(file, rendered)
}

// templateProblems are what is wrong with a template that cannot be rendered: all faults, or the
// render's own error when the inspection has none, as for a template that changes meanwhile.
func (o *origins) templateProblems(err error) []Problem {
	shown := o.edges.scan.show(o.edges.img, o.name)
	var problems []Problem
	for _, fault := range o.inspect().Faults {
		problems = append(problems, templateProblem(shown, fault))
	}
	sortProblems(problems)
	if problems == nil {
		problems = []Problem{templateProblem(shown, err)}
	}
	return problems
}

func templateProblem(path string, err error) Problem {
	if e := (*template.Error)(nil); errors.As(err, &e) {
		return Problem{Problem: problem.Problem{Kind: templateKind(e), Path: e.Path, Line: e.Line, Text: e.Msg, Hint: e.Hint}}
	}
	return newProblem(fault.TemplateError, path, 0, "", "cannot render the template: %v", err)
}

func templateKind(err *template.Error) problem.Kind {
	var cause *python.Error
	var user *template.UnknownUserError
	var image *unknownImage
	switch {
	case errors.As(err, &user):
		return fault.UnknownUser
	case errors.As(err, &image):
		return fault.UnknownImage
	case errors.As(err, &cause) && cause.Kind == python.UndefinedError:
		return fault.UndefinedVariable
	}
	return fault.TemplateError
}

// doubtful is what is wrong with a part of a template that was not reached. It says not for which
// image: where several take the template in, it is the same for all.
func doubtful(err *template.Error, shown string) Problem {
	p := templateProblem(err.Path, err)
	text := strings.TrimSuffix(strings.TrimPrefix(p.Text, "cannot render: "), ", for "+shown)
	p.Text = "cannot render a part that is not reached now: " + text
	return p
}

// doubts counts how many renders have a doubt about a template, and how many take the template in.
type doubts struct {
	have  map[Problem]int
	takes map[string]int // by path
}

// count takes what the inspections of one image say.
func (d *doubts) count(s *scan, img *Image, inspected map[string]*inspection) {
	for name, ins := range inspected {
		for _, file := range ins.Files {
			d.takes[file]++
		}
		for _, doubt := range ins.Doubts {
			p := doubtful(doubt, s.show(img, name))
			p.Hint = "" // it may differ: names are near to what an image has
			d.have[p]++
		}
	}
}

// common reports whether all who take the template in have the doubt. What only some have depends on
// what the others set before: a shared template has parts for images of different kinds.
func (d *doubts) common(p Problem) bool {
	p.Hint = ""
	return d.have[p] >= d.takes[p.Path]
}
