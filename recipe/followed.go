// Package recipe says what an engine takes to make an image: which parts of a build context can get into
// it.
package recipe

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Followed is what a build took of its context, whatever the files were: the paths that its COPY, ADD and
// RUN --mount named, with all variables and triggers resolved. The zero value is that nobody knows.
type Followed struct {
	// Known tells whether the rest counts. Nothing followed is known, too: no step reads the context.
	Known bool
	// Context is what the image's own Dockerfile took, Artifacts what its artifacts' did.
	Context, Artifacts []Use
}

// Use is a part of a context that one step takes.
type Use struct {
	// Path is a slash path below the context's root, "." for all of it. What is below it counts, too.
	Path string `json:"path"`
	// Wildcard tells that Path is a pattern of path.Match.
	Wildcard bool `json:"wildcard,omitempty"`
	// Include and Exclude are patterns in the syntax of .dockerignore, relative to Path, or to what it
	// matches. Without Include all counts.
	Include []string `json:"include,omitempty"`
	Exclude []string `json:"exclude,omitempty"`
}

// Bounds of a written record: what is longer is not recorded, and all of the context counts.
const (
	maxRecord = 4 << 10 // bytes; package registry reads no longer annotation
	maxUses   = 200
)

// whole is a use of everything.
func (u Use) whole() bool {
	return u.Path == "." && !u.Wildcard && len(u.Include) == 0 && len(u.Exclude) == 0
}

// plain is a use that its path says all of.
func (u Use) plain() bool { return !u.Wildcard && len(u.Include) == 0 && len(u.Exclude) == 0 }

// Whole tells whether all of the context counts, as far as is known.
func (f Followed) Whole() bool {
	return !f.Known || slices.ContainsFunc(f.Context, Use.whole) || slices.ContainsFunc(f.Artifacts, Use.whole)
}

// document is a record as it is written. A use without patterns is a string.
type document struct {
	Context   []any `json:"context"`
	Artifacts []any `json:"artifacts,omitempty"`
}

// String is the record in one line of JSON, the same for the same uses in any order. It is empty when
// nothing is known, or too much.
func (f Followed) String() string {
	if !f.Known || len(f.Context)+len(f.Artifacts) > maxUses {
		return ""
	}
	data, err := json.Marshal(document{written(f.Context), written(f.Artifacts)})
	if err != nil || len(data) > maxRecord {
		return ""
	}
	return string(data)
}

func written(uses []Use) []any {
	out := []any{}
	for _, u := range Normalize(uses) {
		if u.plain() {
			out = append(out, u.Path)
		} else {
			out = append(out, u)
		}
	}
	return out
}

// Normalize sorts uses and leaves out what others cover.
func Normalize(uses []Use) []Use {
	if slices.ContainsFunc(uses, Use.whole) {
		return []Use{{Path: "."}}
	}
	uses = slices.Clone(uses)
	slices.SortFunc(uses, compare)
	var out []Use
	for i, u := range uses {
		if i > 0 && compare(u, uses[i-1]) == 0 {
			continue
		}
		out = append(out, u)
	}
	return out
}

func compare(a, b Use) int {
	weight := func(u Use) int {
		if u.Wildcard {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(weight(a), weight(b)),
		slices.Compare(a.Include, b.Include), slices.Compare(a.Exclude, b.Exclude))
}

// ErrRecord is wrapped by errors of Parse.
var ErrRecord = errors.New("no record of what a build followed")

// Parse reads what String has written. A record may come from anybody: one that is too long, or that
// leads out of the context, is refused. An empty one says that nothing is known.
func Parse(record string) (Followed, error) {
	if record == "" {
		return Followed{}, nil
	}
	if len(record) > maxRecord {
		return Followed{}, fmt.Errorf("%w: it has more than %d bytes", ErrRecord, maxRecord)
	}
	var doc struct{ Context, Artifacts []json.RawMessage }
	if err := json.Unmarshal([]byte(record), &doc); err != nil {
		return Followed{}, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	if len(doc.Context)+len(doc.Artifacts) > maxUses {
		return Followed{}, fmt.Errorf("%w: it has more than %d paths", ErrRecord, maxUses)
	}
	f := Followed{Known: true}
	var err error
	if f.Context, err = read(doc.Context); err != nil {
		return Followed{}, err
	}
	if f.Artifacts, err = read(doc.Artifacts); err != nil {
		return Followed{}, err
	}
	return f, nil
}

func read(list []json.RawMessage) ([]Use, error) {
	uses := []Use{}
	for _, data := range list {
		var u Use
		err := json.Unmarshal(data, &u.Path)
		if err != nil {
			err = json.Unmarshal(data, &u)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRecord, err)
		}
		if u.Path != clean(u.Path) {
			return nil, fmt.Errorf("%w: it has the path %q", ErrRecord, u.Path)
		}
		uses = append(uses, u)
	}
	if err := Check(uses); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	return uses, nil
}

// clean is a path as BuildKit has it, relative to the context's root, which nothing leaves.
func clean(p string) string {
	return cmp.Or(strings.TrimPrefix(path.Clean("/"+p), "/"), ".")
}

// NewUse is the use of a path as BuildKit has it: slashes at its beginning and end mean nothing.
func NewUse(p string) Use { return Use{Path: clean(p)} }
