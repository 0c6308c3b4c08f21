package fleet

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Lines says where the lines of a rendered Dockerfile come from: for each of them, from the first,
// the line of the template, or 0 when it is not known. File is Dockerfile.template or
// Dockerfile.build.template.
//
// The template is rendered once more with marks before the text of each line. When the result
// without its marks is the Dockerfile, the marks tell the truth; when it is not (a template that
// counts characters, say), lines that are the same in both are taken for each other.
func (v *Survey) Lines(img *Image, file string) []int {
	text := img.Dockerfile
	if file == buildFile {
		text = img.BuildDockerfile
	}
	data, err := v.scan.tree.read(path.Join(img.Dir, file), maxTemplate)
	if err != nil || text == "" {
		return nil
	}
	if marked, err := v.renderMarked(img, file, string(data)); err == nil {
		if clean, lines := readMarks(marked); clean == text {
			return lines
		}
	}
	src := newSource(data, text)
	lines := make([]int, strings.Count(text, "\n")+1)
	for i := range lines {
		lines[i] = src.line(i + 1)
	}
	return lines
}

// loads finds the names of templates that a template takes in.
var loads = regexp.MustCompile(`\{%[-+]?\s*(?:include|import|from|extends)\s+["']([^"']+)["']`)

const mostLoaded = 100 // templates that one template takes in

// renderMarked renders the template with marks, in a temporary folder beside what it includes.
func (v *Survey) renderMarked(img *Image, file, text string) (string, error) {
	if strings.ContainsAny(text, markBegin+markEnd) {
		return "", fmt.Errorf("internal error: %s has marks already", file)
	}
	dir, err := os.MkdirTemp("", "slipway-lint-")
	if err != nil {
		return "", fmt.Errorf("cannot make a temporary folder: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, file), []byte(mark(text)), 0o600); err != nil {
		return "", fmt.Errorf("cannot write a temporary file: %w", err)
	}
	seen := map[string]bool{file: true}
	for next := []string{text}; len(next) > 0; next = next[1:] {
		for _, m := range loads.FindAllStringSubmatch(next[0], -1) {
			name := m[1]
			if seen[name] || len(seen) > mostLoaded || !filepath.IsLocal(filepath.FromSlash(name)) {
				continue
			}
			seen[name] = true
			data, err := v.scan.tree.read(path.Join(img.Dir, name), maxTemplate)
			if err != nil {
				continue // it may come from elsewhere, or be optional
			}
			to := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
				return "", fmt.Errorf("cannot make a temporary folder: %w", err)
			}
			if err := os.WriteFile(to, data, 0o600); err != nil {
				return "", fmt.Errorf("cannot write a temporary file: %w", err)
			}
			next = append(next, string(data))
		}
	}
	out, err := v.draft(img, dir, file)
	return string(out), err
}

// A mark is a line's number between two characters that no Dockerfile has.
const (
	markBegin = "\x01"
	markEnd   = "\x02"
)

// readMarks takes the marks out. A line of the text comes from the template's line of its first
// mark; one without a mark is more of the line above it.
func readMarks(marked string) (clean string, lines []int) {
	var b strings.Builder
	current, fresh := 0, true
	for marked != "" {
		i := strings.IndexAny(marked, markBegin+"\n")
		if i < 0 {
			break
		}
		b.WriteString(marked[:i])
		if marked[i] == '\n' {
			b.WriteByte('\n')
			lines = append(lines, current)
			marked, fresh = marked[i+1:], true
			continue
		}
		number, rest, _ := strings.Cut(marked[i+1:], markEnd)
		if fresh {
			current, _ = strconv.Atoi(number) // mark wrote it
			fresh = false
		}
		marked = rest
	}
	b.WriteString(marked)
	return b.String(), append(lines, current)
}

// marker puts marks into a template.
type marker struct {
	in   string
	out  strings.Builder
	line int  // of what is read next, from one
	done bool // the line has its mark
}

// mark puts a mark before the first text of each line, and before an expression that begins one.
// White space that a "-" removes never gets a mark inside it.
func mark(text string) string {
	m := &marker{in: text, line: 1}
	for m.in != "" {
		switch {
		case strings.HasPrefix(m.in, "{#"):
			m.take(end(m.in, "#}"))
		case strings.HasPrefix(m.in, "{%"):
			m.statement()
		case strings.HasPrefix(m.in, "{{-"):
			if !m.done {
				m.out.WriteString(`{{- "` + m.next() + `" }}{{`)
				m.in = m.in[len("{{-"):]
				m.take(codeEnd(m.in, "}}"))
				continue
			}
			m.take(codeEnd(m.in[2:], "}}") + 2)
		case strings.HasPrefix(m.in, "{{"):
			m.put()
			m.take(codeEnd(m.in[2:], "}}") + 2)
		default:
			m.data(1)
		}
	}
	return m.out.String()
}

func (m *marker) next() string {
	m.done = true
	return markBegin + strconv.Itoa(m.line) + markEnd
}

func (m *marker) put() {
	if !m.done {
		m.out.WriteString(m.next())
	}
}

// take copies n bytes that get no mark inside.
func (m *marker) take(n int) {
	if lines := strings.Count(m.in[:n], "\n"); lines > 0 {
		m.line += lines
		m.done = false
	}
	m.out.WriteString(m.in[:n])
	m.in = m.in[n:]
}

// data copies n bytes of text.
func (m *marker) data(n int) {
	for ; n > 0; n-- {
		if !strings.ContainsRune(" \t\r\n\v\f", rune(m.in[0])) {
			m.put()
		}
		m.take(1)
	}
}

var (
	rawBegin = regexp.MustCompile(`^\{%[-+]?\s*raw\s*-?%\}`)
	rawEnd   = regexp.MustCompile(`\{%[-+]?\s*endraw\s*[-+]?%\}`)
)

// statement copies a {% … %}; what is between raw and endraw is text.
func (m *marker) statement() {
	begin := rawBegin.FindString(m.in)
	if begin == "" {
		m.take(codeEnd(m.in[2:], "%}") + 2)
		return
	}
	m.take(len(begin))
	at := rawEnd.FindStringIndex(m.in)
	if at == nil {
		m.take(len(m.in))
		return
	}
	m.data(at[0])
	m.take(at[1] - at[0])
}

// end returns the index behind the first delimiter, or the length of the text.
func end(text, delimiter string) int {
	if i := strings.Index(text, delimiter); i >= 0 {
		return i + len(delimiter)
	}
	return len(text)
}

// codeEnd returns the index behind the delimiter that ends an expression or a statement: not one in
// a string literal, nor one that closes an inner brace.
func codeEnd(text, delimiter string) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case depth == 0 && strings.HasPrefix(text[i:], delimiter):
			return i + len(delimiter)
		case c == '"' || c == '\'':
			for i++; i < len(text) && text[i] != c; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case strings.IndexByte("({[", c) >= 0:
			depth++
		case strings.IndexByte(")}]", c) >= 0:
			depth = max(depth-1, 0)
		}
	}
	return len(text)
}
