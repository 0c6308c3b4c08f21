package template

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	// imageRef is the characters that the grammar of distribution/reference has.
	imageRef = regexp.MustCompile(`^[A-Za-z0-9\[][A-Za-z0-9._:/\[\]-]*$`)
	// imageDigest is the two algorithms that OCI's image-spec registers for all.
	imageDigest = regexp.MustCompile(`^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$`)
)

// digestPin puts the digest that the configuration has for a reference behind
// it. A reference with a digest is pinned already.
func (o *Options) digestPin(ref string) (string, error) {
	name, digest, pinned := strings.Cut(ref, "@")
	if !imageRef.MatchString(name) {
		return "", fmt.Errorf("digest_pin wants an image reference, not %q", ref)
	}
	if !pinned {
		var known bool
		if digest, known = o.Digests[ref]; !known {
			return "", fmt.Errorf("no digest is known for %s\nhint: add the line \"  %s: sha256:...\" to image_digests in the configuration", ref, ref)
		}
	}
	if !imageDigest.MatchString(digest) {
		return "", fmt.Errorf("%q is not a digest\nhint: a digest is sha256: and 64 hexadecimal digits in lower case", digest)
	}
	return name + "@" + digest, nil
}

var (
	fetchURL      = regexp.MustCompile(`^https?://[A-Za-z0-9\[\]._~:/?@!&()*+,;=%-]+$`)
	fetchChecksum = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	fetchDest     = regexp.MustCompile(`^/[A-Za-z0-9._~:/@!+,=%-]*$`)
	fetchMode     = regexp.MustCompile(`^[0-7]{3,4}$`)
	bareChecksum  = regexp.MustCompile(`^(sha256:)?[0-9a-fA-F]{64}$`)
)

// fetch is the ADD instruction for a download that must have the checksum. Its
// arguments are URL, checksum, destination and mode (None for BuildKit's, 0600).
// Whatever a Dockerfile would expand, split or take for a repository is refused.
func fetch(args []any) (any, error) {
	var text [3]string
	for i, name := range []string{"a URL", "a checksum", "a destination"} {
		s, ok := args[i].(string)
		if !ok {
			return nil, fmt.Errorf("fetch wants %s as text, not %s", name, shown(args[i]))
		}
		text[i] = s
	}
	source, checksum, dest := text[0], text[1], text[2]
	u, err := checkFetchURL(source)
	if err == nil {
		err = checkFetchChecksum(checksum)
	}
	if err == nil {
		err = checkFetchDest(dest, u)
	}
	if err != nil {
		return nil, err
	}
	mode := ""
	if args[3] != nil {
		s, ok := args[3].(string)
		if !ok || !fetchMode.MatchString(s) {
			return nil, fmt.Errorf("fetch cannot use the mode %s\nhint: write three or four octal digits in quotes: chmod=\"0755\"", shown(args[3]))
		}
		mode = "--chmod=" + s + " "
	}
	return "ADD --checksum=" + checksum + " " + mode + source + " " + dest, nil
}

func checkFetchURL(source string) (*url.URL, error) {
	if !fetchURL.MatchString(source) {
		hint := "it begins with https:// and has neither spaces, quotes, $, # nor \\; write others as %XX"
		return nil, fmt.Errorf("fetch cannot use the URL %q\nhint: %s", withoutUser(source), hint)
	}
	u, err := url.Parse(source)
	switch {
	case err != nil || u.Hostname() == "":
		return nil, fmt.Errorf("fetch cannot use the URL %q: it has no host", withoutUser(source))
	case u.User != nil:
		return nil, errors.New("fetch cannot use a URL with credentials\nhint: they would stay in the image's history")
	case strings.HasSuffix(u.Path, ".git"):
		return nil, fmt.Errorf("fetch cannot use the URL %q: ADD takes .git for a repository to clone", source)
	}
	return u, nil
}

// withoutUser keeps credentials out of messages.
func withoutUser(source string) string {
	if at := strings.LastIndexByte(source, '@'); at >= 0 {
		return "..." + source[at:]
	}
	return source
}

func checkFetchChecksum(checksum string) error {
	if fetchChecksum.MatchString(checksum) {
		return nil
	}
	hint := "it is sha256: and the 64 hexadecimal digits that sha256sum prints"
	if bareChecksum.MatchString(checksum) {
		hint = "write sha256:" + strings.ToLower(strings.TrimPrefix(checksum, "sha256:"))
	}
	return fmt.Errorf("fetch cannot use the checksum %q\nhint: %s", checksum, hint)
}

func checkFetchDest(dest string, u *url.URL) error {
	if !fetchDest.MatchString(dest) || slices.Contains(strings.Split(dest, "/"), "..") {
		return fmt.Errorf("fetch cannot use the destination %q\nhint: write an absolute path without spaces, quotes, $ and ..", dest)
	}
	if base := path.Base(u.Path); strings.HasSuffix(dest, "/") && (base == "." || base == "/") {
		return fmt.Errorf("fetch cannot put %q into the folder %s: the URL has no file name\nhint: write the file's name behind the folder", u, dest)
	}
	return nil
}
