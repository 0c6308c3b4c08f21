package template

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

var (
	// plainWord means the same to a shell with and without quotes.
	plainWord = regexp.MustCompile(`^[A-Za-z0-9@/._+:=,%-]+$`)
	// packageWord has what apk and dnf allow beside that: foo>1.2, foo~1, php-*, pkgconfig(zlib).
	packageWord = regexp.MustCompile(`^[A-Za-z0-9@/._+:=,%~^<>*?!()\[\]-]+$`)
	proxyURL    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9\[\]._~:/?@!&()*+,;=%-]+$`)
)

// shellWord puts a word that matches packageWord or proxyURL into quotes if a
// shell would make something else of it.
func shellWord(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + word + "'"
}

// packageList is the packages of a text, or of a list of texts, as words of a
// shell command, one space apart.
func packageList(filter string, v any) (string, error) {
	var words []string
	switch v := v.(type) {
	case string:
		words = strings.Fields(v)
	case []any:
		for _, item := range v {
			s, ok := item.(string)
			if !ok {
				return "", fmt.Errorf("%s wants names of packages, not %s", filter, shown(item))
			}
			words = append(words, strings.Fields(s)...)
		}
	default:
		return "", fmt.Errorf("%s wants the names of packages, not %s", filter, shown(v))
	}
	if len(words) == 0 {
		return "", errors.New(filter + " wants at least one package")
	}
	for i, word := range words {
		if !packageWord.MatchString(word) {
			return "", fmt.Errorf("%s cannot take %q for a package\nhint: write what is more than packages and options as a RUN step of its own", filter, word)
		}
		words[i] = shellWord(word)
	}
	return strings.Join(words, " "), nil
}

func checkProxy(key, proxy string) error {
	if proxy != "" && !proxyURL.MatchString(proxy) {
		return errors.New(key + " is not a URL") // it may hold credentials: it is not shown
	}
	return nil
}

// apkInstall is the command that installs packages of Alpine. --no-cache reads
// the index without keeping it.
func (o *Options) apkInstall(v any) (string, error) {
	packages, err := packageList("apk_install", v)
	if err == nil {
		err = checkProxy("apk_only_proxy", o.APKProxy)
	}
	if err != nil || o.APKProxy == "" {
		return "apk add --no-cache " + packages, err
	}
	proxy := shellWord(o.APKProxy)
	return "http_proxy=" + proxy + " https_proxy=" + proxy + " apk add --no-cache " + packages, nil
}

// dnfInstall is the commands that install packages of RPM distributions,
// without weak dependencies as apt_install does without recommended packages.
func (o *Options) dnfInstall(v any) (string, error) {
	packages, err := packageList("dnf_install", v)
	if err == nil {
		err = checkProxy("dnf_only_proxy", o.DNFProxy)
	}
	if err != nil {
		return "", err
	}
	proxy := ""
	if o.DNFProxy != "" {
		proxy = "--setopt=proxy=" + shellWord(o.DNFProxy) + " "
	}
	return "dnf install -y " + proxy + "--setopt=install_weak_deps=False " + packages +
		" \\\n    && dnf clean all && rm -rf /var/cache/dnf /var/cache/libdnf5", nil
}
