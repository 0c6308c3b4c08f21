package template

import (
	"strings"

	"github.com/slipway-build/slipway/jinja"
	"github.com/slipway-build/slipway/jinja/python"
)

const (
	aptClean      = "\n    && apt-get clean && rm -rf /var/lib/apt/lists/* "
	aptProxyFile  = "/etc/apt/apt.conf.d/80_proxy"
	aptUnsetProxy = "\n    && rm -f " + aptProxyFile + " \\"
)

// aptSettings are apt_only_proxy and apt_options as they stand in a command.
type aptSettings struct{ proxy, options string }

// readAPT takes the settings from the variables, as docker-pkg's filters do: whatever a value is, it
// counts and prints as in Python. But null is no option: "None" would be a package.
func readAPT(h jinja.Host, vars jinja.Vars) (s aptSettings) {
	if v, ok := h.Shared(vars, "apt_only_proxy"); ok && h.True(v) {
		s.proxy = h.Str(v)
	}
	if v, ok := h.Shared(vars, "apt_options"); ok && v != python.None {
		s.options = h.Str(v)
	}
	return s
}

func addAPTFilters(env *jinja.Env, vars jinja.Vars) {
	env.AddValueFilter("apt_install", "value", func(h jinja.Host, args []python.Value) (python.Value, error) {
		packages, ok := h.Text(args[0])
		if !ok {
			return nil, wantsText("apt_install", args[0])
		}
		return readAPT(h, vars).install(packages), nil
	})
	env.AddValueFilter("apt_remove", "value", func(h jinja.Host, args []python.Value) (python.Value, error) {
		return readAPT(h, vars).remove(h.Str(args[0])), nil
	})
}

// setProxy is the command that makes apt use the proxy.
func (s aptSettings) setProxy() string {
	return "echo 'Acquire::http::Proxy \"" + s.proxy + "\";' > " + aptProxyFile
}

// install is the commands that install packages and leave no trace of the
// proxy. Line ends between packages become spaces.
func (s aptSettings) install(packages string) string {
	var b strings.Builder
	if s.proxy != "" {
		b.WriteString(s.setProxy() + " \\\n    && ")
	}
	b.WriteString("apt-get update " + s.options + " \\\n    && DEBIAN_FRONTEND=noninteractive \\\n    apt-get install " +
		s.options + " --yes " + strings.ReplaceAll(packages, "\n", " ") + " --no-install-recommends \\")
	if s.proxy != "" {
		b.WriteString(aptUnsetProxy)
	}
	return b.String() + aptClean
}

func (s aptSettings) remove(packages string) string {
	var b strings.Builder
	if s.proxy != "" {
		b.WriteString(s.setProxy() + "  && \\")
	}
	b.WriteString("apt-get update && DEBIAN_FRONTEND=noninteractive apt-get remove --yes --purge " + packages + " \\")
	if s.proxy != "" {
		b.WriteString(aptUnsetProxy)
	}
	return b.String() + aptClean
}
