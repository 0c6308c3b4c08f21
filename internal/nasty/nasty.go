// Package nasty makes definitions that take much more than their size: for tests of the bounds.
package nasty

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Files are the files of a fleet by their slash paths, config.yaml among them.
type Files map[string]string

// Family makes a fleet of about n bytes, or of fewer where few do it.
type Family struct {
	Name  string
	Files func(n int) Files
}

// Families are all that were thought of.
func Families() []Family {
	var all []Family
	for _, list := range [][]Family{dockerfiles, brim, others} {
		all = append(all, list...)
	}
	return all
}

// Write writes the files below a folder.
func (f Files) Write(dir string) error {
	for name, text := range f {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

const entry = "a (1.0) unstable; urgency=low\n\n  * First.\n\n -- A Founder <founder@example.com>  Mon, 02 Nov 2026 10:00:00 +0000\n"

// with is a fleet of one image, a, with other files for those named.
func with(files Files) Files {
	all := Files{"config.yaml": "{}\n", "images/a/changelog": entry, "images/a/Dockerfile.template": "FROM scratch\nCOPY . /\n"}
	for name, text := range files {
		all[name] = text
	}
	return all
}

func dockerfile(text string) Files { return with(Files{"images/a/Dockerfile.template": text}) }

// repeat repeats a text until it has about n bytes.
func repeat(n int, text string) string { return strings.Repeat(text, max(n/len(text), 1)) }

func lines(n int, text string) string { return repeat(n, text+"\n") }

// nested is a word in brackets in brackets.
func nested(n int, before, inside, after string) string {
	deep := max(n/(len(before)+len(after)), 1)
	return strings.Repeat(before, deep) + inside + strings.Repeat(after, deep)
}

// counted formats with i and i+1 until it has about n bytes.
func counted(n int, begin, format string) string {
	var b strings.Builder
	b.WriteString(begin)
	for i := 0; b.Len() < n; i++ {
		b.WriteString(strings.ReplaceAll(strings.ReplaceAll(format, "%[1]d", fmt.Sprint(i)), "%[2]d", fmt.Sprint(i+1)))
	}
	return b.String()
}
