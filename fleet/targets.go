package fleet

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/slipway-build/slipway/platform"
)

// Targets are the fleet with a value of each image for each platform that it is made for, in the order of
// the configuration; an image that is made for none has one all the same, see Nowhere. It is the fleet
// itself where each image is made for one platform.
func (f *Fleet) Targets() *Fleet {
	if f.targets != nil {
		return f.targets
	}
	return f
}

// target is what tells the values of images apart.
type target struct {
	name string
	on   platform.Platform
}

// split is called between the phases of a scan: for each further platform there is a scan of its own, for
// templates and what they name may differ. It is nil when each image is made for one platform.
func (s *scan) split() (others []*scan) {
	if s.KeepCycles || !slices.ContainsFunc(s.fleet.Images, func(i *Image) bool { return len(i.Platforms) > 1 }) {
		return nil
	}
	for _, p := range s.platforms {
		others = append(others, s.on(p))
	}
	return others
}

// on is the scan of the images that are made for a platform. The others are known there, and not rendered.
func (s *scan) on(p platform.Platform) *scan {
	f := *s.fleet
	f.Images, f.missing, f.Warnings = nil, nil, nil
	t := &scan{ScanOptions: s.ScanOptions, tree: s.tree, fleet: &f, platforms: s.platforms, part: true}
	for _, d := range s.definitions {
		img := *d.image
		img.Platform = p
		d.image, d.draft = &img, d.draft.again(&img)
		img.Definition = d.draft.(Definition)
		d.warnings, d.unfit = nil, nil // they are told already
		f.Images, t.definitions = append(f.Images, &img), append(t.definitions, d)
	}
	_ = f.index() // the names are those of the whole fleet
	return t
}

// join makes the graph of all targets.
func (s *scan) join(ctx context.Context, others []*scan) error {
	if others == nil {
		return nil
	}
	all := map[target]*Image{}
	for _, o := range others {
		results, err := o.render(ctx, false)
		if err != nil {
			return err
		}
		for i, result := range results {
			if img := o.definitions[i].image; img.made() {
				all[target{img.Name, img.Platform}] = img
				s.take(s.fleet.Images[i], img, result.warnings)
			}
		}
	}
	f := *s.fleet
	f.Images = nil
	for _, img := range s.fleet.Images {
		for _, p := range img.Platforms {
			f.Images = append(f.Images, all[target{img.Name, p}])
		}
		if img.Nowhere() {
			alone := *img
			alone.Depends, alone.Aliases = nil, nil
			f.Images = append(f.Images, &alone)
		}
	}
	f.byName = make(map[string]*Image, len(s.fleet.Images))
	for _, img := range f.Images {
		img.connect(all)
		if f.byName[img.Name] == nil {
			f.byName[img.Name] = img
		}
	}
	s.fleet.targets = &f
	return nil
}

// arrange puts the targets in the order of the images, so that those of one stand together where they can.
func (f *Fleet) arrange(images *Fleet) {
	slices.SortStableFunc(f.Images, func(a, b *Image) int {
		return cmp.Compare(images.byName[a.Name].position, images.byName[b.Name].position)
	})
	for i, img := range f.Images {
		img.index = i
	}
}

// take takes what is said of a target, where it is not said of the image's value in the list.
func (s *scan) take(img, target *Image, warnings []Problem) {
	if img.Platform == target.Platform {
		return
	}
	told := problemsOf(img.Err)
	for _, p := range problemsOf(target.Err) {
		if !slices.ContainsFunc(told, p.same) {
			img.Err = errors.Join(img.Err, p)
		}
	}
	for _, w := range warnings {
		s.also = append(s.also, Observation{Problem: w, Image: img})
	}
}

// connect leads what a target names to targets. What is not there is an error of it already, or only for the
// order.
func (i *Image) connect(all map[target]*Image) {
	var depends []Dependency
	for _, d := range i.Depends {
		if d.Image == nil {
			depends = append(depends, d)
			continue
		}
		for _, p := range d.of(i.Platform) {
			if d.Image = all[target{d.Name, p}]; d.Image != nil {
				depends = append(depends, d)
			}
		}
	}
	i.Depends = depends
	for k := range i.Aliases {
		i.Aliases[k].Image = all[target{i.Aliases[k].Image.Name, i.Platform}]
	}
	i.Aliases = slices.DeleteFunc(i.Aliases, func(a Alias) bool { return a.Image == nil })
}
