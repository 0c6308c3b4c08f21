package deb822

import (
	"strings"
	"testing"
)

// FuzzParse: nothing panics, every line number is one of the file, and every relation has a name.
func FuzzParse(f *testing.F) {
	for _, path := range files(f) {
		f.Add(read(f, path))
	}
	for line := range strings.Lines(string(read(f, "testdata/relations.txt"))) {
		f.Add([]byte("Depends: " + line))
	}
	f.Add([]byte("A: a (((<<>>)[<,|\n#\n \n b"))
	f.Fuzz(func(t *testing.T, data []byte) {
		paragraphs, _ := Parse("c", data)
		last := strings.Count(string(data), "\n") + 1
		line := 0
		for _, p := range paragraphs {
			for _, field := range p.Fields {
				if field.Line <= line || field.Line > last {
					t.Errorf("field %q on line %d, after %d, of %d", field.Name, field.Line, line, last)
				}
				line = field.Line
				relations, _ := Paragraph{Fields: []Field{field}}.Relations(field.Name)
				for _, r := range relations {
					for _, r := range append([]Relation{r}, r.Alternatives...) {
						if r.Name == "" || r.Line < line || r.Line > last {
							t.Errorf("relation %+v", r)
						}
					}
				}
			}
		}
	})
}
