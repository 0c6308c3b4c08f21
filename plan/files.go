package plan

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/fleet/inputs"
	"github.com/slipway-build/slipway/recipe"
)

// mostFiles is how many changed files a reason names.
const mostFiles = 5

// changedFiles names the files of the context that count, and the fleet's templates, that differ.
func changedFiles(past Past, before, after inputs.Parts) string {
	var names []string
	switch {
	case before.Scheme == 0 && before.Tree != after.Tree, before.Scheme != 0 && before.Files != after.Files:
		if past.Before == nil || past.After == nil {
			return "which ones is not known"
		}
		names = contextFiles(past, before)
	}
	if before.Dockerfile != after.Dockerfile || before.BuildDockerfile != after.BuildDockerfile {
		templates := maps.Clone(after.Templates)
		if before.Scheme == 0 { // an image's own templates were only listed with its other files
			maps.DeleteFunc(templates, func(path, _ string) bool { return before.Templates[path] == "" })
		}
		for _, name := range compared(before.Templates, templates) {
			if !slices.Contains(names, name) { // COPY . . takes them, too
				names = append(names, name)
			}
		}
	}
	if n := len(names); n > mostFiles+1 {
		names = append(names[:mostFiles:mostFiles], fmt.Sprintf("%d more", n-mostFiles))
	}
	return strings.Join(names, ", ")
}

// contextFiles names what differs of the files that the record of the past build chooses.
func contextFiles(past Past, before inputs.Parts) []string {
	was, is := past.Before, past.After
	if before.Scheme == 0 { // modes were compared under several umasks
		was, is = withoutModes(was), withoutModes(is)
		if names := compared(was, is); len(names) > 0 {
			return names
		}
		return []string{"modes of files"}
	}
	followed, err := recipe.Parse(before.Followed)
	if err == nil && followed.Known {
		was, is = chosen(followed, was), chosen(followed, is)
	}
	if names := compared(was, is); len(names) > 0 {
		return names
	}
	return []string{buildcontext.OwnFile} // what is in no listing
}

// IgnoreHint says how to leave out of a context what only Slipway reads.
func IgnoreHint(f *fleet.Fleet, img *fleet.Image) string {
	return "an instruction takes the whole folder; these lines in " + f.Path(img, buildcontext.IgnoreFile) +
		" leave out what only Slipway reads: .dockerignore, changelog, control, Dockerfile*, test.sh"
}

// ignoreHint is that as a line of its own, for an image all of whose folder counts.
func (m *maker) ignoreHint(img *fleet.Image, mark inputs.Mark) string {
	if followed, err := recipe.Parse(mark.Followed); err != nil || !followed.Known || !followed.Whole() || m.fleet.Recipe(img).Plain {
		return ""
	}
	return "\nhint: " + IgnoreHint(m.fleet, img)
}

// compared names what differs between two lists of files with what is to be compared of them.
func compared(before, after map[string]string) []string {
	changed, added, removed := buildcontext.Changed(before, after)
	var names []string
	for _, p := range changed {
		names = append(names, shown(p)+modeNote(before[p], after[p]))
	}
	for _, p := range added {
		names = append(names, shown(p)+" (new)")
	}
	for _, p := range removed {
		names = append(names, shown(p)+" (gone)")
	}
	return names
}

// modeNote says how a mode changed when nothing else did.
func modeNote(before, after string) string {
	wasMode, was, ok := strings.Cut(before, " ")
	isMode, is, _ := strings.Cut(after, " ")
	if !ok || was != is {
		return ""
	}
	return fmt.Sprintf(" (mode %s → %s)", permissions(wasMode), permissions(isMode))
}

// permissions are a mode's last four octal digits.
func permissions(mode string) string {
	padded := "0000" + mode
	return padded[len(padded)-4:]
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

// shown is a file's name for people: one that could do something to a terminal, or to the list that
// it stands in, is quoted.
func shown(name string) string {
	if quoted := strconv.Quote(name); quoted[1:len(quoted)-1] != name || strings.Contains(name, ", ") {
		return quoted
	}
	return name
}
