package template

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/slipway-build/slipway/jinja"
	"github.com/slipway-build/slipway/jinja/python"
	"github.com/slipway-build/slipway/problem"
)

// addFilters adds docker-pkg's filters and Slipway's own. Their output is part
// of the format: whole fleets of Dockerfiles consist of it.
func addFilters(env *jinja.Env, o *Options, vars jinja.Vars) {
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
	text("upstream_version", upstreamVersion)
	text("digest_pin", o.digestPin)
	addAPTFilters(env, vars)
	addUserFilters(env, o, vars)
	env.AddFilter("apk_install", "packages", func(args []any) (any, error) { return o.apkInstall(args[0]) })
	env.AddFilter("dnf_install", "packages", func(args []any) (any, error) { return o.dnfInstall(args[0]) })
	env.AddFilter("fetch", "url, checksum, dest, chmod=None", fetch)
}

func wantsText(filter string, v any) error {
	switch v.(type) {
	case []any, *python.List, *python.Tuple:
		return problem.Withf(fmt.Errorf("%s wants text, not %s", filter, shown(v)), "join it first: {{ packages | join(' ') | %s }}", filter)
	}
	return fmt.Errorf("%s wants text, not %s", filter, shown(v))
}

// shown is a value as an error names it: what is one of many values is not spelt out.
func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		return quoted(v)
	case int64, *big.Int, float64:
		return fmt.Sprint(v)
	case []any, *python.List:
		return "a list"
	case *python.Tuple:
		return "a tuple"
	case map[string]any, *python.Dict:
		return "a mapping"
	}
	if v == python.None {
		return "None"
	}
	return "another kind of value"
}

// quoted is a text as an error repeats it: on one line, and not whole if it is long.
func quoted(s string) string {
	const most = 200 // bytes
	if len(s) > most {
		return strconv.Quote(strings.ToValidUTF8(s[:most], "")) + "..."
	}
	return strconv.Quote(s)
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

// debianVersion is a Debian version without epoch, as python-debian reads it.
var debianVersion = regexp.MustCompile(`^([A-Za-z0-9.+:~-]+?)(-[A-Za-z0-9+.~]+)?$`)

// upstreamVersion is the upstream part of the version in an image reference.
// Only the first of several suffixes is the revision.
func upstreamVersion(ref string) (string, error) {
	_, tag, ok := strings.Cut(ref[strings.LastIndexByte(ref, '/')+1:], ":")
	if !ok || strings.Contains(tag, ":") {
		return "", problem.New("upstream_version wants name:tag, not '"+ref+"'", "use it after image_tag")
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
