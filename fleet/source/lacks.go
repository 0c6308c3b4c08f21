package source

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/problem"
)

// ErrLacking is what errors.Is finds in an error that is about parts of a commit alone: submodules that
// cannot be had, and files that no filter has made. Another Wish may do without them.
var ErrLacking = errors.New("parts of the commit are missing")

// lackingError makes an error one of ErrLacking.
type lackingError struct{ error }

func (e lackingError) Unwrap() error        { return e.error }
func (e lackingError) Is(target error) bool { return target == ErrLacking }

// Lack is a part of a commit that its checkout does not have as it should be.
type Lack struct {
	Path   string // a slash path below the checkout's root
	Folder bool   // it is a submodule's, and empty

	doing  string
	why    string // of a submodule
	filter string // of a file
}

// Lacking is the error of those who need what is lacking, with the way out; nil for nothing. Submodules
// come first: what their filters would do is not known.
func Lacking(lacks []Lack) error {
	var gone error
	var files []unfiltered
	doing := ""
	for _, l := range lacks {
		if l.Folder {
			text, hint := problem.Cut(l.why)
			gone = errors.Join(gone, &failure{Problem: problem.Problem{Text: text, Hint: hint}})
		} else {
			files, doing = append(files, unfiltered{l.Path, l.filter}), l.doing
		}
	}
	switch {
	case gone != nil:
		return lackingError{gone}
	case len(files) == 0:
		return nil
	}
	slices.SortFunc(files, func(a, b unfiltered) int { return strings.Compare(a.Path, b.Path) })
	return lackingError{unfilteredError(doing, files)}
}

// cannotFetchModule stands in each message about a submodule, behind what was fetched.
const cannotFetchModule = ": cannot fetch its submodule "

// lacks are the parts that an entry says its checkout lacks.
func (m *maker) lacks(e entry) []Lack {
	var all []Lack
	for _, s := range e.Missing {
		why := s.Why // who made the checkout may have wanted another folder of the repository
		if _, rest, ok := strings.Cut(why, cannotFetchModule); ok {
			why = m.doing + cannotFetchModule + rest
		}
		all = append(all, Lack{Path: s.Path, Folder: true, why: why})
	}
	for _, u := range e.Unfiltered {
		all = append(all, Lack{Path: u.Path, doing: m.doing, filter: u.Filter})
	}
	return all
}

// lack is what a checkout lacks of what counts. Another one, of that variant, may have it.
type lack struct {
	err     error
	raw     bool   // it is files that were not filtered
	variant string // empty when it would be the same
}

// lack returns nil when nothing that counts is missing.
func (m *maker) lack(ctx context.Context, e entry, root string) (*lack, error) {
	if len(e.Missing)+len(e.Unfiltered) == 0 {
		return nil, nil
	}
	counts := m.wish.counts(root)
	var gone []string
	needed := slices.DeleteFunc(m.lacks(e), func(l Lack) bool { return !counts(l.Path, l.Folder) })
	for _, l := range needed {
		if l.Folder {
			gone = append(gone, l.Path)
		}
	}
	switch err := Lacking(needed); {
	case err == nil:
		return nil, nil
	case len(gone) > 0:
		return &lack{err: err, variant: "with " + strings.Join(gone, ", ")}, nil
	default:
		l := &lack{err: err, raw: true}
		state, err := m.r.filterState(ctx, m.cache, m.doing, e.Unfiltered)
		if state != e.Filters {
			l.variant = state
		}
		return l, err
	}
}
