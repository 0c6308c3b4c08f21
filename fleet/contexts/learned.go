package contexts

import (
	"cmp"
	"maps"
	"slices"
)

// mostDigests is how many digests of a folder are worth keeping.
const mostDigests = 12

// Learned is what was found out about folders, to be known the next time.
func (s *Set) Learned() []Known {
	var out []Known
	for _, f := range s.together() {
		if !f.learned {
			continue
		}
		c := f.Known
		if len(c.Digests) > mostDigests {
			c.Digests = map[string]string{tree: c.Digests[tree]}
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Known) int { return cmp.Compare(a.Folder, b.Folder) })
	return out
}

// together are the folders, each once: the targets of an image have one folder, and learn something each.
func (s *Set) together() map[string]*folder {
	all := make(map[string]*folder, len(s.folders))
	for _, f := range s.folders {
		one := all[f.Folder]
		if one == nil {
			all[f.Folder] = f
			continue
		}
		if !one.learned {
			one, f = f, one
		}
		if one.Digests[tree] == f.Digests[tree] && f.learned {
			digests := maps.Clone(one.Digests)
			maps.Copy(digests, f.Digests)
			merged := *one
			merged.Digests = digests
			one = &merged
		}
		all[f.Folder] = one
	}
	return all
}

// Forget gives back the memory of what Learned returned, once that is saved: from then on it is known.
func (s *Set) Forget() {
	for _, f := range s.folders {
		f.contents, f.Entries, f.learned = nil, nil, false
	}
}
