package facts

import (
	"slices"
	"testing"
	"testing/fstest"

	"github.com/slipway-build/slipway/platform"
)

// The entries are as the kernel shows what Debian's qemu-user-static registers.
func TestEmulated(t *testing.T) {
	entry := func(state, interpreter, magic string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(state + "\ninterpreter " + interpreter + "\nflags: POCF\noffset 0\nmagic " + magic + "\nmask ffffffffffffff00fffffffffffffffffeffffff\n")}
	}
	const arm64 = "7f454c460201010000000000000000000200b700"
	for name, test := range map[string]struct {
		dir  fstest.MapFS
		want []platform.Platform
	}{
		"none": {},
		"arm64": {fstest.MapFS{
			"register": {}, "status": {Data: []byte("enabled\n")}, "qemu-aarch64": entry("enabled", "/usr/libexec/qemu-binfmt/aarch64-binfmt-P", arm64),
		}, []platform.Platform{"linux/arm64"}},
		"disabled": {fstest.MapFS{"qemu-aarch64": entry("disabled", "/usr/bin/qemu-aarch64-static", arm64)}, nil},
		"several": {fstest.MapFS{
			"python3.11":   {Data: []byte("enabled\ninterpreter /usr/bin/python3.11\nflags: \noffset 0\nmagic a70d0d0a\n")},
			"qemu-arm":     entry("enabled", "/usr/bin/qemu-arm-static", "7f454c4601010100000000000000000002002800"),
			"qemu-s390x":   entry("enabled", "/usr/bin/qemu-s390x-static", "7f454c4602020100000000000000000000020016"),
			"qemu-ppc64le": entry("enabled", "/usr/bin/qemu-ppc64le-static", "7f454c4602010100000000000000000002001500"),
			"qemu-sparc":   entry("enabled", "/usr/bin/qemu-sparc-static", "7f454c4601020100000000000000000000020002"),
			"rosetta":      entry("enabled", "/run/rosetta", "7f454c4602010100000000000000000002003e00"),
			"short":        entry("enabled", "/x", "7f454c46"), "odd": entry("enabled", "/x", "7f4"),
		}, []platform.Platform{"linux/arm/v5", "linux/arm/v6", "linux/arm/v7", "linux/ppc64le", "linux/s390x", "linux/amd64"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := emulated(test.dir); !slices.Equal(got, test.want) {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}
