package config

import (
	"fmt"
	"strings"

	"github.com/slipway-build/slipway/pattern"
)

const (
	hostLabel = `[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?`
	component = `[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*`
)

var (
	// reference is a name and a tag as OCI's distribution-spec has them, with a registry if there is one.
	reference = pattern.New(`^(?:(?:` + hostLabel + `(?:\.` + hostLabel + `)*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?/)?` +
		component + `(?:/` + component + `)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$`)
	// digest is the two algorithms that OCI's image-spec registers for all.
	digest    = pattern.New(`^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$`)
	hexDigits = pattern.New(`^(?i:sha256:)?([0-9a-fA-F]+)$`)
)

// IsReference reports an image's name, with or without registry and tag, and without a digest.
func IsReference(s string) bool { return reference.MatchString(s) }

// IsDigest reports sha256: or sha512: and the digits that belong to it, in lower case.
func IsDigest(s string) bool { return digest.MatchString(s) }

// DigestHint says how to make a digest of a text that is none: a phrase for a hint.
func DigestHint(s string) string {
	trimmed := strings.TrimSpace(s)
	lower := strings.ToLower(trimmed)
	switch m := hexDigits.FindStringSubmatch(trimmed); {
	case IsDigest(lower):
		return "write " + lower
	case IsDigest("sha256:" + lower):
		return "write sha256:" + lower
	case m != nil:
		return fmt.Sprintf("a digest is sha256: and 64 hexadecimal digits in lower case, this has %d", len(m[1]))
	}
	return "a digest is sha256: and 64 hexadecimal digits in lower case"
}
