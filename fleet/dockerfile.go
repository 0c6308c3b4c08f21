package fleet

import (
	"fmt"
	"strings"
)

// Dockerfile is what the fleet must know of a rendered Dockerfile. It is not the Dockerfile's text.
type Dockerfile struct {
	Uses         []Use  // in the order of lines; stages of the same file are no uses
	LastUser     string // argument of the last USER; empty when there is none
	LastUserLine int    // in the rendered file, from one
}

// Use is one reference to an image that must exist when the Dockerfile is built.
type Use struct {
	Ref  string // as written, with the defaults of build arguments
	Line int    // in the rendered file, from one
	Kind string // "FROM", "COPY --from" or "RUN --mount"
}

// ParseError is what ScanOptions.ParseDockerfile returns when it knows the line.
type ParseError struct {
	Line int // in the rendered file, from one; 0 when unknown
	Err  error
}

// Error returns the cause alone; the scan adds the place.
func (e *ParseError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *ParseError) Unwrap() error { return e.Err }

// splitRef cuts a reference into repository, tag and digest. A colon before the last slash belongs
// to a registry's port.
func splitRef(ref string) (repo, tag, digest string) {
	repo, digest, _ = strings.Cut(ref, "@")
	if i := strings.LastIndexByte(repo, ':'); i > strings.LastIndexByte(repo, '/') {
		repo, tag = repo[:i], repo[i+1:]
	}
	return repo, tag, digest
}

// source finds places of the template that a rendered Dockerfile's lines came from. Rendering keeps
// no such record, so only a line that can be recognised has a place.
type source struct {
	lines    []string // of the template
	rendered string
}

func newSource(template []byte, rendered string) source {
	return source{lines: strings.Split(string(template), "\n"), rendered: rendered}
}

// use returns the template's line that refers to the image, or 0.
func (s source) use(u Use, name string) int {
	for i, line := range s.lines {
		if strings.Contains(line, "image_tag") &&
			(strings.Contains(line, `"`+name+`"`) || strings.Contains(line, "'"+name+"'")) {
			return i + 1
		}
	}
	return s.line(u.Line)
}

// mention returns the line of a reference that image_tag did not make, or 0.
func (s source) mention(u Use, name string) int {
	if line := s.line(u.Line); line > 0 {
		return line
	}
	return s.only(func(line string) bool {
		return strings.Contains(line, "/"+name) && !strings.Contains(line, "image_tag")
	})
}

// line returns the only template line with the same text as the rendered line, or 0.
func (s source) line(rendered int) int {
	text := strings.TrimSpace(nthLine(s.rendered, rendered))
	if text == "" {
		return 0
	}
	return s.only(func(line string) bool { return strings.TrimSpace(line) == text })
}

// only returns the line that alone fits, or 0.
func (s source) only(fits func(string) bool) int {
	found := 0
	for i, line := range s.lines {
		if fits(line) {
			if found > 0 {
				return 0
			}
			found = i + 1
		}
	}
	return found
}

// user returns the line of the template's last USER, or 0.
func (s source) user() int {
	for i := len(s.lines) - 1; i >= 0; i-- {
		if word, _, _ := strings.Cut(strings.TrimSpace(s.lines[i]), " "); strings.EqualFold(word, "USER") {
			return i + 1
		}
	}
	return 0
}

func nthLine(text string, n int) string {
	for line := range strings.SplitSeq(text, "\n") {
		if n--; n == 0 {
			return line
		}
	}
	return ""
}

// renderedAt says where in the rendered file something is, when the template's line is unknown.
func renderedAt(templateLine, line int) string {
	if templateLine > 0 || line <= 0 {
		return ""
	}
	return fmt.Sprintf(" (line %d of the rendered Dockerfile)", line)
}
