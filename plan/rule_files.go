package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/recipe"
)

// fileChange is a file of the context, or a template, that differs, with its texts of buildcontext.Files.
type fileChange struct {
	path          string
	before, after string
	added, gone   bool
}

// modesOnly stands for files that differ in nothing but their modes, of which it is not known which those are.
const modesOnly = "modes of files"

// changedFiles finds the files of the context that count, and the fleet's templates, that differ.
func changedFiles(past Past, before, after inputs.Parts) (why []Reason, changed bool) {
	var files []fileChange
	switch {
	case before.Scheme == 0 && before.Tree != after.Tree, before.Scheme != 0 && before.Files != after.Files:
		if past.Before == nil || past.After == nil {
			return because(byFiles), true
		}
		files = contextFiles(past, before)
	}
	if before.Dockerfile != after.Dockerfile || before.BuildDockerfile != after.BuildDockerfile {
		templates := maps.Clone(after.Templates)
		if before.Scheme == 0 { // an image's own templates were only listed with its other files
			maps.DeleteFunc(templates, func(path, _ string) bool { return before.Templates[path] == "" })
		}
		for _, f := range compared(before.Templates, templates) {
			if !slices.ContainsFunc(files, func(o fileChange) bool { return o.text() == f.text() }) { // COPY . . takes them, too
				files = append(files, f)
			}
		}
	}
	if len(files) == 0 {
		return nil, false
	}
	return []Reason{{cause: byFiles, more: &detail{files: files}}}, true
}

// contextFiles are those that differ of the files that the record of the past build chooses.
func contextFiles(past Past, before inputs.Parts) []fileChange {
	was, is := past.Before, past.After
	unknown := buildcontext.OwnFile // what is in no listing
	if before.Scheme == 0 {         // modes were compared under several umasks
		was, is, unknown = withoutModes(was), withoutModes(is), modesOnly
	} else if followed, err := recipe.Parse(before.Followed); err == nil && followed.Known {
		was, is = chosen(followed, was), chosen(followed, is)
	}
	if files := compared(was, is); len(files) > 0 {
		return files
	}
	return []fileChange{{path: unknown}}
}

// compared are the files that differ between two lists with what is to be compared of them: changed ones,
// then new ones, then those that are gone.
func compared(before, after map[string]string) []fileChange {
	var files []fileChange
	changed, added, removed := buildcontext.Changed(before, after)
	for _, p := range changed {
		files = append(files, fileChange{path: p, before: before[p], after: after[p]})
	}
	for _, p := range added {
		files = append(files, fileChange{path: p, added: true})
	}
	for _, p := range removed {
		files = append(files, fileChange{path: p, gone: true})
	}
	return files
}

func withoutModes(files map[string]string) map[string]string {
	out := make(map[string]string, len(files))
	for p, text := range files {
		_, out[p], _ = strings.Cut(text, " ")
	}
	return out
}

// chosen are the files that a build followed.
func chosen(f recipe.Followed, files map[string]string) map[string]string {
	var entries []recipe.Entry
	for _, p := range slices.SortedFunc(maps.Keys(files), comparePaths) {
		entries = append(entries, recipe.Entry{Path: p})
	}
	selected, err := recipe.Select(append(slices.Clone(f.Context), f.Artifacts...), entries)
	if err != nil {
		return files
	}
	out := map[string]string{}
	for i, e := range entries {
		if selected[i] {
			out[e.Path] = files[e.Path]
		}
	}
	return out
}

// comparePaths is the order of a walk: folders before what is in them.
func comparePaths(a, b string) int {
	return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
}
