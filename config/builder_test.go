package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBuilder(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []Listed
		err        string
	}{
		{"blog", "builder:\n  images:\n  - name: test/busybox\n    from: github.com/example/docker-busybox\n  - name: test/tmp\n    from: test\n", []Listed{
			{Name: "test/busybox", From: "github.com/example/docker-busybox", Tags: []string{"latest"}, Dockerfile: "Dockerfile"},
			{Name: "test/tmp", From: "test", Tags: []string{"latest"}, Dockerfile: "Dockerfile"},
		}, ""},
		{"all keys", "builder:\n  images:\n  - {name: a, from: b, tags: [1.0, x], dockerfile: c/D, target: t, args: {A: 1, B: null, C: x}, platforms: linux/amd64, depends: [p, q], test: t.sh}\n", []Listed{
			{Name: "a", From: "b", Tags: []string{"1.0", "x"}, Dockerfile: "c/D", Target: "t", Args: map[string]string{"A": "1", "B": "", "C": "x"},
				Platforms: []string{"linux/amd64"}, Depends: []string{"p", "q"}, Test: "t.sh"},
		}, ""},
		{"as written", "base: &b 0x1F\nbuilder:\n  images:\n  - {name: 1.10, from: 2026-11-01, tags: [1.10, 0777, 12:30, 1_000, 1e3, 1.0e+10, 0o7, 00123456789012345678901], target: off, args: {VERSION: 1.20, ON: yes, N: .inf, 1: ~, ALIAS: *b, <<: {M: 3.10}, Q: '1.0', I: !!int 010, T: 2026-11-01 10:00:00}}\n", []Listed{
			{Name: "1.10", From: "2026-11-01", Tags: []string{"1.10", "0777", "12:30", "1_000", "1e3", "1.0e+10", "0o7", "00123456789012345678901"}, Dockerfile: "Dockerfile", Target: "off",
				Args: map[string]string{"VERSION": "1.20", "ON": "yes", "N": ".inf", "1": "", "ALIAS": "0x1F", "M": "3.10", "Q": "1.0", "I": "010", "T": "2026-11-01 10:00:00"}},
		}, ""},
		{"parts of a checkout", "builder:\n  images:\n  - {name: a, from: b, submodules: false, filters: no}\n  - {name: b, from: b, submodules: true, filters: yes}\n  - {name: c, from: b, submodules: [x/y, ./z/]}\n  - {name: d, from: b, submodules: []}\n  - {name: e, from: b, submodules: x}\n", []Listed{
			{Name: "a", From: "b", Tags: []string{"latest"}, Dockerfile: "Dockerfile", Submodules: []string{}, NoFilters: true},
			{Name: "b", From: "b", Tags: []string{"latest"}, Dockerfile: "Dockerfile"},
			{Name: "c", From: "b", Tags: []string{"latest"}, Dockerfile: "Dockerfile", Submodules: []string{"x/y", "z"}},
			{Name: "d", From: "b", Tags: []string{"latest"}, Dockerfile: "Dockerfile", Submodules: []string{}},
			{Name: "e", From: "b", Tags: []string{"latest"}, Dockerfile: "Dockerfile", Submodules: []string{"x"}},
		}, ""},
		{"submodules elsewhere", "builder:\n  images: [{name: x, from: y, submodules: ../z}]\n", nil, "config.yaml:2: cannot read configuration: image 1 (x) of builder must have paths in the repository for submodules, got \"../z\""},
		{"a filter", "builder:\n  images: [{name: x, from: y, filters: lfs}]\n", nil, "config.yaml:2: cannot read configuration: image 1 (x) of builder must have true or false for filters, got a string"},
		{"binary", "builder:\n  images: [{name: x, from: y, target: !!binary eA==}]\n", nil, "config.yaml:2: cannot read configuration: image 1 (x) of builder must have a string for target, got binary data"},
		{"a variable of templates", "builder: somebody\n", nil, ""},
		{"no images", "builder:\n  images:\n", nil, ""},
		{"no list", "builder:\n  images: x\n", nil, "config.yaml:1: cannot read configuration: key builder must have a list of images, got a string"},
		{"no mapping", "builder:\n  images: [x]\n", nil, "config.yaml:2: cannot read configuration: image 1 of builder must be a mapping, got a string"},
		{"no from", "builder:\n  images: [{name: x}]\n", nil, "config.yaml:2: cannot read configuration: image 1 (x) of builder lacks the key from"},
		{"twice", "builder:\n  images: [{name: x, from: y}, {name: x, from: z}]\n", nil, "config.yaml:2: cannot read configuration: image 2 (x) of builder has the name of another image of the list"},
		{"args", "builder:\n  images: [{name: x, from: y, args: [A=b]}]\n", nil, "config.yaml:2: cannot read configuration: image 1 (x) of builder must have a mapping for args, got a list"},
		{"unknown", "builder:\n  images: [{name: x, from: y, tag: z}]\n", nil, "config.yaml:2: cannot read configuration: image 1 (x) of builder has the unknown key tag"},
		{"too many", "builder:\n  images:\n  - &e {name: x, from: y}\n" + strings.Repeat("  - *e\n", 20_000), nil, "config.yaml:1: cannot read configuration: key builder has 20001 images, more than 20000\nhint: make two lists"},
		{"types", "builder:\n  images: [{name: [x], from: y}]\n", nil, "config.yaml:2: cannot read configuration: image 1 of builder must have a string for name, got a list"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := loadText(t, tt.text)
			if tt.err != "" {
				if err == nil || !strings.HasPrefix(err.Error(), tt.err) {
					t.Errorf("got  %v\nwant %s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for i := range c.Builder {
				if c.Builder[i].Line < 3 || c.Builder[i].Path == "" || c.Builder[i].Base == "" {
					t.Errorf("no place: %+v", c.Builder[i])
				}
				c.Builder[i].Line, c.Builder[i].Path, c.Builder[i].Base = 0, "", ""
			}
			if diff := cmp.Diff(tt.want, c.Builder); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestBuilderAsVariable: templates see the values that YAML gives, as of any other key.
func TestBuilderAsVariable(t *testing.T) {
	c, err := loadText(t, "builder: {images: [{name: x, from: y, tags: [1.10]}], other: 0777}\n")
	if err != nil {
		t.Fatal(err)
	}
	m := c.Variables()["builder"].(*Map)
	if v, _ := m.Get("other"); v != 511 {
		t.Errorf("got %v", v)
	}
}

// TestManyWrongEntries: an alias in YAML makes an error of three bytes, but nobody reads so many.
func TestManyWrongEntries(t *testing.T) {
	_, err := loadText(t, "builder:\n  images:\n  - &e {name: x}\n"+strings.Repeat("  - *e\n", 10_000))
	if n := strings.Count(err.Error(), "lacks the key from"); n == 0 || n > 100 {
		t.Errorf("%d errors", n)
	}
}

func TestManyTexts(t *testing.T) {
	if _, err := loadText(t, "base_images: ["+strings.Repeat("a,", 99_999)+"a]\n"); err != nil {
		t.Error(err)
	}
	const want = "config.yaml:1: cannot read configuration: key base_images has 100001 items, more than 100000\nhint: remove those that are not needed"
	if _, err := loadText(t, "base_images: ["+strings.Repeat("a,", 100_000)+"a]\n"); err == nil || err.Error() != want {
		t.Errorf("%.300v", err)
	}
}
