package slipway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/ref"
	"github.com/slipway-build/slipway/store"
	"github.com/slipway-build/slipway/version"
)

// nameable is an image that a name may mean.
type nameable struct {
	repository string // as people write it: docker.io/library/base is base
	name       string // of the image in its fleet, without registry and namespace, if that is known
	tag        string
	ref        string // what stands for the image; as people write it
	created    time.Time
}

// called tells whether a repository's name is given as a whole, or its end after a slash is. An empty
// name is nothing's: it is that of an image whose name in its fleet is not known.
func (n nameable) called(name string) (whole, end bool) {
	if name == "" {
		return false, false
	}
	whole = name == n.repository || name == n.name
	return whole, whole || strings.HasSuffix(n.repository, "/"+name)
}

// errUnclear is wrapped by errors about names that may mean several images.
var errUnclear = errors.New("the name is not clear")

// meant returns the images that a name means: those of the repository with that name or, if there is
// none, with that end of it, and of those the ones with its tag. They are the newest first.
func meant(given string, all []nameable) []nameable {
	name, tag := cutTag(given)
	var wholes, ends []nameable
	for _, n := range all {
		whole, end := n.called(name)
		switch {
		case tag != "" && tag != n.tag:
		case whole:
			wholes = append(wholes, n)
		case end:
			ends = append(ends, n)
		}
	}
	if len(wholes) > 0 {
		return newestFirst(wholes)
	}
	return newestFirst(ends)
}

// resolve finds the one image that a name means. Without a tag it is the repository's only one, or
// "latest", as for Docker. The error wraps ErrNotFound or errUnclear, and names what there is.
func resolve(given string, all []nameable) (nameable, error) {
	found := meant(given, all)
	if _, tag := cutTag(given); tag == "" && len(repositories(found)) == 1 {
		if i := slices.IndexFunc(found, func(n nameable) bool { return n.tag == "latest" }); i >= 0 {
			found = found[i : i+1]
		}
	}
	switch len(found) {
	case 0:
		return nameable{}, unknown(given, all)
	case 1:
		return found[0], nil
	}
	return nameable{}, unclear(found)
}

func unclear(found []nameable) error {
	return problem.With(fmt.Errorf("%w: it may be %s", errUnclear, alternatives(found, mostShown)), "name one of them")
}

// unknown says that there is no such image, and which one may have been meant.
func unknown(given string, all []nameable) error {
	err := fmt.Errorf("%w: %s", ErrNotFound, given)
	if near := nearest(given, all); len(near) > 0 {
		return problem.Withf(err, "did you mean %s?", alternatives(near, 3))
	}
	return err
}

// nearest are the images that may have been meant by a name that nothing has.
func nearest(given string, all []nameable) []nameable {
	if found := meant(given, all); len(found) > 0 {
		return found
	}
	name, tag := cutTag(given)
	if found := meant(name, all); tag != "" && len(found) > 0 {
		return found // with other tags
	}
	return similar(given, all)
}

// similar are the newest images of repositories whose name is spelt like the given one, also without
// what is in front of the last slash.
func similar(given string, all []nameable) []nameable {
	name, tag := cutTag(strings.ToLower(given))
	last := func(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }
	byName := map[string][]nameable{}
	var known []string
	for _, n := range all {
		for _, spelling := range []string{n.repository, last(n.repository)} {
			byName[spelling] = append(byName[spelling], n)
			known = append(known, spelling)
		}
	}
	near := fleet.Similar(name, known)
	if len(near) == 0 {
		near = fleet.Similar(last(name), known)
	}
	var found []nameable
	for _, spelling := range near {
		images := newestFirst(byName[spelling])
		best := images[0]
		if i := slices.IndexFunc(images, func(n nameable) bool { return n.tag == tag }); i >= 0 {
			best = images[i]
		}
		if !slices.Contains(found, best) {
			found = append(found, best)
		}
	}
	return found
}

// mostShown is how many images an error names.
const mostShown = 5

func alternatives(images []nameable, most int) string {
	var refs []string
	for _, n := range images[:min(len(images), most)] {
		refs = append(refs, n.ref)
	}
	if more := len(images) - len(refs); more > 0 {
		return fmt.Sprintf("%s or %d more", strings.Join(refs, ", "), more)
	}
	return strings.Join(refs, " or ")
}

func repositories(images []nameable) []string {
	var all []string
	for _, n := range images {
		all = append(all, n.repository)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// newestFirst sorts by date and, of one date, by version.
func newestFirst(images []nameable) []nameable {
	slices.SortStableFunc(images, func(a, b nameable) int {
		return cmp.Or(b.created.Compare(a.created), version.Version(b.tag).Compare(version.Version(a.tag)), cmp.Compare(a.ref, b.ref))
	})
	return images
}

// cutTag cuts the tag off a name. A colon before the last slash belongs to a registry's port; a digest
// stays.
func cutTag(name string) (repository, tag string) {
	if strings.Contains(name, "@") {
		return name, ""
	}
	repository, tag, _ = ref.Split(name)
	return repository, tag
}

func storedNames(list []store.Image) []nameable {
	all := make([]nameable, len(list))
	for i, img := range list {
		all[i] = nameable{repository: img.Name, tag: img.Tag, ref: img.Familiar(), created: img.Created}
	}
	return all
}

// findStored returns the reference of the stored image that a name means. The name as it is goes before all
// others.
func findStored(ctx context.Context, s *store.Store, given string) (string, error) {
	_, invalid := ref.Parse(given)
	if invalid == nil {
		if found, err := s.Has(ctx, given); found || err != nil {
			return given, err
		}
	}
	list, err := s.List(ctx)
	if err != nil {
		return "", err
	}
	all := storedNames(list)
	found, err := resolve(given, all)
	if errors.Is(err, ErrNotFound) {
		if invalid != nil && len(nearest(given, all)) == 0 {
			return "", invalid
		}
		return "", orList(err)
	}
	return found.ref, err
}

// orList says how to find out what there is, if nothing similar is.
func orList(err error) error {
	if _, hint := problem.Split(err); hint != "" {
		return err
	}
	return problem.With(err, "`slipway images` lists what there is")
}

// findAllStored does so for several names, to do something with them; all that are wrong are told.
func findAllStored(ctx context.Context, s *store.Store, verb string, given []string) ([]string, error) {
	refs := make([]string, len(given))
	var errs []error
	for i, name := range given {
		ref, err := findStored(ctx, s, name)
		if err != nil {
			errs = append(errs, fmt.Errorf("cannot %s %s: %w", verb, name, err))
		}
		refs[i] = ref
	}
	return refs, errors.Join(errs...)
}

// checkExact refuses a name that is not in the store as it is, for commands that remove and publish: a
// guess could hit another image than was meant. The error names that one.
func checkExact(ctx context.Context, s *store.Store, given string) error {
	_, invalid := ref.Parse(given)
	if invalid == nil {
		if found, err := s.Has(ctx, given); found || err != nil {
			return err
		}
	}
	list, err := s.List(ctx)
	if err != nil {
		return err
	}
	all := storedNames(list)
	if invalid != nil && len(nearest(given, all)) == 0 {
		return invalid
	}
	return orList(unknown(given, all))
}
