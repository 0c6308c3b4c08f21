package slipway

import (
	"cmp"
	"context"
	"os/exec"
	"regexp"
	"strings"
)

// author finds out who a changelog's entry names.
type author struct {
	env         func(name string) string
	git         func(key string) string // a value of git's configuration
	name, email string                  // if nothing else says
}

// find reads DEBFULLNAME, DEBEMAIL and EMAIL as dch(1) does: a variable that is blank is not set, and one
// with an address may have a name, too. Then come git and the configuration, as in docker-pkg. NAME, which
// dch also reads, is left out: some systems keep the machine's name in it.
func (a author) find() (name, email string) {
	inDeb, deb := nameAndAddress(a.env("DEBEMAIL"))
	inOther, other := nameAndAddress(a.env("EMAIL"))
	name = cmp.Or(strings.TrimSpace(a.env("DEBFULLNAME")), inDeb, inOther)
	email = cmp.Or(deb, other)
	if name == "" {
		name = cmp.Or(a.git("user.name"), a.name)
	}
	if email == "" {
		email = cmp.Or(a.git("user.email"), a.email)
	}
	return name, email
}

var nameBeforeAddress = regexp.MustCompile(`^(?:(.*)\s)?\s*<(.*)>$`)

// nameAndAddress takes "Name <address>" apart; a text without brackets is an address alone.
func nameAndAddress(text string) (name, address string) {
	text = strings.TrimSpace(text)
	if m := nameBeforeAddress.FindStringSubmatch(text); m != nil {
		return strings.TrimSpace(m[1]), strings.TrimSpace(m[2])
	}
	return "", text
}

// gitConfig asks git, which may not be there.
func gitConfig(ctx context.Context) func(key string) string {
	return func(key string) string {
		out, err := exec.CommandContext(ctx, "git", "config", "--get", key).Output()
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(out))
	}
}
