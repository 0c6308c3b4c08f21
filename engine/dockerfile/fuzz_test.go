package dockerfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// nasty are Dockerfiles that a reader could stumble over.
func nasty(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/nasty/*")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, error %v", len(files), err)
	}
	var texts []string
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(data))
	}
	return texts
}

// FuzzLint looks for what BuildKit panics at, and for what one reader takes and the other does not.
func FuzzLint(f *testing.F) {
	for _, text := range nasty(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 {
			return // large ones take long
		}
		_, parsed := Parse([]byte(text), nil, "")
		_, judged := Lint(t.Context(), []byte(text), nil, "", nil)
		if parsed != nil && judged == nil {
			t.Errorf("parsed: %v", parsed)
		}
		for _, err := range []error{parsed, judged} {
			if err != nil && strings.Contains(err.Error(), "internal error") {
				t.Error(err)
			}
		}
	})
}
