package template_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/template"
)

// fuzzed holds one template per filter whose text reaches a shell or a Dockerfile's parser, and
// what may come of it, whatever the arguments are.
var fuzzed = []struct {
	template string
	safe     *regexp.Regexp
}{
	{"{{ a | apk_install }}", regexp.MustCompile(`^apk add --no-cache( ([\w@/.+:=,%-]+|'[^' ]+'))+$`)},
	{"{{ [a, b] | dnf_install }}", regexp.MustCompile(`^dnf install -y --setopt=install_weak_deps=False( ([\w@/.+:=,%-]+|'[^' ]+'))+ \\\n    && dnf clean all && rm -rf /var/cache/dnf /var/cache/libdnf5$`)},
	{"{{ a | fetch(sum, b, mode) }}", regexp.MustCompile(`^ADD --checksum=sha256:[0-9a-f]{64} (--chmod=[0-7]+ )?https?://[^\s"'\\$#<>]+ /[^\s"'\\$#<>]*$`)},
	{"{{ a | digest_pin }}", regexp.MustCompile(`^[\w\[][\w.:/\[\]-]*@sha(256|512):[0-9a-f]+$`)},
}

// FuzzFilters looks for arguments that get out of the one command or instruction a filter writes.
func FuzzFilters(f *testing.F) {
	digest := "sha256:" + strings.Repeat("5", 64)
	f.Add("curl\n'zlib>1.2' php-*", "$(reboot)", "0755", digest)
	f.Add("https://user:pass@registry.example/a.tgz?b=%20", "/opt/../x", "755", digest)
	f.Add("https://[::1]:8080/x.git", "/opt/", "", strings.ToUpper(digest))
	f.Add("registry.example:5000/a/b:1.0@"+digest, "a;b", "+x", "")
	dir := writeTree(f, nil)
	for _, c := range fuzzed {
		writeFile(f, dir, c.template, c.template)
	}
	f.Fuzz(func(t *testing.T, a, b, mode, sum string) {
		vars := map[string]any{"a": a, "b": b, "sum": sum, "mode": nil}
		if mode != "" {
			vars["mode"] = mode
		}
		env := template.New(template.Options{Variables: vars, Digests: map[string]string{a: sum}})
		for _, c := range fuzzed {
			out, err := env.Render(dir, fileName(c.template))
			if err == nil && !c.safe.Match(out) {
				t.Errorf("%s with %q, %q, %q, %q made\n%s", c.template, a, b, sum, mode, out)
			}
		}
	})
}
