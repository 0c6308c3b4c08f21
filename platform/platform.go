// Package platform is the value of a platform as OCI's image-spec has it, such as linux/arm64, and the names
// that Debian has for architectures.
package platform

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/containerd/platforms"

	"github.com/slipway-build/slipway/problem"
)

// Platform is an operating system, an architecture and perhaps its variant, as OCI writes them: linux/amd64,
// linux/arm/v7. Parse makes one, so that two that mean the same are equal. The zero value is none.
type Platform string

// Parse reads a platform. An architecture alone is one of Linux; other names that are in use (aarch64, x86_64)
// are understood. Images for other systems than Linux cannot be made: that is an error, as what is no platform.
func Parse(s string) (Platform, error) {
	const hint = "write it as images do: linux/amd64, linux/arm64, linux/arm/v7"
	full := s
	if !strings.Contains(s, "/") {
		full = "linux/" + s
	}
	p, err := platforms.Parse(full)
	if err == nil {
		_, err = platforms.Parse(p.Architecture) // alone, it must be a known one
	}
	switch {
	case err != nil || p.OSVersion != "" || len(p.OSFeatures) > 0 || p.Architecture == p.OS:
		return "", problem.New(fmt.Sprintf("%.60q is no platform", s), hint)
	case p.OS != "linux":
		return "", problem.New(fmt.Sprintf("an image for %s cannot be built: only those for linux can", platforms.Format(p)), hint)
	}
	return Platform(platforms.Format(platforms.Normalize(p))), nil
}

// Machine is what an engine on this machine builds for when nobody says more: Linux, whatever this program
// runs on.
func Machine() Platform {
	if runtime.GOARCH == "arm" {
		return "linux/arm/v7"
	}
	return Platform("linux/" + runtime.GOARCH)
}

// OS is the operating system, "linux".
func (p Platform) OS() string { os, _, _ := p.parts(); return os }

// Arch is the architecture as OCI and Go name it, "arm64".
func (p Platform) Arch() string { _, arch, _ := p.parts(); return arch }

// Variant is that of the architecture, such as "v7"; mostly empty.
func (p Platform) Variant() string { _, _, variant := p.parts(); return variant }

func (p Platform) parts() (os, arch, variant string) {
	os, rest, _ := strings.Cut(string(p), "/")
	arch, variant, _ = strings.Cut(rest, "/")
	return os, arch, variant
}
