package fleet

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSimilar(t *testing.T) {
	var images []*Image
	for _, name := range []string{"base", "bases", "golang1.21", "golang1.22", "nodejs", "python3-build-bookworm", "a"} {
		images = append(images, &Image{Name: name})
	}
	f, err := New("fleet", images)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"bsae":                   {"base"},
		"basse":                  {"base", "bases"},
		"golang1.20":             {"golang1.21", "golang1.22"},
		"ndoejs":                 {"nodejs"},
		"NODEJS":                 {"nodejs"},
		"GOLANG1.20":             {"golang1.21", "golang1.22"},
		"NDOEJS":                 nil,
		"python3-bookworm":       nil,
		"python-build-bookworm":  {"python3-build-bookworm"},
		"pyhton3-buld-bookwrom":  {"python3-build-bookworm"},
		"nothing":                nil,
		"":                       nil,
		"b":                      nil,
		"a-name-like-no-other-1": nil,
	} {
		if diff := cmp.Diff(want, f.similar(name)); diff != "" {
			t.Errorf("similar(%q): (-want +got)\n%s", name, diff)
		}
	}
}
