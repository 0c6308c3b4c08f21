package platform

import (
	"cmp"
	"slices"
	"strings"
)

// debian are Debian's names of architectures (dpkg's cputable and tupletable) by OCI's, where they differ. An
// entry without a variant is for all variants that have none of their own.
var debian = map[string]string{
	"386": "i386", "arm/v5": "armel", "arm/v6": "armel", "arm": "armhf",
	"mipsle": "mipsel", "mips64le": "mips64el", "ppc64le": "ppc64el",
}

// Debian is the name that Debian has for the platform's architecture: amd64, arm64, armhf, i386, ppc64el. An
// architecture that Debian does not have keeps OCI's name.
func (p Platform) Debian() string {
	if known := debian[strings.TrimPrefix(string(p), "linux/")]; known != "" {
		return known
	}
	arch := p.Arch()
	return cmp.Or(debian[arch], arch)
}

// cpus are the processors of dpkg's cputable, and the names of architectures that are other than their processor's.
var cpus = strings.Fields(`alpha amd64 arc arm arm64 arm64be armeb avr32 hppa i386 ia64 loong64 m32r m68k
	mips mips64 mips64el mips64r6 mips64r6el mipsel mipsr6 mipsr6el nios2 or1k powerpc powerpcel ppc64 ppc64el
	riscv64 s390 s390x sh3 sh3eb sh4 sh4eb sparc sparc64 tilegx
	armel armhf arm64ilp32 mips64r6n32 mips64r6n32el mipsn32 mipsn32el powerpcspe sparcel x32`)

// systems are the operating systems of dpkg's ostable, and the kinds of their libraries.
var systems = strings.Fields(`linux kfreebsd knetbsd kopensolaris hurd darwin dragonflybsd freebsd netbsd openbsd
	aix solaris uclinux mint
	gnu base bsd musl uclibc eabi eabihf gnueabi gnueabihf spe`)

// Matches tells whether a word of Debian's field Architecture (deb-control(5)) means the platform: its
// architecture's name, all, any, or a wildcard such as linux-any and any-arm. Known is false for what is no name
// of an architecture at all.
func (p Platform) Matches(word string) (matches, known bool) {
	if word == "any" || word == "all" {
		return true, true
	}
	parts := strings.Split(word, "-")
	cpu, system := parts[len(parts)-1], parts[:len(parts)-1]
	if len(parts) > 4 || cpu != "any" && !slices.Contains(cpus, cpu) || cpu == "any" && len(system) == 0 {
		return false, false
	}
	matches = cpu == "any" || cpu == p.Debian() || len(system) > 0 && cpu == p.cpu()
	for _, s := range system {
		if s != "any" && !slices.Contains(systems, s) {
			return false, false
		}
		matches = matches && (s == "any" || s == "linux" || s == "gnu" || s == "base")
	}
	return matches, true
}

// cpu is the processor as wildcards have it: any-arm is armel and armhf.
func (p Platform) cpu() string {
	if p.Arch() == "arm" {
		return "arm"
	}
	return p.Debian()
}
