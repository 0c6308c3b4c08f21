package ref_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/distribution/reference"

	"github.com/slipway-build/slipway/ref"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func ExampleParse() {
	short, _ := ref.Parse("base:1.0")
	whole, _ := ref.Parse("docker.io/library/base:1.0")
	fmt.Println(short == whole)
	fmt.Println(short)
	fmt.Println(short.Name(), short.WithTag("latest"))
	// Output:
	// true
	// docker.io/library/base:1.0
	// base docker.io/library/base:latest
}

func TestParse(t *testing.T) {
	for in, want := range map[string]string{
		"base":                                  "docker.io/library/base:latest",
		"base:1":                                "docker.io/library/base:1",
		"team/base:1":                           "docker.io/team/base:1",
		"index.docker.io/base":                  "docker.io/library/base:latest",
		"docker.io/library/a/b:1":               "docker.io/library/a/b:1",
		"registry.example:5000/a/b:1":           "registry.example:5000/a/b:1",
		"registry.example:5000/a":               "registry.example:5000/a:latest",
		"127.0.0.1:5000/x:1":                    "127.0.0.1:5000/x:1",
		"[::1]:5000/x:1":                        "[::1]:5000/x:1",
		"localhost/b:1":                         "localhost/b:1",
		"UPPER/b:1":                             "UPPER/b:1",
		"library:1":                             "docker.io/library/library:1",
		"base@" + digest:                        "docker.io/library/base@" + digest,
		"base:1@" + digest:                      "docker.io/library/base:1@" + digest,
		"registry.example/a:V1.0-1_x@" + digest: "registry.example/a:V1.0-1_x@" + digest,
	} {
		got, err := ref.Parse(in)
		if err != nil || got.String() != want {
			t.Errorf("Parse(%q) = %q, %v, want %q", in, got, err, want)
		}
		if known := ref.Known(got.String()); known != got {
			t.Errorf("Known(%q) = %#v, want %#v", got, known, got)
		}
		if got := ref.Canonical(in); got != want {
			t.Errorf("Canonical(%q) = %q", in, got)
		}
		named, err := reference.ParseNormalizedNamed(in)
		if err != nil || got.Name() != reference.FamiliarName(named) || got.Registry() != reference.Domain(named) || got.Path() != reference.Path(named) {
			t.Errorf("%s is %q: %s at %s", in, got.Name(), got.Path(), got.Registry())
		}
		if short := ref.Familiar(want); ref.Canonical(short) != want || strings.HasPrefix(short, "docker.io/") {
			t.Errorf("%s is written %s", want, short)
		}
	}
	for _, in := range []string{"", "Base:1", "a b", "https://x/y:1", "a:b:c", "base@sha256:0", "$A/base:1", strings.TrimPrefix(digest, "sha256:")} {
		if got, err := ref.Parse(in); err == nil || !strings.HasPrefix(err.Error(), fmt.Sprintf("cannot read image name %q: ", in)) || got != (ref.Ref{}) {
			t.Errorf("Parse(%q) = %q, %v", in, got, err)
		}
		if ref.Canonical(in) != in || ref.Familiar(in) != in {
			t.Errorf("%q does not stay as it is: %q, %q", in, ref.Canonical(in), ref.Familiar(in))
		}
	}
}

func TestParseRepository(t *testing.T) {
	for in, want := range map[string]string{"base": "docker.io/library/base", "registry.example:5000/a/b": "registry.example:5000/a/b"} {
		if got, err := ref.ParseRepository(in); err != nil || got.String() != want || got.Repository() != want || got.WithTag("1").String() != want+":1" {
			t.Errorf("ParseRepository(%q) = %q, %v", in, got, err)
		}
	}
	for in, want := range map[string]string{
		"base:1": `cannot read repository name "base:1": it has a tag or a digest`, "base@" + digest: "it has a tag or a digest", "Base": `cannot read repository name "Base": `,
	} {
		if _, err := ref.ParseRepository(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseRepository(%q): %v", in, err)
		}
	}
}

// TestTarget: with both, the digest counts; a tag has none, a digest no tag.
func TestTarget(t *testing.T) {
	both, err := ref.Parse("base:1@" + digest)
	if err != nil {
		t.Fatal(err)
	}
	tag, pinned := both.WithTag("2"), both.WithDigest(digest)
	if both.Target() != digest || both.Tag() != "1" || tag.Target() != "2" || tag.Digest() != "" || pinned.Tag() != "" || pinned.String() != "docker.io/library/base@"+digest {
		t.Errorf("%s: %s, %s, %s", both, both.Target(), tag, pinned)
	}
}

// TestWritten: what a Dockerfile has is cut as it stands.
func TestWritten(t *testing.T) {
	for written, want := range map[string][3]string{
		"base":                        {"base", "", ""},
		"base:1.0":                    {"base", "1.0", ""},
		"registry.example:5000/a/b":   {"registry.example:5000/a/b", "", ""},
		"registry.example:5000/a/b:1": {"registry.example:5000/a/b", "1", ""},
		"base:1@" + digest:            {"base", "1", digest},
		"base@" + digest:              {"base", "", digest},
		"base:${TAG:-1}":              {"base:${TAG", "-1}", ""},
		"$REGISTRY/base:$TAG":         {"$REGISTRY/base", "$TAG", ""},
		"":                            {"", "", ""},
	} {
		repository, tag, digest := ref.Split(written)
		if got := [3]string{repository, tag, digest}; got != want {
			t.Errorf("Split(%q) = %q", written, got)
		}
	}
	for repository, want := range map[string]string{
		"docker.io/library/base": "base", "index.docker.io/base": "base", "library/base": "base", "docker.io/library/a/b": "library/a/b",
		"docker.io/team/base": "team/base", "registry.example/library/base": "registry.example/library/base", "base": "base",
	} {
		if got := ref.Short(repository); got != want {
			t.Errorf("Short(%q) = %q, want %q", repository, got, want)
		}
	}
}
