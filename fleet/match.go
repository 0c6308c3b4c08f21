package fleet

import (
	"errors"
	"fmt"
	"slices"
)

// Match reports whether ref matches the glob as a whole, by the rules of Python's fnmatch.fnmatch on
// a POSIX system, which docker-pkg's --select follows: * is any text (slashes too), ? any character,
// [seq] one of seq, [!seq] one not of seq; a bracket that is not closed is an ordinary character.
func Match(glob, ref string) bool { return compileGlob(glob).match([]rune(ref)) }

// maxGlob is the length of a glob in bytes: Linux' PATH_MAX. Names and paths are no longer.
const maxGlob = 4096

// CheckGlob refuses a glob that is too long, or that nothing can match: the bracket that Python takes for an ordinary
// character when it is not closed is in no reference and no name, and [z-a] holds no character.
func CheckGlob(glob string) error {
	if len(glob) > maxGlob {
		return fmt.Errorf("it has %d bytes, more than %d", len(glob), maxGlob)
	}
	for rest := []rune(glob); len(rest) > 0; {
		c := rest[0]
		rest = rest[1:]
		if c != '[' {
			continue
		}
		end := closing(rest)
		if end < 0 {
			return errors.New("the bracket [ is not closed, so it matches nothing")
		}
		set := newSet(rest[:end])
		if !set.negated && !slices.ContainsFunc(set.set, func(r interval) bool { return r.from <= r.to }) {
			return fmt.Errorf("[%s] holds no character, so it matches nothing", string(rest[:end]))
		}
		rest = rest[end+1:]
	}
	return nil
}

// compiledGlob is a glob, taken apart.
type compiledGlob []token

// token matches one character, or any text when it is a star.
type token struct {
	star, any, negated bool
	set                []interval
}

// interval is a range of characters, both ends included.
type interval struct{ from, to rune }

func compileGlob(glob string) compiledGlob {
	var p compiledGlob
	for rest := []rune(glob); len(rest) > 0; {
		c := rest[0]
		rest = rest[1:]
		switch c {
		case '*':
			if len(p) == 0 || !p[len(p)-1].star {
				p = append(p, token{star: true})
			}
		case '?':
			p = append(p, token{any: true})
		case '[':
			if end := closing(rest); end >= 0 {
				p = append(p, newSet(rest[:end]))
				rest = rest[end+1:]
				continue
			}
			fallthrough
		default:
			p = append(p, token{set: []interval{{c, c}}})
		}
	}
	return p
}

// closing finds the bracket's end; one directly behind [ or [! is a member of the set.
func closing(rest []rune) int {
	start := 0
	if start < len(rest) && rest[start] == '!' {
		start++
	}
	if start < len(rest) && rest[start] == ']' {
		start++
	}
	end := slices.Index(rest[start:], ']')
	if end < 0 {
		return -1
	}
	return start + end
}

// newSet reads the inside of brackets. A range from high to low is empty.
func newSet(inside []rune) token {
	t := token{}
	if inside[0] == '!' {
		t.negated = true
		inside = inside[1:]
	}
	for len(inside) > 0 {
		from, to := inside[0], inside[0]
		inside = inside[1:]
		if len(inside) > 1 && inside[0] == '-' {
			to = inside[1]
			inside = inside[2:]
		}
		t.set = append(t.set, interval{from, to})
	}
	return t
}

func (t token) matches(c rune) bool {
	if t.any {
		return true
	}
	return t.negated != slices.ContainsFunc(t.set, func(r interval) bool { return r.from <= c && c <= r.to })
}

// match goes back to the last star only, so it takes len(p)·len(text) steps at most.
func (p compiledGlob) match(text []rune) bool {
	i, star, mark := 0, -1, 0
	for j := 0; j < len(text); {
		switch {
		case i < len(p) && p[i].star:
			star, mark = i, j
			i++
		case i < len(p) && p[i].matches(text[j]):
			i++
			j++
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i].star {
		i++
	}
	return i == len(p)
}

// Selection is a compiled --select.
type Selection struct{ glob compiledGlob }

// NewSelection compiles a glob; the empty one selects everything.
func NewSelection(glob string) Selection {
	if glob == "" {
		glob = "*"
	}
	return Selection{compileGlob(glob)}
}

// Matches reports whether the glob matches the full reference registry/namespace/name:tag, which is
// what docker-pkg compares with, or name:tag, which its help promises.
func (s Selection) Matches(img *Image) bool {
	return s.MatchesRef(img.Ref, img.Name+":"+img.Tag)
}

// MatchesRef reports whether the glob matches any of the references.
func (s Selection) MatchesRef(refs ...string) bool {
	return slices.ContainsFunc(refs, func(ref string) bool { return s.glob.match([]rune(ref)) })
}

// Select returns the images that the glob selects (see Selection.Matches), sorted by name; for the
// empty glob all of them.
func (f *Fleet) Select(glob string) []*Image {
	s := NewSelection(glob)
	var selected []*Image
	for _, img := range f.Images {
		if s.Matches(img) {
			selected = append(selected, img)
		}
	}
	return selected
}
