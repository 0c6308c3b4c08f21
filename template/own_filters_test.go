package template_test

import (
	"errors"
	"regexp"
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
		`{{ "https://h.example:80/a?b=c&d" | fetch(sum, "/") }}`:                  "ADD --checksum=" + digest + " https://h.example:80/a?b=c&d /",
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
		`{{ " \n" | apk_install }}`:                                         "apk_install wants at least one package|",
		`{{ 5 | dnf_install }}`:                                             "dnf_install wants the names of packages, not 5|",
		`{{ ["a", none] | apk_install }}`:                                   "apk_install wants names of packages, not None|",
		`{{ "a && b" | apk_install }}`:                                      `apk_install cannot take "&&" for a package|write what is more than packages and options as a RUN step of its own`,
		`{{ "$(x)" | dnf_install }}`:                                        `dnf_install cannot take "$(x)" for a package|write what is more than packages and options as a RUN step of its own`,
		`{{ "debian:sid" | digest_pin }}`:                                   `no digest is known for debian:sid|add the line "  debian:sid: sha256:..." to image_digests in the configuration`,
		`{{ "a b" | digest_pin }}`:                                          `digest_pin wants an image reference, not "a b"|write name:tag without spaces, the name in lower case`,
		`{{ "" | digest_pin }}`:                                             `digest_pin wants an image reference, not ""|write name:tag without spaces, the name in lower case`,
		`{{ "wrong:1" | digest_pin }}`:                                      `"sha256:55" is not a digest|a digest is sha256: and 64 hexadecimal digits in lower case, this has 2`,
		`{{ "debian:1@x" | digest_pin }}`:                                   `"x" is not a digest|a digest is sha256: and 64 hexadecimal digits in lower case`,
		`{{ none | digest_pin }}`:                                           "digest_pin wants text, not None|",
		`{{ 1 | fetch(sum, "/a") }}`:                                        "fetch wants a URL as text, not 1|",
		`{{ "http://h.example/a" | fetch(sum, "/a") }}`:                     `fetch cannot use the URL "http://h.example/a": it is not https|write https://; where there is no such server, ADD --checksum=... does without this filter`,
		`{{ "HTTP://me:secret@h.example/a" | fetch(sum, "/a") }}`:           `fetch cannot use the URL "...@h.example/a": it is not https|write https://; where there is no such server, ADD --checksum=... does without this filter`,
		`{{ "https://h.example/a" | fetch(sum | upper, "/a") }}`:            `fetch cannot use the checksum "SHA256:` + digest[7:] + `"|write ` + digest,
		`{{ "https://h.example/a" | fetch(sum[:70], "/a") }}`:               `fetch cannot use the checksum "` + digest[:70] + `"|a digest is sha256: and 64 hexadecimal digits in lower case, this has 63`,
		`{{ "https://h.example/a" | fetch(sum ~ " ", "/a") }}`:              `fetch cannot use the checksum "` + digest + ` "|write ` + digest,
		`{{ "https://h.example/a" | fetch(sum ~ "\nRUN x", "/a") }}`:        `fetch cannot use the checksum "` + digest + `\nRUN x"|a digest is sha256: and 64 hexadecimal digits in lower case`,
		`{{ "https://h.example/a" | fetch(["a"], "/a") }}`:                  "fetch wants a checksum as text, not a list|",
		`{{ "https://h.example/a" | fetch(sum, {"a": 1}) }}`:                "fetch wants a destination as text, not a mapping|",
		`{{ "https://h.example/a" | fetch(sum, "/a", {"a": [1]}) }}`:        `fetch cannot use the mode a mapping|write three or four octal digits in quotes: chmod="0755"`,
		`{{ {"a": 1} | apk_install }}`:                                      "apk_install wants the names of packages, not a mapping|",
		`{{ [{"a": 1}] | dnf_install }}`:                                    "dnf_install wants names of packages, not a mapping|",
		`{{ {"a": 1} | digest_pin }}`:                                       "digest_pin wants text, not a mapping|",
		`{{ "FOO=bar" | apk_install }}`:                                     `apk_install cannot take "FOO=bar" for a package|write what is more than packages and options as a RUN step of its own`,
		`{{ "foo>/dev/null" | apk_install }}`:                               `apk_install cannot take "foo>/dev/null" for a package|write what is more than packages and options as a RUN step of its own`,
		`{{ ">" | apk_install }}`:                                           `apk_install cannot take ">" for a package|write what is more than packages and options as a RUN step of its own`,
		`{{ "<<EOF" | apk_install }}`:                                       `apk_install cannot take "<<EOF" for a package|write what is more than packages and options as a RUN step of its own`,
		`{{ "2>&1" | apk_install }}`:                                        `apk_install cannot take "2>&1" for a package|write what is more than packages and options as a RUN step of its own`,
		`{{ "foo=" | apk_install }}`:                                        `apk_install cannot take "foo=" for a package|write what is more than packages and options as a RUN step of its own`,
		`{{ "$X" | apk_install }}`:                                          `apk_install cannot take "$X" for a package|write what is more than packages and options as a RUN step of its own`,
		`{{ "a >1.2" | dnf_install }}`:                                      `dnf_install cannot take ">1.2" for a package|write a version without spaces, as in foo>1.2`,
		`{{ "https://me:secret@h.example/a.rpm" | dnf_install }}`:           "dnf_install cannot take an address with credentials|they would stay in the image's history",
		`{{ "--repository=https://me:secret@h.example/ a" | apk_install }}`: "apk_install cannot take an address with credentials|they would stay in the image's history",
		`{{ ("debian:1@" ~ sum | upper) | digest_pin }}`:                    `"SHA256:` + digest[7:] + `" is not a digest|write ` + digest,
		`{{ ("debian:1@" ~ sum ~ "0") | digest_pin }}`:                      `"` + digest + `0" is not a digest|a digest is sha256: and 64 hexadecimal digits in lower case, this has 65`,
		`{{ ("debian:1@" ~ sum[7:]) | digest_pin }}`:                        `"` + digest[7:] + `" is not a digest|write ` + digest,
		`{{ ("debian:1@" ~ sum ~ "\n") | digest_pin }}`:                     `"` + digest + `\n" is not a digest|write ` + digest,
		`{{ ("debian:1@" ~ sum ~ "@" ~ sum) | digest_pin }}`:                `"` + digest + "@" + digest + `" is not a digest|a digest is sha256: and 64 hexadecimal digits in lower case`,
		`{{ ("x" * 300) | apk_install | fetch(sum, "/") }}`:                 `fetch cannot use the URL "apk add --no-cache ` + strings.Repeat("x", 181) + `"...|it begins with https:// and has neither spaces, quotes, $, # nor \; write others as %XX`,
		`{{ "h" | fetch(none, "/a") }}`:                                     "fetch wants a checksum as text, not None|",
		`{{ "h/a" | fetch(sum, "/a") }}`:                                    "fetch cannot use the URL \"h/a\"|it begins with https:// and has neither spaces, quotes, $, # nor \\; write others as %XX",
		`{{ "https:///a" | fetch(sum, "/a") }}`:                             `fetch cannot use the URL "https:///a": it has no host|`,
		`{{ "https://h.example/$X" | fetch(sum, "/a") }}`:                   "fetch cannot use the URL \"https://h.example/$X\"|it begins with https:// and has neither spaces, quotes, $, # nor \\; write others as %XX",
		`{{ "https://me:secret@h.example/$X" | fetch(sum, "/") }}`:          "fetch cannot use the URL \"...@h.example/$X\"|it begins with https:// and has neither spaces, quotes, $, # nor \\; write others as %XX",
		`{{ "https://me:secret@h.example/a" | fetch(sum, "/a") }}`:          "fetch cannot use a URL with credentials|they would stay in the image's history",
		`{{ "https://h.example/a.git" | fetch(sum, "/a") }}`:                `fetch cannot use the URL "https://h.example/a.git": ADD takes .git for a repository to clone|`,
		`{{ "https://h.example/" | fetch(sum, "/opt/") }}`:                  `fetch cannot put "https://h.example/" into the folder /opt/: the URL has no file name|write the file's name behind the folder`,
		`{{ "https://h.example/a" | fetch(sum, "opt/a") }}`:                 `fetch cannot use the destination "opt/a"|write an absolute path without spaces, quotes, $ and ..`,
		`{{ "https://h.example/a" | fetch(sum, "/opt/../a") }}`:             `fetch cannot use the destination "/opt/../a"|write an absolute path without spaces, quotes, $ and ..`,
		`{{ "https://h.example/a" | fetch("md5:0", "/a") }}`:                `fetch cannot use the checksum "md5:0"|a digest is sha256: and 64 hexadecimal digits in lower case`,
		`{{ "https://h.example/a" | fetch(sum[7:], "/a") }}`:                `fetch cannot use the checksum "` + digest[7:] + `"|write ` + digest,
		`{{ "https://h.example/a" | fetch(sum, "/a", 755) }}`:               `fetch cannot use the mode 755|write three or four octal digits in quotes: chmod="0755"`,
		`{{ "https://h.example/a" | fetch(sum, "/a", "+x") }}`:              `fetch cannot use the mode "+x"|write three or four octal digits in quotes: chmod="0755"`,
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

// TestOwnFiltersStayOnTheirLine: whatever a filter of Slipway's own is given, it adds no instruction,
// no command and no word to the line, and what it refuses is told on one line.
func TestOwnFiltersStayOnTheirLine(t *testing.T) {
	odd := []string{
		"\nRUN reboot", "\rRUN reboot", "\u2028RUN reboot", "\x85RUN reboot", "\x0bRUN reboot", "\\\nRUN reboot", "\\", "'", `"`, "`", "$X", "${X}",
		"$(reboot)", ";reboot", "&&reboot", "|reboot", "&", " && reboot", ">", ">>", "<", "<<EOF", "<<-EOF", "2>&1", ">/dev/null",
		"foo>/etc/passwd", "FOO=bar", "#", " # x", "\x00", "\u00a0x", "é", "{{x}}", "<<<x", "!", "^", "(reboot)", "{a,b}", "-", "--",
		"--x='y'", "~root", "=1", "foo=", "foo=$X", "@", "foo@", "foo=1;reboot", "foo>1|reboot", "\t", "..", "%", "\\x", "a\\b",
	}
	line := regexp.MustCompile(`^(?:apk add --no-cache|dnf install -y --setopt=install_weak_deps=False)((?: [A-Za-z0-9@/._+:=,%-]+| '[^'\n]*')+)$`)
	for _, text := range odd {
		for _, source := range []string{
			"{{ x | apk_install }}", "{{ [x] | apk_install }}", "{{ ('foo' ~ x) | apk_install }}", "{{ ('foo>1' ~ x) | apk_install }}",
			"{{ x | dnf_install }}", "{{ ('foo ' ~ x) | dnf_install }}", "{{ ('--foo=' ~ x) | dnf_install }}", "{{ ('https://h/' ~ x) | dnf_install }}",
			"{{ ('https://h.example/a' ~ x) | fetch(sum, '/') }}", "{{ 'https://h.example/a' | fetch(sum ~ x, '/') }}",
			"{{ 'https://h.example/a' | fetch(sum, '/a' ~ x) }}", "{{ 'https://h.example/a' | fetch(sum, '/a', '755' ~ x) }}",
			"{{ ('debian:1' ~ x ~ '@' ~ sum) | digest_pin }}", "{{ ('debian:1@' ~ sum ~ x) | digest_pin }}", "{{ (x ~ 'debian:bookworm') | digest_pin }}",
		} {
			o := ownOptions()
			o.Variables["x"] = text
			out, err := template.New(o).Render(writeTree(t, map[string]string{"x": source}), "x")
			if err != nil {
				if e := (*template.Error)(nil); !errors.As(err, &e) || e.Line != 1 || strings.ContainsAny(e.Msg+e.Hint, "\n\r\u2028") {
					t.Errorf("%s with %q: %v", source, text, err)
				}
				continue
			}
			got := strings.TrimSuffix(string(out), " \\\n    && dnf clean all && rm -rf /var/cache/dnf /var/cache/libdnf5")
			switch {
			case strings.ContainsAny(got, "\n\r\u2028\u0085\x0b\x00\\$`\"|#"):
				t.Errorf("%s with %q: %q", source, text, got)
			case strings.Contains(source, "_install"):
				if !line.MatchString(got) || strings.Contains(got, "<<") {
					t.Errorf("%s with %q: %q", source, text, got)
				}
			case strings.Contains(source, "fetch") && strings.Count(got, " ") > 4, strings.Contains(source, "_pin") && strings.Contains(got, " "):
				t.Errorf("%s with %q: %q", source, text, got)
			}
		}
	}
}

// TestVersionsOfPackages: what apk and dnf know of versions reaches them through the shell.
func TestVersionsOfPackages(t *testing.T) {
	for word, want := range map[string]string{
		"foo=1.2-r0": "foo=1.2-r0", "foo>1.2": "'foo>1.2'", "foo<1.2": "'foo<1.2'", "foo>=1.2": "'foo>=1.2'", "foo<=1.2_rc1-r3": "'foo<=1.2_rc1-r3'",
		"foo~1.2": "'foo~1.2'", "foo~=1.2": "'foo~=1.2'", "foo=~1.2": "'foo=~1.2'", "foo><1.2": "'foo><1.2'", "foo=1.2@edge": "foo=1.2@edge",
		"foo@edge": "foo@edge", "!foo": "'!foo'", ".build-deps": ".build-deps", "so:libc.so.6": "so:libc.so.6", "py3.12:requests": "py3.12:requests",
		"./a.apk": "./a.apk", "/tmp/a-1.rpm": "/tmp/a-1.rpm", "https://h.example/a.rpm": "https://h.example/a.rpm", "@development-tools": "@development-tools",
		"php-*": "'php-*'", "pkgconfig(zlib)": "'pkgconfig(zlib)'", "libc.so.6()(64bit)": "'libc.so.6()(64bit)'", "kernel-1:5.14.0~rc1-1.el9.x86_64": "'kernel-1:5.14.0~rc1-1.el9.x86_64'",
		"g++": "g++", "python3.[0-9]*": "'python3.[0-9]*'", "--virtual": "--virtual", "-t": "-t", "--repository=https://h.example/x": "--repository=https://h.example/x",
		"--setopt=tsflags=nodocs": "--setopt=tsflags=nodocs", "--exclude=kernel*": "'--exclude=kernel*'", "foo-1.0^git1": "'foo-1.0^git1'",
	} {
		dir := writeTree(t, map[string]string{"x": "{{ x | apk_install }}"})
		got, err := template.New(template.Options{Variables: map[string]any{"x": word}}).Render(dir, "x")
		if err != nil || string(got) != "apk add --no-cache "+want {
			t.Errorf("%s: got %q, %v, want %s", word, got, err, want)
		}
	}
}
