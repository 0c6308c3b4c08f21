package fleet

import (
	"regexp"
	"strings"
)

// short finds the image of the fleet that a listed image's Dockerfile names without registry and
// namespace, which the configuration adds to the names of the list, and writes the whole reference into
// the Dockerfile: BuildKit takes the short one for an image of the Docker Hub's. It returns nil for a
// name that is none of the fleet's. Nobody means the image itself by its own name: that is the original.
func (e *edges) short(u Use, from *origins) (*Image, meaning) {
	if e.img.Listed == nil || strings.Contains(u.Ref, "$") {
		return nil, outdated
	}
	repo, _, _ := SplitRef(u.Ref)
	target, as := e.names.find(e.names.config.Name(repo) + u.Ref[len(repo):])
	if target == nil || target == e.img {
		return nil, outdated
	}
	_, _, digest := SplitRef(u.Ref)
	if as == outdated || digest != "" {
		return target, as // use tells that it is another version
	}
	if !e.replace(u, target.Ref, as == current && !strings.HasPrefix(u.Kind, OnBuildUse)) {
		e.warnings = append(e.warnings, from.mark(problem(OutdatedReference, e.scan.show(e.img, from.name), 0, "write "+target.Ref,
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
func (e *edges) replace(u Use, ref string, written bool) bool {
	place := Use{Ref: u.Ref, Line: u.Line}
	if e.replaced[place] {
		return true
	}
	before, after := `(from=["']?)`, `(["']?(?:[\s,]|$))`
	if u.Kind == FromUse {
		before, after = `^(\s*(?i:FROM\s+)?(?:--\S+\s+)*["']?)`, `(["']?(?:\s|$))`
	}
	pattern := regexp.MustCompile(before + regexp.QuoteMeta(u.Ref) + after)
	for i := u.Line - 1; i >= 0 && i < len(e.built); i++ {
		line := e.built[i]
		if at := pattern.FindStringSubmatchIndex(line); at != nil {
			e.built[i] = line[:at[3]] + ref + line[at[4]:]
			if at = pattern.FindStringSubmatchIndex(e.text[i]); written && at != nil {
				e.text[i] = e.text[i][:at[3]] + ref + e.text[i][at[4]:]
			}
			e.replaced[place] = true
			return true
		}
		text := strings.TrimSpace(line)
		if !strings.HasSuffix(text, `\`) && !strings.HasSuffix(text, "`") && text != "" && !strings.HasPrefix(text, "#") {
			break // the instruction ends
		}
	}
	return false
}
