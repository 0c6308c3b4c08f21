package template

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/slipway-build/slipway/problem"
)

var (
	// plainWord means the same to a shell with and without quotes.
	plainWord = regexp.MustCompile(`^[A-Za-z0-9@/._+:=,%-]+$`)
	// packageWord is what apk and dnf call a package: a name, a file, a thing provided, a pattern; !name
	// for one to keep away; a version behind it as in foo=1.2-r0, foo~=1.2 or 'foo>1.2', and apk's @tag
	// of a repository. A version begins with a digit: FOO=bar and foo>/dev/null are no packages.
	packageWord = regexp.MustCompile(`^!?[A-Za-z0-9./@*?\[][A-Za-z0-9@/._+:%~^*?()\[\]-]*` +
		`(?:(?:<=|>=|><|==|=~|~=|=|<|>|~)[0-9][A-Za-z0-9._+:~^-]*(?:@[A-Za-z0-9._-]+)?)?$`)
	optionWord  = regexp.MustCompile(`^--?[A-Za-z0-9][A-Za-z0-9_.-]*(?:=[A-Za-z0-9@/._+:=,%~^*?-]*)?$`)
	addressWord = regexp.MustCompile(`^(?:https?|ftp|file)://[A-Za-z0-9\[\]._~:/?@&+,;=%-]+$`)
	constraint  = regexp.MustCompile(`^[<>=~]{1,2}[0-9]`)
	proxyURL    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9\[\]._~:/?@!&()*+,;=%-]+$`)
	userInURL   = regexp.MustCompile(`://[^/]*@`)
)

// checkPackage refuses what is no argument of apk add or dnf install.
func checkPackage(filter, word string) error {
	switch {
	case userInURL.MatchString(word):
		return problem.With(fmt.Errorf("%s cannot take an address with credentials", filter), "they would stay in the image's history")
	case packageWord.MatchString(word), optionWord.MatchString(word), addressWord.MatchString(word):
		return nil
	}
	hint := "write what is more than packages and options as a RUN step of its own"
	if constraint.MatchString(word) {
		hint = "write a version without spaces, as in foo>1.2"
	}
	return problem.With(fmt.Errorf("%s cannot take %s for a package", filter, quoted(word)), hint)
}

// shellWord puts a word that checkPackage or proxyURL let pass into quotes if a
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
		if err := checkPackage(filter, word); err != nil {
			return "", err
		}
		words[i] = shellWord(word)
	}
	return strings.Join(words, " "), nil
}

func checkProxy(key, proxy string) error {
	if proxy != "" && !proxyURL.MatchString(proxy) {
		return problem.New(key+" is not a URL", "write it like http://proxy.example:3128 in the configuration") // it may hold credentials: it is not shown
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
