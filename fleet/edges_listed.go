package fleet

import (
	"regexp"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/fleet/fault"
	"github.com/slipway-build/slipway/ref"
)

// listedText are the lines of a listed image's Dockerfile, with the references of the fleet's images in the
// place of short ones; built has them in the place of aliases, too. See short.
type listedText struct {
	text, built []string
	replaced    map[Use]replacement
}

// replacement is a reference that stands in the place of a short one.
type replacement struct {
	index int // of the line
	ref   string
	both  bool // in text, too
}

// short finds the image of the fleet that a listed image's Dockerfile names without registry and
// namespace, which the configuration adds to the names of the list, and writes the whole reference into
// the Dockerfile: BuildKit takes the short one for an image of the Docker Hub's. It returns nil for a
// name that is none of the fleet's. Nobody means the image itself by its own name: that is the original.
func (e *edges) short(u Use, from *origins) (*Image, meaning) {
	if e.listed == nil || strings.Contains(u.Ref, "$") {
		return nil, outdated
	}
	repo, _, _ := ref.Split(u.Ref)
	target, as := e.names.find(e.names.config.Name(repo) + u.Ref[len(repo):])
	if target == nil || target == e.img {
		return nil, outdated
	}
	_, _, digest := ref.Split(u.Ref)
	if as == outdated || digest != "" {
		return target, as // use tells that it is another version
	}
	if !e.listed.replace(u, target.Ref, as == current && !strings.HasPrefix(u.Kind, OnBuildUse)) {
		e.warnings = append(e.warnings, from.mark(newProblem(fault.OutdatedReference, e.scan.show(e.img, from.name), 0, "write "+target.Ref,
			"%s uses %s (%s) by a build argument: that is not taken for the fleet's %s", e.img.Name, u.Ref, u.Kind, target.Ref), u.Line))
		return nil, outdated
	}
	if as == alias {
		return target, rewritten
	}
	if e.img.Base == u.Ref {
		e.img.Base = target.Ref
	}
	return target, current
}

// replace writes another reference in the place of one that stands in the Dockerfile: in what is built,
// and if it is no alias also in what counts as written. It returns false where variables make the
// reference, and true when it has done so before.
func (l *listedText) replace(u Use, ref string, written bool) bool {
	place := Use{Ref: u.Ref, Line: u.Line}
	if _, done := l.replaced[place]; done {
		return true
	}
	for i := u.Line - 1; i >= 0 && i < len(l.built); i++ {
		line, ok := exchange(l.built[i], u.Kind, u.Ref, ref)
		if ok {
			l.built[i] = line
			if written {
				l.text[i], _ = exchange(l.text[i], u.Kind, u.Ref, ref)
			}
			l.replaced[place] = replacement{i, ref, written}
			return true
		}
		text := strings.TrimSpace(line)
		if !strings.HasSuffix(text, `\`) && !strings.HasSuffix(text, "`") && text != "" && !strings.HasPrefix(text, "#") {
			break // the instruction ends
		}
	}
	return false
}

// restore takes back that ref stands in the place of another one in an instruction, and returns what
// stands there then; empty for no change.
func (l *listedText) restore(line int, kind, ref string) string {
	was := ""
	for place, r := range l.replaced {
		if place.Line == line && r.ref == ref && (was == "" || place.Ref < was) {
			was = place.Ref
		}
	}
	if was == "" {
		return ""
	}
	r := l.replaced[Use{Ref: was, Line: line}]
	l.built[r.index], _ = exchange(l.built[r.index], kind, ref, was)
	if r.both {
		l.text[r.index], _ = exchange(l.text[r.index], kind, ref, was)
	}
	delete(l.replaced, Use{Ref: was, Line: line})
	return was
}

// texts are the Dockerfile as it is built, and as it is written; empty when that is the same.
func (l *listedText) texts() (built, written string) {
	built = strings.Join(l.built, "\n")
	if !slices.Equal(l.text, l.built) {
		written = strings.Join(l.text, "\n")
	}
	return built, written
}

// exchange puts another reference in the place of the first one in a line that a use of the kind names.
func exchange(line, kind, ref, by string) (string, bool) {
	before, after := `(from=["']?)`, `(["']?(?:[\s,]|$))`
	if kind == FromUse {
		before, after = `^(\s*(?i:FROM\s+)?(?:--\S+\s+)*["']?)`, `(["']?(?:\s|$))`
	}
	at := regexp.MustCompile(before + regexp.QuoteMeta(ref) + after).FindStringSubmatchIndex(line)
	if at == nil {
		return line, false
	}
	return line[:at[3]] + by + line[at[4]:], true
}
