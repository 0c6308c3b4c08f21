package fleet

import (
	"cmp"
	"context"
	"slices"
)

// Observation is a problem and whose it is.
type Observation struct {
	Problem
	Image   *Image // nil when the folder defines none, or more than one is concerned
	Fails   bool   // the image cannot be built because of it, or there is none
	Untaken bool   // it is in a part of a template that was not reached
}

// Survey is a scan for those who judge definitions and do not build them: it goes on where Scan must
// stop, and keeps the problems apart.
type Survey struct {
	// Fleet is what Scan would return. Unless Ordered it has no order, as there are cycles or two
	// folders with one name.
	Fleet   *Fleet
	Ordered bool
	// Definitions is how many were read, with those of which not even the name is known.
	Definitions int

	Observations []Observation // sorted by path, line and text

	scan      *scan
	inspected []map[string]*inspection // by Image.index and the template's name
}

// Inspect reads all definitions, as Scan does. The error means that there is nothing to judge: the folder
// cannot be read, or ctx ended.
func Inspect(ctx context.Context, o ScanOptions) (*Survey, error) {
	s, err := begin(ctx, o)
	if err != nil {
		return nil, err
	}
	v := &Survey{Fleet: s.fleet, Ordered: true, Definitions: s.count, scan: s}
	v.add(nil, s.found.warnings...)
	for _, p := range s.found.nameless { // who wrote the template meant an image
		v.Observations = append(v.Observations, Observation{Problem: p, Fails: true})
	}
	v.add(nil, s.fleet.Broken...)
	v.unordered(s.taken)
	others := s.split()
	results, err := s.render(ctx, true)
	if err != nil {
		return nil, err
	}
	if s.taken == nil { // else a name is no key
		if err := s.join(ctx, others); err != nil {
			return nil, err
		}
	}
	v.add(nil, s.problems...)
	v.observeAll(results)
	for _, w := range s.also {
		if told := func(o Observation) bool { return o.Image == w.Image && w.same(o.Problem) }; !slices.ContainsFunc(v.Observations, told) {
			v.Observations = append(v.Observations, w)
		}
	}
	v.unordered(s.fleet.link())
	slices.SortStableFunc(v.Observations, func(a, b Observation) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Text, b.Text))
	})
	return v, nil
}

func (v *Survey) add(img *Image, problems ...Problem) {
	for _, p := range problems {
		v.Observations = append(v.Observations, Observation{Problem: p, Image: img})
	}
}

// unordered takes what keeps the fleet from having an order, if anything does.
func (v *Survey) unordered(err error) {
	if err != nil {
		v.Ordered = false
		v.add(nil, problemsOf(err)...)
	}
}

// observeAll takes what the renderer says of the images.
func (v *Survey) observeAll(results []rendered) {
	v.inspected = make([]map[string]*inspection, len(results))
	all := &doubts{have: map[Problem]int{}, takes: map[string]int{}}
	for i, result := range results {
		all.count(v.scan, v.Fleet.Images[i], result.inspected)
	}
	for i, result := range results {
		v.inspected[i] = result.inspected
		v.observe(v.Fleet.Images[i], result, all)
	}
}

// observe takes what the renderer says of one image.
func (v *Survey) observe(img *Image, result rendered, all *doubts) {
	for _, p := range problemsOf(img.Err) {
		v.Observations = append(v.Observations, Observation{Problem: p, Image: img, Fails: true})
	}
	v.add(img, result.warnings...)
	v.add(img, result.missing...)
	for name, ins := range result.inspected {
		for _, doubt := range ins.Doubts {
			if p := doubtful(doubt, v.scan.show(img, name)); all.common(p) {
				v.Observations = append(v.Observations, Observation{Problem: p, Image: img, Untaken: true})
			}
		}
		for _, w := range ins.Warnings {
			if w.Untaken {
				v.Observations = append(v.Observations, Observation{Problem: suspicion(w), Image: img, Untaken: true})
			}
		}
	}
}
