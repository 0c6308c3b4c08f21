package slipway

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// nameables makes nameables of references, each a day older than the one before it.
func nameables(refs ...string) []nameable {
	all := make([]nameable, len(refs))
	day := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for i, ref := range refs {
		repository, tag := cutTag(ref)
		repository, _, _ = strings.Cut(repository, "@")
		all[i] = nameable{repository: repository, tag: tag, ref: ref, created: day.AddDate(0, 0, -i)}
	}
	return all
}

func TestResolve(t *testing.T) {
	const team = "registry.example:5000/team/"
	for _, tt := range []struct {
		what, given string
		all         []nameable
		want        string // of the image, or the error
	}{
		{"the only tag", "app", nameables("app:0.1"), "app:0.1"},
		{"a name with its tag", "app:0.1", nameables("app:0.2", "app:0.1"), "app:0.1"},
		{"several tags", "app", nameables("app:0.2", "app:0.1"), "not clear: it may be app:0.2 or app:0.1"},
		{"the newest first", "app", []nameable{{repository: "app", tag: "0.9", ref: "app:0.9"}, {repository: "app", tag: "0.10", ref: "app:0.10"}}, "not clear: it may be app:0.10 or app:0.9"},
		{"latest, as for Docker", "app", nameables("app:0.2", "app:latest"), "app:latest"},
		{"latest of another is none", "app", nameables("a/app:0.2", "b/app:latest"), "not clear: it may be a/app:0.2 or b/app:latest"},
		{"an end", "app", nameables(team + "web/app:1"), team + "web/app:1"},
		{"a longer end", "web/app", nameables(team+"web/app:1", team+"db/app:1"), team + "web/app:1"},
		{"an end in the middle of a word is none", "pp", nameables(team + "web/app:1")[:1], "no such image: pp"},
		{"a beginning is no end", "registry.example:5000/team", nameables(team + "app:1"), "no such image"},
		{"an end with its tag", "app:0.1", nameables("a/app:0.2", "b/app:0.1"), "b/app:0.1"},
		{"a whole name before an end", "app", nameables("team/app:1", "app:2"), "app:2"},
		{"whole with another tag", "app:1", nameables("team/app:1", "app:2"), "team/app:1"},
		{"without the tag, with a port", team + "app", nameables(team + "app:1"), team + "app:1"},
		{"two repositories", "httpd", nameables(team+"web/httpd:1", team+"old/httpd:1"), "not clear: it may be " + team + "web/httpd:1 or " + team + "old/httpd:1"},
		{"many", "a", nameables("a:1", "a:2", "a:3", "a:4", "a:5", "a:6", "a:7"), "it may be a:1, a:2, a:3, a:4, a:5 or 2 more"},
		{"another tag", "app:0.3", nameables("app:0.2", "app:0.1"), "no such image: app:0.3\nhint: did you mean app:0.2 or app:0.1?"},
		{"misspelt", "ap", nameables(team+"app:0.2", team+"app:0.1", "other:1"), "no such image: ap\nhint: did you mean " + team + "app:0.2?"},
		{"misspelt, with its tag", "htpd:0.1", nameables(team+"httpd:0.2", team+"httpd:0.1"), "hint: did you mean " + team + "httpd:0.1?"},
		{"misspelt folder", "tem/app", nameables("team/app:1"), "hint: did you mean team/app:1?"},
		{"another registry", "registry.example/team/app:1", nameables(team + "app:1"), "hint: did you mean " + team + "app:1?"},
		{"capitals", "App", nameables("app:1"), "hint: did you mean app:1?"},
		{"nothing like it", "zebra", nameables("app:1"), "no such image: zebra"},
		{"an empty store", "app", nil, "no such image: app"},
		{"an empty name is not that of an image without one", "", nameables("app:1"), "no such image: "},
		{"a tag alone", ":1", nameables("app:1"), "no such image: :1"},
		{"a digest", "app@sha256:" + strings.Repeat("0", 64), nameables("app:1"), "no such image"},
		{"by digest alone", "app", nameables("app@sha256:" + strings.Repeat("0", 64)), "app@sha256:" + strings.Repeat("0", 64)},
	} {
		got, err := resolve(tt.given, tt.all)
		switch {
		case err == nil && got.ref != tt.want:
			t.Errorf("%s: got %s, want %s", tt.what, got.ref, tt.want)
		case err != nil && !strings.Contains(err.Error(), tt.want):
			t.Errorf("%s: got the error %v, want %s", tt.what, err, tt.want)
		case err != nil && errors.Is(err, ErrNotFound) == errors.Is(err, errUnclear):
			t.Errorf("%s: of no kind: %v", tt.what, err)
		}
	}
}
