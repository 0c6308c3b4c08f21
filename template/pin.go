package template

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/problem"
)

// digestPin puts the digest that the configuration has for a reference behind
// it. A reference with a digest is pinned already.
func (o *Options) digestPin(ref string) (string, error) {
	name, digest, pinned := strings.Cut(ref, "@")
	if !config.IsReference(name) {
		return "", problem.With(fmt.Errorf("digest_pin wants an image reference, not %s", quoted(ref)), "write name:tag without spaces, the name in lower case")
	}
	if !pinned {
		var known bool
		if digest, known = o.Digests[ref]; !known {
			return "", problem.Withf(fmt.Errorf("no digest is known for %s", ref), "add the line \"  %s: sha256:...\" to image_digests in the configuration", ref)
		}
	}
	if !config.IsDigest(digest) {
		return "", problem.With(fmt.Errorf("%s is not a digest", quoted(digest)), config.DigestHint(digest))
	}
	return name + "@" + digest, nil
}

var (
	fetchURL      = regexp.MustCompile(`^https://[A-Za-z0-9\[\]._~:/?@!&()*+,;=%-]+$`)
	fetchChecksum = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	fetchDest     = regexp.MustCompile(`^/[A-Za-z0-9._~:/@!+,=%-]*$`)
	fetchMode     = regexp.MustCompile(`^[0-7]{3,4}$`)
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
			return nil, problem.With(fmt.Errorf("fetch cannot use the mode %s", shown(args[3])), "write three or four octal digits in quotes: chmod=\"0755\"")
		}
		mode = "--chmod=" + s + " "
	}
	return "ADD --checksum=" + checksum + " " + mode + source + " " + dest, nil
}

func checkFetchURL(source string) (*url.URL, error) {
	if strings.HasPrefix(strings.ToLower(source), "http://") {
		return nil, problem.With(fmt.Errorf("fetch cannot use the URL %s: it is not https", quoted(withoutUser(source))), ""+
			"write https://; where there is no such server, ADD --checksum=... does without this filter")
	}
	if !fetchURL.MatchString(source) {
		hint := "it begins with https:// and has neither spaces, quotes, $, # nor \\; write others as %XX"
		return nil, problem.With(fmt.Errorf("fetch cannot use the URL %s", quoted(withoutUser(source))), hint)
	}
	u, err := url.Parse(source)
	switch {
	case err != nil || u.Hostname() == "":
		return nil, fmt.Errorf("fetch cannot use the URL %s: it has no host", quoted(withoutUser(source)))
	case u.User != nil:
		return nil, problem.New("fetch cannot use a URL with credentials", "they would stay in the image's history")
	case strings.HasSuffix(u.Path, ".git"):
		return nil, fmt.Errorf("fetch cannot use the URL %s: ADD takes .git for a repository to clone", quoted(source))
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
	hint := config.DigestHint(checksum)
	if config.IsDigest(checksum) {
		hint = "write sha256: and the digits that sha256sum prints"
	}
	return problem.With(fmt.Errorf("fetch cannot use the checksum %s", quoted(checksum)), hint)
}

func checkFetchDest(dest string, u *url.URL) error {
	if !fetchDest.MatchString(dest) || slices.Contains(strings.Split(dest, "/"), "..") {
		return problem.With(fmt.Errorf("fetch cannot use the destination %s", quoted(dest)), "write an absolute path without spaces, quotes, $ and ..")
	}
	if base := path.Base(u.Path); strings.HasSuffix(dest, "/") && (base == "." || base == "/") {
		return problem.With(fmt.Errorf("fetch cannot put %s into the folder %s: the URL has no file name", quoted(u.String()), dest), "write the file's name behind the folder")
	}
	return nil
}
