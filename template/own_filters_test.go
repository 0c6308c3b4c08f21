package template_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/template"
)

const digest = "sha256:5555555555555555555555555555555555555555555555555555555555555555"

func ownOptions() template.Options {
	return template.Options{Variables: map[string]any{"sum": digest}, Digests: map[string]string{
		"debian:bookworm": digest, "wrong:1": "sha256:55", "registry.example:5000/a": digest,
	}}
}

// TestOwnFilters: docs/templates.md has the plain cases, a test of package fleet renders those.
func TestOwnFilters(t *testing.T) {
	const dnf = " \\\n    && dnf clean all && rm -rf /var/cache/dnf /var/cache/libdnf5"
	for source, want := range map[string]string{
		`{{ "\n curl\n  'x'" | replace("'", "") | apk_install }}`:                 "apk add --no-cache curl x",
		`{{ ["a b", "c~1"] | apk_install }}`:                                      "apk add --no-cache a b 'c~1'",
		`{{ "--virtual .deps zlib>1.2 @edge" | apk_install }}`:                    "apk add --no-cache --virtual .deps 'zlib>1.2' @edge",
		`{{ "php-* pkgconfig(zlib)" | dnf_install }}`:                             "dnf install -y --setopt=install_weak_deps=False 'php-*' 'pkgconfig(zlib)'" + dnf,
		`{{ "https://h.example/a" | fetch(sum, "/a") }}`:                          "ADD --checksum=" + digest + " https://h.example/a /a",
		`{{ "http://h.example:80/a?b=c&d" | fetch(sum, "/") }}`:                   "ADD --checksum=" + digest + " http://h.example:80/a?b=c&d /",
		`{{ "https://h.example/a" | fetch(dest="/a",checksum=sum,chmod="755") }}`: "ADD --checksum=" + digest + " --chmod=755 https://h.example/a /a",
		`{{ "debian:bookworm" | digest_pin }}`:                                    "debian:bookworm@" + digest,
		`{{ "registry.example:5000/a" | digest_pin }}`:                            "registry.example:5000/a@" + digest,
		`{{ ("else:1@" ~ sum) | digest_pin }}`:                                    "else:1@" + digest,
	} {
		dir := writeTree(t, map[string]string{"x": source})
		got, err := template.New(ownOptions()).Render(dir, "x")
		if err != nil || string(got) != want {
			t.Errorf("%s:\n got %q, %v\nwant %q", source, got, err, want)
		}
	}
}

func TestOwnFiltersWithProxies(t *testing.T) {
	o := ownOptions()
	o.APKProxy, o.DNFProxy = "http://proxy.example:8080", "http://proxy.example:8080/?a=b"
	for source, want := range map[string]string{
		`{{ "a" | apk_install }}`: "http_proxy=http://proxy.example:8080 https_proxy=http://proxy.example:8080 apk add --no-cache a",
		`{{ "a" | dnf_install }}`: "dnf install -y --setopt=proxy='http://proxy.example:8080/?a=b' --setopt=install_weak_deps=False a" +
			" \\\n    && dnf clean all && rm -rf /var/cache/dnf /var/cache/libdnf5",
	} {
		dir := writeTree(t, map[string]string{"x": source})
		if got, err := template.New(o).Render(dir, "x"); err != nil || string(got) != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	o.APKProxy = "http://me:secret@proxy.example/'; reboot"
	dir := writeTree(t, map[string]string{"x": "{{ 'a' | apk_install }}"})
	_, err := template.New(o).Render(dir, "x")
	if err == nil || !strings.HasSuffix(err.Error(), "apk_only_proxy is not a URL") {
		t.Errorf("got %v", err)
	}
}

func TestOwnFilterErrors(t *testing.T) {
	for source, want := range map[string]string{
		`{{ " \n" | apk_install }}`:                                "apk_install wants at least one package|",
		`{{ 5 | dnf_install }}`:                                    "dnf_install wants the names of packages, not 5|",
		`{{ ["a", none] | apk_install }}`:                          "apk_install wants names of packages, not None|",
		`{{ "a && b" | apk_install }}`:                             `apk_install cannot take "&&" for a package|write what is more than packages and options as a RUN step of its own`,
		`{{ "$(x)" | dnf_install }}`:                               `dnf_install cannot take "$(x)" for a package|write what is more than packages and options as a RUN step of its own`,
		`{{ "debian:sid" | digest_pin }}`:                          `no digest is known for debian:sid|add the line "  debian:sid: sha256:..." to image_digests in the configuration`,
		`{{ "a b" | digest_pin }}`:                                 `digest_pin wants an image reference, not "a b"|`,
		`{{ "" | digest_pin }}`:                                    `digest_pin wants an image reference, not ""|`,
		`{{ "wrong:1" | digest_pin }}`:                             `"sha256:55" is not a digest|a digest is sha256: and 64 hexadecimal digits in lower case`,
		`{{ "debian:1@x" | digest_pin }}`:                          `"x" is not a digest|a digest is sha256: and 64 hexadecimal digits in lower case`,
		`{{ none | digest_pin }}`:                                  "digest_pin wants text, not None|",
		`{{ 1 | fetch(sum, "/a") }}`:                               "fetch wants a URL as text, not 1|",
		`{{ "h" | fetch(none, "/a") }}`:                            "fetch wants a checksum as text, not None|",
		`{{ "h/a" | fetch(sum, "/a") }}`:                           "fetch cannot use the URL \"h/a\"|it begins with https:// and has neither spaces, quotes, $, # nor \\; write others as %XX",
		`{{ "https:///a" | fetch(sum, "/a") }}`:                    `fetch cannot use the URL "https:///a": it has no host|`,
		`{{ "https://h.example/$X" | fetch(sum, "/a") }}`:          "fetch cannot use the URL \"https://h.example/$X\"|it begins with https:// and has neither spaces, quotes, $, # nor \\; write others as %XX",
		`{{ "https://me:secret@h.example/$X" | fetch(sum, "/") }}`: "fetch cannot use the URL \"...@h.example/$X\"|it begins with https:// and has neither spaces, quotes, $, # nor \\; write others as %XX",
		`{{ "https://me:secret@h.example/a" | fetch(sum, "/a") }}`: "fetch cannot use a URL with credentials|they would stay in the image's history",
		`{{ "https://h.example/a.git" | fetch(sum, "/a") }}`:       `fetch cannot use the URL "https://h.example/a.git": ADD takes .git for a repository to clone|`,
		`{{ "https://h.example/" | fetch(sum, "/opt/") }}`:         `fetch cannot put "https://h.example/" into the folder /opt/: the URL has no file name|write the file's name behind the folder`,
		`{{ "https://h.example/a" | fetch(sum, "opt/a") }}`:        `fetch cannot use the destination "opt/a"|write an absolute path without spaces, quotes, $ and ..`,
		`{{ "https://h.example/a" | fetch(sum, "/opt/../a") }}`:    `fetch cannot use the destination "/opt/../a"|write an absolute path without spaces, quotes, $ and ..`,
		`{{ "https://h.example/a" | fetch("md5:0", "/a") }}`:       `fetch cannot use the checksum "md5:0"|it is sha256: and the 64 hexadecimal digits that sha256sum prints`,
		`{{ "https://h.example/a" | fetch(sum[7:], "/a") }}`:       `fetch cannot use the checksum "` + digest[7:] + `"|write ` + digest,
		`{{ "https://h.example/a" | fetch(sum, "/a", 755) }}`:      `fetch cannot use the mode 755|write three or four octal digits in quotes: chmod="0755"`,
		`{{ "https://h.example/a" | fetch(sum, "/a", "+x") }}`:     `fetch cannot use the mode "+x"|write three or four octal digits in quotes: chmod="0755"`,
	} {
		dir := writeTree(t, map[string]string{"x": source})
		out, err := template.New(ownOptions()).Render(dir, "x")
		var e *template.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: made %q, error %v", source, out, err)
			continue
		}
		if got := strings.TrimPrefix(e.Msg, "cannot render: ") + "|" + e.Hint; got != want || e.Line != 1 {
			t.Errorf("%s:\n got %s\nwant %s", source, got, want)
		}
	}
}
