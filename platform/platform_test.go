package platform

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for given, want := range map[string]Platform{
		"linux/amd64": "linux/amd64", "amd64": "linux/amd64", "x86_64": "linux/amd64", "Linux/AMD64": "linux/amd64",
		"linux/amd64/v1": "linux/amd64", "linux/amd64/v3": "linux/amd64/v3",
		"linux/arm64": "linux/arm64", "linux/arm64/v8": "linux/arm64", "aarch64": "linux/arm64",
		"linux/arm": "linux/arm/v7", "linux/arm/v7": "linux/arm/v7", "armhf": "linux/arm/v7", "linux/arm/v6": "linux/arm/v6",
		"386": "linux/386", "i386": "linux/386", "linux/ppc64le": "linux/ppc64le", "s390x": "linux/s390x", "riscv64": "linux/riscv64",
	} {
		if got, err := Parse(given); got != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", given, got, err, want)
		}
	}
	for given, want := range map[string]string{
		"": "is no platform", "linux": "is no platform", "linux/": "is no platform", "linux/vax": "is no platform", "vax": "is no platform",
		"linux/arm64/v8/x": "is no platform", " amd64": "is no platform", "linux/*": "is no platform", "linux(5)/amd64": "is no platform",
		"linux/linux": "is no platform", "a/b/c/d/e": "is no platform",
		"windows/amd64": "an image for windows/amd64 cannot be built", "darwin/arm64": "cannot be built",
	} {
		if got, err := Parse(given); got != "" || err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "\nhint: write it as images do") {
			t.Errorf("%q: %q, %v; want %q", given, got, err, want)
		}
	}
}

func TestParts(t *testing.T) {
	p, err := Parse("armhf")
	if err != nil || p.OS() != "linux" || p.Arch() != "arm" || p.Variant() != "v7" {
		t.Errorf("%s %s %s, %v", p.OS(), p.Arch(), p.Variant(), err)
	}
	if again, err := Parse(string(Machine())); again != Machine() || err != nil {
		t.Errorf("this machine is %s, read as %s, %v", Machine(), again, err)
	}
}

func TestDebian(t *testing.T) {
	for p, want := range map[Platform]string{
		"linux/amd64": "amd64", "linux/amd64/v3": "amd64", "linux/arm64": "arm64", "linux/arm/v7": "armhf", "linux/arm/v6": "armel", "linux/arm/v5": "armel",
		"linux/386": "i386", "linux/ppc64le": "ppc64el", "linux/s390x": "s390x", "linux/riscv64": "riscv64", "linux/mips64le": "mips64el", "linux/loong64": "loong64",
	} {
		if got := p.Debian(); got != want {
			t.Errorf("%s: %s, want %s", p, got, want)
		}
	}
}

// What dpkg-architecture -i says of the same words.
func TestMatches(t *testing.T) {
	for _, test := range []struct {
		platform Platform
		yes, no  string
	}{
		{"linux/amd64", "amd64 any all linux-any any-amd64 linux-amd64 gnu-linux-any gnu-any-any any-any", "arm64 i386 any-i386 kfreebsd-any hurd-amd64 musl-linux-any x32 linux-arm64"},
		{"linux/arm/v7", "armhf any-arm linux-any linux-armhf", "armel arm64 arm any-arm64"},
		{"linux/arm/v6", "armel any-arm", "armhf arm64"},
		{"linux/ppc64le", "ppc64el any-ppc64el", "ppc64 powerpc"},
	} {
		for word := range strings.FieldsSeq(test.yes) {
			if matches, known := test.platform.Matches(word); !matches || !known {
				t.Errorf("%s is not %s: known %v", test.platform, word, known)
			}
		}
		for word := range strings.FieldsSeq(test.no) {
			if matches, known := test.platform.Matches(word); matches || !known {
				t.Errorf("%s is %s: known %v", test.platform, word, known)
			}
		}
		for word := range strings.FieldsSeq("arm46 x86_64 aarch64 !arm64 source linux- -amd64 linux plan9-any a-b-c-d-e linux-linux-amd-64 any-") {
			if matches, known := test.platform.Matches(word); matches || known {
				t.Errorf("%s is a name: %v", word, matches)
			}
		}
	}
}
