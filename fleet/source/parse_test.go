package source

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	sha := strings.Repeat("0123abcd", 5)
	tests := []struct {
		from string
		want Source
	}{
		{"test", Source{Folder: "/base/test"}},
		{"./test/", Source{Folder: "/base/test"}},
		{"../other", Source{Folder: "/other"}},
		{"/abs/dir", Source{Folder: "/abs/dir"}},
		{"~/dir", Source{Folder: filepath.Join(home, "dir")}},
		{"~", Source{Folder: home}},
		{"a:b", Source{Folder: "/base/a:b"}},
		{"web@2/x", Source{Folder: "/base/web@2/x"}},
		{"node_modules/@scope/x", Source{Folder: "/base/node_modules/@scope/x"}},
		{"web@v1.2/x", Source{Folder: "/base/web@v1.2/x"}},
		{"what?/x", Source{Folder: "/base/what?/x"}},
		{"./a:b@c", Source{Folder: "/base/a:b@c"}},
		{"../a@b.example/c", Source{Folder: "/a@b.example/c"}},
		{"/srv/a:b@c?d=e", Source{Folder: "/srv/a:b@c?d=e"}},
		{"~/a:b@c", Source{Folder: filepath.Join(home, "a:b@c")}},
		{"host:path", Source{Folder: "/base/host:path"}},
		{"github.company/x", Source{Folder: "/base/github.company/x"}},
		{"github.com/example/docker-busybox", Source{Git: Git{URL: "https://github.com/example/docker-busybox"}}},
		{"github.com/e/b#dev:sub", Source{Git: Git{"https://github.com/e/b", "dev", "sub"}}},
		{"https://host/x.git", Source{Git: Git{URL: "https://host/x.git"}}},
		{"https://host/x", Source{Git: Git{URL: "https://host/x"}}},
		{"HTTPS://host/x", Source{Git: Git{URL: "https://host/x"}}},
		{"https://host/x#v1:", Source{Git: Git{"https://host/x", "v1", ""}}},
		{"https://host/x#:a/b", Source{Git: Git{"https://host/x", "", "a/b"}}},
		{"https://host/x#:/a//b/./", Source{Git: Git{"https://host/x", "", "a/b"}}},
		{"https://host/x#:.", Source{Git: Git{URL: "https://host/x"}}},
		{"https://host/x#a%2Fb", Source{Git: Git{"https://host/x", "a/b", ""}}},
		{"https://host/x#" + strings.ToUpper(sha), Source{Git: Git{"https://host/x", sha, ""}}},
		{"https://u:p@host/x", Source{Git: Git{URL: "https://u:p@host/x"}}},
		{"http://127.0.0.1:8080/x", Source{Git: Git{URL: "http://127.0.0.1:8080/x"}}},
		{"git://host/x", Source{Git: Git{URL: "git://host/x"}}},
		{"ssh://git@host:22/x#b", Source{Git: Git{"ssh://git@host:22/x", "b", ""}}},
		{"git@github.com:e/b.git#b:s", Source{Git: Git{"git@github.com:e/b.git", "b", "s"}}},
		{"file:///srv/x#b", Source{Git: Git{"file:///srv/x", "b", ""}}},
	}
	for _, test := range tests {
		got, err := Parse(test.from, "/base")
		if err != nil {
			t.Errorf("%s: %v", test.from, err)
		} else if got != test.want {
			t.Errorf("%s: got %+v", test.from, [2]string{got.Folder, got.Git.URL + " " + got.Git.Ref + " " + got.Git.Subdir})
		}
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ from, want string }{
		{"", "it is empty\nhint: "},
		{"-x", "begins with a dash"},
		{"--upload-pack=touch /tmp/x", "begins with a dash"},
		{"a\nb", "control character"},
		{"https://host/a\x00b", "control character"},
		{"ext::sh -c id", "names a program for git to run"},
		{"fd::17", "names a program for git to run"},
		{"ftp://host/x", "ftp:// is no way to a git repository here\nhint: "},
		{"git+ssh://host/x", "git+ssh:// is no way"},
		{"ext://host/x", "ext:// is no way"},
		{"https://host", "names a machine but no repository"},
		{"https:///x", "names no machine"},
		{"https://-oProxyCommand=id/x", "begins with a dash"},
		{"ssh://-oProxyCommand=id/x", "begins with a dash"},
		{"ssh://-oProxyCommand=id@host/x", "the user begins with a dash"},
		{"ssh://host/-x", "begins with a dash"},
		{"git@host:-x", "begins with a dash"},
		{"file://host/x", "names another machine\nhint: write three slashes"},
		{"https://host/x?ref=main", "has no query"},
		{"https://host/x#--upload-pack=id", "cannot be the name of a branch or tag"},
		{"https://host/x#a..b", "cannot be the name"},
		{"https://host/x#a b", "cannot be the name"},
		{"https://host/x#a%0ab", "cannot be the name"},
		{"https://host/x#a%zz", "not escaped"},
		{"https://host/x#a*", "cannot be the name"},
		{"https://host/x#:../up", "leads out of the repository"},
		{"https://host/x#:a/../../up", "leads out of the repository"},
		{"https://host/x#:a/.Git/hooks", "is not part of the repository's files"},
		{"folder#main", "a folder has no #branch\nhint: write file:///"},
		{"user:tok@host/x", "looks like the address of a repository, but does not begin as one\nhint: write https:// in front"},
		{"me@example.com/x", "looks like the address"},
		{"host/x?a=b", "looks like the address"},
		{"~other/x", "only ~/ is known"},
		{"git://u@host/x", "git:// knows no users"},
		{"ssh://u:secret@host/x", "ssh takes no password"},
		{"http://u:secret@host/x", "in the clear"},
		{"https://u:sec%0aret@host/x", "control character"},
	}
	for _, test := range tests {
		_, err := Parse(test.from, "/base")
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "cannot use ") {
			t.Errorf("%q: got error %v\nwant %q", test.from, err, test.want)
		}
	}
}

// No way to print a source shows what may be a password.
func TestCredentialsAreNotShown(t *testing.T) {
	for _, from := range []string{
		"https://user:s3cret@host/x", "https://s3cret@host/x#b:s", "https://user:s3cret'\"@host/x", "https://u:s3cret'@host/x",
		"https://u:a@s3cret@host/x", "https://u:s3cret#x@host/x", "https://u:s3cret/x@host/x", "https://u:x/s3cret@host/x#a..b",
		"http://u:s3cret@example.com/x", "ssh://u:s3cret@host/x", "https://host/x?token=s3cret", "https://u:s3cret@host:port/x",
		"https://u:%zzs3cret@host/x", "ftp://u:s3cret@host/x", "https://u:s3cret@/x", "https://u:s3cret@host",
		// Without https://, or with something in front of it.
		"user:s3cret@host/x", "x-access-token:s3cret@github.com/o/r", "x-access-token:s3cret@github.com/o/r.git#main:sub",
		"s3cret@github.com/o/r", "s3cret@localhost/x", "s3cret:@host/x", "user:s3cret@host:o/r", "user:s3#cret@host/x#s3cret@",
		"user:s3cret/@x@host/y", "//user:s3cret@host/x", "https:/user:s3cret@host/x", "https//s3cret@example.com/x", "//s3cret@example.com/x", "https:s3cret@host/x",
		" https://user:s3cret@host/x", "\"https://s3cret@host/x\"", "user:s3cret@host/x\n", "-user:s3cret@host", "user::s3cret@host",
		"github.com/o/r?token=s3cret", "host/x?token=s3cret", "u:s3cret@host/?next=http://a", "~user:s3cret@host/x",
	} {
		s, err := Parse(from, "/base")
		text := fmt.Sprintf("%v %+v %#v %s %v %v", s, s, s, s, s.Git, err)
		_, resolved := repositories(t).Resolve(t.Context(), Git{URL: from + "?"}) // a Git that is not from Parse
		if resolved == nil || strings.Contains(resolved.Error(), "s3cret") {
			t.Errorf("%s: shown in %v", from, resolved)
		}
		if strings.Contains(text, "s3cret") {
			t.Errorf("%s: shown in %s", from, text)
		}
	}
	s, err := Parse("https://user:s3cret@host/x#b:s", "")
	if err != nil || s.String() != "https://host/x#b:s" {
		t.Errorf("got %s, %v", s, err)
	}
	if s, err = Parse("ssh://git@host/x", ""); err != nil || s.String() != "ssh://git@host/x" {
		t.Errorf("got %s, %v", s, err)
	}
}

func TestUnprotected(t *testing.T) {
	for from, want := range map[string]bool{
		"http://example.com/x": true, "git://example.com/x": true, "http://localhost/x": false, "git://[::1]/x": false,
		"http://127.0.0.2:80/x": false, "https://example.com/x": false, "ssh://example.com/x": false, "file:///x": false,
	} {
		if got := parsed(t, from).Unprotected(); got != want {
			t.Errorf("%s: got %t", from, got)
		}
	}
}

// A Git that did not come from Parse is checked too.
func TestHandMade(t *testing.T) {
	r := repositories(t)
	sha := strings.Repeat("0", 40)
	for _, g := range []Git{
		{}, {URL: "--upload-pack=id"}, {URL: "/etc"}, {URL: "ext::id"}, {URL: "https://host/x", Ref: "-x"},
		{URL: "https://host/x#frag"}, {URL: "file:///x", Subdir: "../y"}, {URL: "file:///x", Subdir: "/etc"}, {URL: "file:///x", Subdir: "a/.git"},
	} {
		if _, err := r.Resolve(t.Context(), g); err == nil {
			t.Errorf("%#v was resolved", g)
		}
		if _, err := r.Fetch(t.Context(), g, sha, Wish{}); err == nil {
			t.Errorf("%#v was fetched", g)
		}
	}
	for _, commit := range []string{"", "main", "--all", sha[:39], sha + "/../../x"} {
		_, err := r.Fetch(t.Context(), Git{URL: "file:///x"}, commit, Wish{})
		wantError(t, err, "cannot fetch file:///x: ", "is not a whole commit id")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"test", "https://u:p@h/x#r:s", "git@h:x#r", "file:///x", "github.com/a/b", "ext::x", "~/x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, from string) {
		s, err := Parse(from, "/base")
		if err != nil {
			return
		}
		if s.IsGit() == (s.Folder != "") {
			t.Fatalf("%q is a folder and a repository, or neither", from)
		}
		if s.IsGit() {
			rem, err := s.Git.remote()
			if err != nil || strings.HasPrefix(rem.url, "-") || strings.HasPrefix(s.Git.Ref, "-") {
				t.Fatalf("%q: %v %v", from, rem.url, err)
			}
		}
	})
}
