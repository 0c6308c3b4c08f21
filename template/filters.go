package template

import (
	"errors"
	"fmt"
	"regexp"
	"sort"
	"strings"

	"github.com/slipway-build/slipway/template/jinja"
)

// addFilters adds docker-pkg's filters and Slipway's own. Their output is part
// of the format: whole fleets of Dockerfiles consist of it.
func addFilters(env *jinja.Env, o *Options) {
	text := func(name string, f func(s string) (string, error)) {
		env.AddFilter(name, "value", func(args []any) (any, error) {
			s, ok := args[0].(string)
			if !ok {
				return nil, wantsText(name, args[0])
			}
			return f(s)
		})
	}
	text("image_tag", o.imageTag)
	text("apt_install", func(s string) (string, error) { return o.aptInstall(s), nil })
	text("apt_remove", func(s string) (string, error) { return o.aptRemove(s), nil })
	text("uid", func(user string) (string, error) {
		id, ok := o.UIDs[user]
		if !ok {
			o.warn("UID mapping for user " + user + " not found")
			return user, nil
		}
		return id, nil
	})
	text("add_user", o.addUser)
	text("upstream_version", upstreamVersion)
	text("digest_pin", o.digestPin)
	env.AddFilter("apk_install", "packages", func(args []any) (any, error) { return o.apkInstall(args[0]) })
	env.AddFilter("dnf_install", "packages", func(args []any) (any, error) { return o.dnfInstall(args[0]) })
	env.AddFilter("fetch", "url, checksum, dest, chmod=None", fetch)
}

func wantsText(filter string, v any) error {
	if _, ok := v.([]any); ok {
		return fmt.Errorf("%s wants text, not a list\nhint: join the list first: {{ packages | join(' ') | %s }}", filter, filter)
	}
	return fmt.Errorf("%s wants text, not %v", filter, shown(v))
}

// shown is a value as an error names it.
func shown(v any) any {
	if v == nil {
		return "None"
	}
	return v
}

func (o *Options) warn(msg string) {
	if o.Warn != nil {
		o.Warn(msg)
	}
}

func (o *Options) imageTag(name string) (string, error) {
	if o.ImageTag == nil {
		return "", fmt.Errorf("image %s is not known", name)
	}
	return o.ImageTag(name)
}

const (
	aptClean      = "\n    && apt-get clean && rm -rf /var/lib/apt/lists/* "
	aptProxyFile  = "/etc/apt/apt.conf.d/80_proxy"
	aptUnsetProxy = "\n    && rm -f " + aptProxyFile + " \\"
)

// setProxy is the command that makes apt use the proxy.
func (o *Options) setProxy() string {
	return "echo 'Acquire::http::Proxy \"" + o.APTOnlyProxy + "\";' > " + aptProxyFile
}

// aptInstall is the commands that install packages and leave no trace of the
// proxy. Line ends between packages become spaces.
func (o *Options) aptInstall(packages string) string {
	var b strings.Builder
	if o.APTOnlyProxy != "" {
		b.WriteString(o.setProxy() + " \\\n    && ")
	}
	b.WriteString("apt-get update " + o.APTOptions + " \\\n    && DEBIAN_FRONTEND=noninteractive \\\n    apt-get install " +
		o.APTOptions + " --yes " + strings.ReplaceAll(packages, "\n", " ") + " --no-install-recommends \\")
	if o.APTOnlyProxy != "" {
		b.WriteString(aptUnsetProxy)
	}
	return b.String() + aptClean
}

func (o *Options) aptRemove(packages string) string {
	var b strings.Builder
	if o.APTOnlyProxy != "" {
		b.WriteString(o.setProxy() + "  && \\")
	}
	b.WriteString("apt-get update && DEBIAN_FRONTEND=noninteractive apt-get remove --yes --purge " + packages + " \\")
	if o.APTOnlyProxy != "" {
		b.WriteString(aptUnsetProxy)
	}
	return b.String() + aptClean
}

func (o *Options) addUser(user string) (string, error) {
	id, ok := o.UIDs[user]
	if !ok || id == user {
		known := make([]string, 0, len(o.UIDs))
		for name := range o.UIDs {
			known = append(known, name)
		}
		sort.Strings(known)
		return "", &UnknownUserError{User: user, Known: strings.Join(known, ", ")}
	}
	return fmt.Sprintf("groupadd -o -g %[1]s -r %[2]s && useradd -l -o -r -m -d /var/lib/%[2]s -g %[2]s -u %[1]s %[2]s", id, user), nil
}

// debianVersion is a Debian version without epoch, as python-debian reads it.
var debianVersion = regexp.MustCompile(`^([A-Za-z0-9.+:~-]+?)(-[A-Za-z0-9+.~]+)?$`)

// upstreamVersion is the upstream part of the version in an image reference.
// Only the first of several suffixes is the revision.
func upstreamVersion(ref string) (string, error) {
	_, tag, ok := strings.Cut(ref[strings.LastIndexByte(ref, '/')+1:], ":")
	if !ok || strings.Contains(tag, ":") {
		return "", errors.New("upstream_version wants name:tag, not '" + ref + "'\nhint: use it after image_tag")
	}
	if !strings.Contains(tag, "-") {
		return tag, nil
	}
	if parts := strings.Split(tag, "-"); len(parts) > 2 {
		tag = parts[0] + "-" + parts[1]
	}
	m := debianVersion.FindStringSubmatch(tag)
	if m == nil {
		return "", errors.New("invalid version '" + tag + "'")
	}
	return m[1], nil
}
