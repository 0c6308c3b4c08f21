package fleet

import (
	"strings"

	"github.com/slipway-build/slipway/pattern"
)

var plainWord = pattern.New(`^[A-Za-z0-9_@%+=:,./-]+$`)

// ShellPath is a file or folder in a command of a hint: quoted for a POSIX shell, if it must be. One that
// begins with a dash would be taken for a flag.
func ShellPath(word string) string {
	if strings.HasPrefix(word, "-") {
		word = "./" + word
	}
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
