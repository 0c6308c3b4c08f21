package fleet

import (
	"cmp"
	"context"
	"errors"
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

	Observations []Observation // sorted by path, line and text

	scan      *scan
	inspected []map[string]*inspection // by Image.index and the template's name
}

// Inspect reads all definitions below a folder. The error means that there is nothing to judge: the
// folder cannot be read, or ctx ended.
func Inspect(ctx context.Context, o ScanOptions) (*Survey, error) {
	if o.Config == nil {
		return nil, errors.New("internal error: cannot inspect without a configuration")
	}
	t, err := openTree(o.Dir)
	if err == nil {
		t.exclude, err = newExclusion(o.Config)
	}
	if err != nil {
		return nil, err
	}
	found, err := t.walk(ctx)
	if err != nil {
		return nil, err
	}
	v := &Survey{Fleet: &Fleet{Root: t.root, dir: t.dir}, Ordered: true}
	v.scan = &scan{ScanOptions: o, tree: t, fleet: v.Fleet}
	v.Fleet.Platform = v.scan.platform()
	v.add(nil, found.warnings...)
	for _, p := range found.nameless { // who wrote the template meant an image
		v.Observations = append(v.Observations, Observation{Problem: p, Fails: true})
	}
	v.add(nil, found.broken...)
	if err := v.read(ctx, found.images); err != nil {
		return nil, err
	}
	if o.Config.Slipway.GitModes {
		v.Fleet.keepModes()
	}
	if err := v.render(ctx); err != nil {
		return nil, err
	}
	if err := v.Fleet.link(); err != nil {
		v.Ordered = false
		v.add(nil, problemsOf(err)...)
	}
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

// read is scan.read, but two folders with one name do not end it.
func (v *Survey) read(ctx context.Context, folders []folder) error {
	definitions := make([]definition, len(folders))
	r := &reader{tree: v.scan.tree, config: v.scan.Config, suffix: v.scan.TagSuffix}
	if err := v.scan.parallel(ctx, len(folders), func(i int) { definitions[i] = r.read(folders[i]) }); err != nil {
		return err
	}
	definitions = v.scan.included(definitions)
	for _, d := range definitions {
		if d.problem == nil {
			v.Fleet.Images = append(v.Fleet.Images, d.image)
			continue
		}
		v.add(nil, *d.problem)
		v.Fleet.Broken = append(v.Fleet.Broken, *d.problem)
	}
	sortProblems(v.Fleet.Broken)
	if err := v.Fleet.index(); err != nil {
		v.Ordered = false
		v.add(nil, problemsOf(err)...)
	}
	v.scan.definitions = make([]definition, len(v.Fleet.Images))
	for _, d := range definitions {
		if d.image != nil {
			v.scan.definitions[d.image.index] = d
		}
	}
	return nil
}

func (v *Survey) render(ctx context.Context) error {
	r := newRenderer(v.scan)
	r.everything = true
	results := make([]rendered, len(v.scan.definitions))
	err := v.scan.parallel(ctx, len(results), func(i int) { results[i] = r.image(v.scan.definitions[i]) })
	if err != nil {
		return err
	}
	if err := r.checkKept(results); err != nil {
		return err
	}
	r.triggers(results)
	v.scan.keep(results)
	v.inspected = make([]map[string]*inspection, len(results))
	all := &doubts{have: map[Problem]int{}, takes: map[string]int{}}
	for i, result := range results {
		all.count(v.scan, v.Fleet.Images[i], result.inspected)
	}
	for i, result := range results {
		v.inspected[i] = result.inspected
		v.observe(v.Fleet.Images[i], result, all)
		v.Fleet.missing = append(v.Fleet.missing, result.missing...)
	}
	sortProblems(v.Fleet.missing)
	problems, err := r.keyProblems(ctx)
	v.add(nil, problems...)
	return err
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
