package fleet

import (
	"regexp"
	"strings"
)

// short finds the image of the fleet that a listed image's Dockerfile names without registry and
// namespace, which the configuration adds to the names of the list, and writes the whole reference into
// the Dockerfile: BuildKit takes the short one for an image of the Docker Hub's. It returns nil for a
// name that is none of the fleet's. Nobody means the image itself by its own name: that is the original.
func (e *edges) short(u Use, from *origins) *Image {
	if e.img.Listed == nil {
		return nil
	}
	repo, tag, digest := SplitRef(u.Ref)
	target := e.names.byRepo[e.names.config.Name(repo)]
	if target == nil || target == e.img || strings.Contains(u.Ref, "$") {
		return nil
	}
	if tag == "" && digest == "" {
		tag = "latest"
	}
	if tag != target.Tag || digest != "" {
		return target // use tells that it is another version
	}
	if !e.replace(u, target.Ref) {
		e.warnings = append(e.warnings, from.mark(problem(OutdatedReference, e.scan.show(e.img, from.name), 0, "write "+target.Ref,
			"%s uses %s (%s) by a build argument: that is not taken for the fleet's %s", e.img.Name, u.Ref, u.Kind, target.Ref), u.Line))
		return nil
	}
	if e.img.Base == u.Ref {
		e.img.Base = target.Ref
	}
	return target
}

// replace writes another reference in the place of one that stands in the Dockerfile. It returns false
// where variables make the reference.
func (e *edges) replace(u Use, ref string) bool {
	before, after := `(from=["']?)`, `(["']?(?:[\s,]|$))`
	if u.Kind == "FROM" {
		before, after = `^(\s*(?i:FROM\s+)?(?:--\S+\s+)*["']?)`, `(["']?(?:\s|$))`
	}
	pattern := regexp.MustCompile(before + regexp.QuoteMeta(u.Ref) + after)
	for i := u.Line - 1; i >= 0 && i < len(e.text); i++ {
		line := e.text[i]
		if at := pattern.FindStringSubmatchIndex(line); at != nil {
			e.text[i] = line[:at[3]] + ref + line[at[4]:]
			return true
		}
		text := strings.TrimSpace(line)
		if !strings.HasSuffix(text, `\`) && !strings.HasSuffix(text, "`") && text != "" && !strings.HasPrefix(text, "#") {
			break // the instruction ends
		}
	}
	return false
}
