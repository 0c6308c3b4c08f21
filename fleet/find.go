package fleet

import (
	"errors"
	"fmt"
	"strings"

	"github.com/slipway-build/slipway/problem"
)

// Find is Lookup with an error that helps: it names images that may have been meant, and the
// folders that could not be read, since one of those may define the name.
func (f *Fleet) Find(name string) (*Image, error) {
	if img := f.Lookup(name); img != nil {
		return img, nil
	}
	hint := "an image is called what its changelog says, without registry and tag"
	if excluded := f.ExcludedHint(name); excluded != "" {
		hint = excluded
	} else if near := f.similar(name); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	errs := []error{problem.With(fmt.Errorf("cannot find %s: no folder under %s defines it", name, f.dir), hint)}
	for _, b := range f.Broken {
		errs = append(errs, b)
	}
	return nil, errors.Join(errs...)
}

// Shown is the folder that was scanned, as messages have it.
func (f *Fleet) Shown() string { return f.dir }

// ExcludedHint says that the configuration leaves an image out, if it does so by this name; else it is "".
func (f *Fleet) ExcludedHint(name string) string {
	if f.exclude.names(name) {
		return excludedHint
	}
	return ""
}
