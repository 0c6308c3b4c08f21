package recipe

import (
	"path"
	"strings"
)

// Reaches tells whether one of the uses may take something of a folder that should not be empty, but is:
// whatever could be in it, and also if all of it would be left out again. Entries are the context's.
func Reaches(uses []Use, folder string, entries []Entry) (bool, error) {
	links := links(entries)
	for _, u := range uses {
		taken, err := u.mayTake(folder)
		if taken || err != nil {
			return taken, err
		}
		if len(links) == 0 {
			continue
		}
		for root := range links.reach([]Use{u}) {
			if root == "." || within(folder, root) || within(root, folder) {
				return true, nil
			}
		}
	}
	return false, nil
}

// mayTake compares a use with a folder of which only the path is known.
func (u Use) mayTake(folder string) (bool, error) {
	if _, err := newSelector(u); err != nil {
		return false, err
	}
	rest, ok := folder, true
	if u.Path != "." {
		if rest, ok = meet(u.Path, folder, u.Wildcard); !ok {
			return false, nil
		}
	}
	if rest == "" { // it names the folder, or something in it
		return true, nil
	}
	included := len(u.Include) == 0
	for _, p := range u.Include {
		_, ok := meet(strings.TrimPrefix(p, "/"), rest, true)
		included = included || ok || strings.Contains(p, "**")
	}
	for _, p := range u.Exclude {
		if strings.HasPrefix(p, "!") {
			return included, nil // it may bring back something in it
		}
	}
	s, err := newSelector(Use{Path: ".", Exclude: u.Exclude})
	if err != nil || !included {
		return false, err
	}
	_, taken, err := s.judge(rest, place{})
	return taken, err
}

// meet compares a path, or a pattern, with a folder, name by name. They meet when one leads to the other;
// rest is what the folder has more.
func meet(pattern, folder string, wildcard bool) (rest string, ok bool) {
	for rest = folder; pattern != "" && rest != ""; {
		var p, name string
		p, pattern, _ = strings.Cut(pattern, "/")
		name, rest, _ = strings.Cut(rest, "/")
		if p == name {
			continue
		}
		if matched, err := path.Match(p, name); !wildcard || err != nil || !matched {
			return "", false
		}
	}
	return rest, true
}
