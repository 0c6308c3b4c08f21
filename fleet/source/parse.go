package source

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/slipway-build/slipway/pattern"
	"github.com/slipway-build/slipway/problem"
)

var (
	scheme = pattern.New(`^[A-Za-z][A-Za-z0-9+.-]*://`)
	// scp is user@host:path, ssh's short form. Without a user it would be a
	// folder's name with a colon, as it is for Docker.
	scp = pattern.New(`^([A-Za-z0-9_][A-Za-z0-9_.-]*)@([A-Za-z0-9][A-Za-z0-9.-]*):([^:].*)$`)
	// helper is git's way to name a program that talks to a repository: ext::sh -c …
	helper = pattern.New(`^[A-Za-z0-9+.-]+::`)
	// loggedIn is user@machine/path, as in an address without its https://, or
	// with what is left of it.
	loggedIn = pattern.New(`^((https?)?/+)?[^/]+@([A-Za-z0-9-]+\.)*(localhost|[A-Za-z0-9-]+\.[A-Za-z]{2,})(:[0-9]+)?/`)
	// query is what may hold a token, too.
	query = pattern.New(`\?[^/]*=`)
)

var schemes = []string{"https", "ssh", "git", "http", "file"}

// Parse reads the value of "from". A URL, user@host:path and what begins with
// "github.com/" is a repository; anything else is a folder relative to base,
// the folder of the configuration file, unless it looks like a URL whose
// beginning is missing. Nothing is opened or asked. Errors name no credentials.
func Parse(from, base string) (Source, error) {
	s, err := parse(from, base)
	if err != nil {
		return Source{}, fmt.Errorf("cannot use %q as the source of an image: %w", displayUnparsed(from), err)
	}
	return s, nil
}

func parse(from, base string) (Source, error) {
	if err := checkText(from); err != nil {
		return Source{}, err
	}
	g, ok, err := parseGit(from)
	if ok || err != nil {
		return Source{Git: g}, err
	}
	if unschemed(from) {
		return Source{}, problem.New("it looks like the address of a repository, but does not begin as one", "write https:// in front; in front of a folder with such a name write ./")
	}
	folder, err := parseFolder(from, base)
	return Source{Folder: folder}, err
}

func checkText(s string) error {
	switch {
	case s == "":
		return problem.New("it is empty", "write a folder, or the address of a git repository")
	case strings.HasPrefix(s, "-"):
		return problem.New("it begins with a dash, as an option does", "write ./ before the name of a folder")
	case strings.ContainsFunc(s, unicode.IsControl):
		return errors.New("it has a control character")
	case helper.MatchString(s):
		return problem.New("it names a program for git to run", "write an https://, ssh:// or file:// address")
	}
	return nil
}

// parseGit tells with ok whether from is a repository's address at all.
func parseGit(from string) (g Git, ok bool, err error) {
	address, fragment, _ := strings.Cut(from, "#")
	switch {
	case scheme.MatchString(address):
		name, rest, _ := strings.Cut(address, "://")
		address = strings.ToLower(name) + "://" + rest
	case strings.HasPrefix(address, "github.com/"):
		address = "https://" + address
	case scp.MatchString(address):
	default:
		return Git{}, false, nil
	}
	g.URL = address
	if scheme.MatchString(address) {
		if fragment, err = url.PathUnescape(fragment); err != nil {
			return Git{}, true, errors.New("what follows # is not escaped as in a URL")
		}
	}
	g.Ref, g.Subdir, _ = strings.Cut(fragment, ":")
	if lower := strings.ToLower(g.Ref); isCommit(lower) {
		g.Ref = lower
	}
	if g.Subdir != "" {
		// Docker takes both "sub" and "/sub".
		g.Subdir = strings.TrimLeft(g.Subdir, "/")
		if slices.Contains(strings.Split(g.Subdir, "/"), "..") {
			return Git{}, true, fmt.Errorf("the folder %q leads out of the repository", g.Subdir)
		}
		if g.Subdir = path.Clean(g.Subdir); g.Subdir == "." {
			g.Subdir = ""
		}
	}
	return g, true, g.check()
}

// check holds for a Git however it was made, so that no value can be an option.
func (g Git) check() error {
	if _, err := g.remote(); err != nil {
		return err
	}
	if g.Ref != "" {
		if err := checkRef(g.Ref); err != nil {
			return err
		}
	}
	if g.Subdir == "" {
		return nil
	}
	if strings.ContainsFunc(g.Subdir, unicode.IsControl) || !filepath.IsLocal(filepath.FromSlash(g.Subdir)) {
		return fmt.Errorf("the folder %q leads out of the repository", g.Subdir)
	}
	for _, part := range strings.Split(g.Subdir, "/") {
		if part == ".." || strings.EqualFold(part, ".git") {
			return fmt.Errorf("the folder %q is not part of the repository's files", g.Subdir)
		}
	}
	return nil
}

// checkRef is git-check-ref-format(1), and no dash at the beginning.
func checkRef(ref string) error {
	bad := strings.HasPrefix(ref, "-") || strings.HasSuffix(ref, ".") || ref == "@" ||
		strings.Contains(ref, "..") || strings.Contains(ref, "@{") || strings.ContainsAny(ref, " ~^:?*[\\") ||
		strings.ContainsFunc(ref, unicode.IsControl)
	for _, part := range strings.Split(ref, "/") {
		bad = bad || part == "" || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock")
	}
	if bad {
		return problem.With(fmt.Errorf("%q cannot be the name of a branch or tag", ref), "write repository#branch:folder; the branch may also be a tag or a whole commit id")
	}
	return nil
}

// remote is a Git's URL as the command line may have it: other users of the
// machine can read that, so the user and the password of http(s) are apart, for
// either may be a token.
type remote struct {
	scheme, host   string
	url            string
	scope          string // scheme://host:port, for git's credential.* settings
	user, password string
	hasPassword    bool
}

func (g Git) remote() (remote, error) {
	if strings.ContainsFunc(g.URL, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }) {
		return remote{}, errors.New("the address has a space or a control character")
	}
	if m := scp.FindStringSubmatch(g.URL); m != nil && !scheme.MatchString(g.URL) {
		if strings.HasPrefix(m[3], "-") {
			return remote{}, errors.New("the path begins with a dash, as an option does")
		}
		return remote{scheme: "ssh", host: m[2], url: g.URL}, nil
	}
	u, err := url.Parse(g.URL)
	if err != nil || !scheme.MatchString(g.URL) {
		return remote{}, errors.New("it is not a URL") // the cause would repeat the password
	}
	rem := remote{scheme: u.Scheme, host: u.Hostname()}
	switch {
	case !slices.Contains(schemes, u.Scheme):
		return remote{}, problem.With(fmt.Errorf("%s:// is no way to a git repository here", u.Scheme), "write https://, ssh:// or file://")
	case u.RawQuery != "" || u.ForceQuery:
		return remote{}, problem.New("a repository's address has no query", "write repository#branch:folder")
	case u.Fragment != "":
		return remote{}, errors.New("a repository's URL has no fragment")
	case u.Scheme == "file" && (u.Host != "" || u.User != nil):
		return remote{}, problem.New("a file:// address names another machine", "write three slashes: file:///folder")
	case u.Scheme != "file" && rem.host == "":
		return remote{}, errors.New("it names no machine")
	case strings.Trim(u.Path, "/") == "":
		return remote{}, errors.New("it names a machine but no repository")
	case strings.HasPrefix(rem.host, "-"), strings.HasPrefix(strings.TrimLeft(u.Path, "/"), "-"):
		return remote{}, errors.New("the machine or the path begins with a dash, as an option does")
	}
	if err := rem.credentials(u); err != nil {
		return remote{}, err
	}
	rem.url = u.String()
	rem.scope = u.Scheme + "://" + u.Host
	return rem, nil
}

func (rem *remote) web() bool { return rem.scheme == "https" || rem.scheme == "http" }

// credentials moves the user and the password of http(s) from the URL to rem.
func (rem *remote) credentials(u *url.URL) error {
	if u.User == nil {
		return nil
	}
	rem.user = u.User.Username()
	rem.password, rem.hasPassword = u.User.Password()
	switch {
	case strings.ContainsFunc(rem.user+rem.password, unicode.IsControl):
		return errors.New("the user or the password has a control character")
	case strings.HasPrefix(rem.user, "-"):
		return errors.New("the user begins with a dash, as an option does")
	case u.Scheme == "git":
		return problem.New("git:// knows no users", "write https:// or ssh://")
	case rem.hasPassword && !rem.web():
		return problem.New("ssh takes no password from an address", "use a key in your ssh agent")
	case rem.hasPassword && u.Scheme == "http" && !loopback(rem.host):
		return problem.New("the password would cross the network in the clear", "write https://")
	}
	if rem.web() {
		u.User = nil
	}
	return nil
}

// unschemed tells whether what is neither URL nor user@host:path has a login or
// a query nevertheless: as a folder's name it would be shown with them. What
// begins as a path is a folder.
func unschemed(s string) bool {
	for _, start := range []string{"./", "../", "~/"} {
		if strings.HasPrefix(s, start) {
			return false
		}
	}
	if strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//") {
		return false
	}
	at := max(strings.LastIndexByte(s, '@'), 0)
	return strings.Contains(s[:at], ":") || loggedIn.MatchString(s) || query.MatchString(s)
}

func parseFolder(from, base string) (string, error) {
	switch {
	case strings.Contains(from, "#"):
		return "", problem.New("a folder has no #branch", "write file:///folder#branch for a git repository on this machine")
	case from == "~" || strings.HasPrefix(from, "~/"):
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("cannot tell what ~ is: %w", err)
		}
		return filepath.Join(home, from[1:]), nil
	case strings.HasPrefix(from, "~"):
		return "", problem.New("only ~/ is known, not other users' folders", "write the whole path")
	case filepath.IsAbs(from):
		return filepath.Clean(from), nil
	}
	return filepath.Join(base, from), nil
}
