// Package source finds the files of images that the configuration lists with a
// "from": a folder, or a git repository, whose commit is looked up without a
// clone and checked out into a cache. Configuration and repositories are
// untrusted: no value becomes an option, no repository runs a program.
package source

import (
	"fmt"
	"net"
	"strings"
)

// Source is where an image's files are: in a folder or in a repository.
type Source struct {
	// Folder is a local path; empty for a repository.
	Folder string
	// Git is zero for a folder.
	Git Git
}

// IsGit tells a repository from a folder.
func (s Source) IsGit() bool { return s.Git.URL != "" }

// String is the folder's path or the repository without credentials.
func (s Source) String() string {
	if s.IsGit() {
		return s.Git.String()
	}
	return s.Folder
}

// Git is a repository as Docker writes it: URL#Ref:Subdir.
type Git struct {
	// URL is what git takes, and may hold credentials: print the Git, not the URL.
	URL string
	// Ref is a branch, a tag, a whole commit id or a name that begins with
	// "refs/"; empty for the repository's HEAD.
	Ref string
	// Subdir is a slash path below the repository's root; empty for the root.
	Subdir string
}

// String is URL#Ref:Subdir. The user and the password of http(s) URLs are left
// out, for either may be a token.
func (g Git) String() string {
	s := display(g.URL)
	if _, err := g.remote(); err != nil {
		s = displayUnparsed(g.URL)
	}
	if g.Ref != "" || g.Subdir != "" {
		s += "#" + g.Ref
	}
	if g.Subdir != "" {
		s += ":" + g.Subdir
	}
	return s
}

// GoString keeps credentials out of %#v too.
func (g Git) GoString() string { return fmt.Sprintf("source.Git(%q)", g.String()) }

// Unprotected tells that nothing proves that the answers come from the
// repository: http:// or git:// to another machine. A caller should say so.
func (g Git) Unprotected() bool {
	rem, err := g.remote()
	return err == nil && (rem.scheme == "http" || rem.scheme == "git") && !loopback(rem.host)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// isCommit tells whether s is a whole commit id, SHA-1 or SHA-256, in lower case.
func isCommit(s string) bool {
	return (len(s) == 40 || len(s) == 64) && isHex(s)
}

func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == ""
}
