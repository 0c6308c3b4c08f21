package changelog

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzParse: nothing panics, ParseNewest agrees with Parse, and below a new entry any bytes may
// stand.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*.changelog", "testdata/*/*.changelog"} {
		for _, path := range changelogs(f, pattern) {
			f.Add(read(f, path), "reason")
		}
	}
	f.Add([]byte("a (1) b;\n --\n --  <>"), " -- A <a@b>  x\n\nx (1) y; z=1")
	f.Fuzz(func(t *testing.T, data []byte, change string) {
		file, err := Parse("c", data)
		newest, newestErr := ParseNewest("c", data)
		if (err == nil) != (newestErr == nil) {
			t.Fatalf("Parse: %v, ParseNewest: %v", err, newestErr)
		}
		if err == nil {
			if diff := cmp.Diff(file.Entries[0], newest); diff != "" {
				t.Errorf("(-Parse +ParseNewest):\n%s", diff)
			}
		}
		e := example()
		e.Changes = []string{change}
		longer, err := Prepend(data, e)
		if err != nil {
			return // a change of white space alone, or too much data
		}
		if !bytes.HasSuffix(longer, data) {
			t.Error("the old bytes changed")
		}
		got, err := ParseNewest("c", longer)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Warnings) > 0 || got.Package != e.Package || got.Version != e.Version ||
			got.Author != e.Author || !got.Date.Equal(e.Date) {
			t.Errorf("got %+v from %q", got, longer)
		}
	})
}
