package imagetest

import (
	"path"
	"regexp"
	"strings"
)

// shells read the argument after their options as a program, if "c" is among those (sh(1p)).
var shells = map[string]bool{"sh": true, "bash": true, "dash": true, "ash": true, "ksh": true, "mksh": true, "zsh": true}

// callers give the argument after -c to a shell (su(1), runuser(1)).
var callers = map[string]bool{"su": true, "runuser": true}

// programs tells which words of a command line are programs for a shell, however that is called:
// "bash -c …", "env LANG=C sh -ec …", "su -c … user".
func programs(words []string) map[int]bool {
	found := map[int]bool{}
	for i, word := range words {
		switch name := path.Base(word); {
		case callers[name]:
			for j := i + 1; j+1 < len(words); j++ {
				if words[j] == "-c" || words[j] == "--command" {
					found[j+1] = true
					break
				}
			}
		case shells[name]:
			if j := afterOptions(words, i+1); j < len(words) {
				found[j] = true
			}
		}
	}
	return found
}

// afterOptions is the first word that is no option of a shell, or past the end if no option was -c.
func afterOptions(words []string, i int) int {
	command := false
	for ; i < len(words) && len(words[i]) > 1 && strings.ContainsAny(words[i][:1], "-+"); i++ {
		if strings.HasPrefix(words[i], "--") {
			continue
		}
		command = command || words[i][0] == '-' && strings.Contains(words[i], "c")
		if strings.HasSuffix(words[i], "o") || strings.HasSuffix(words[i], "O") { // with a name
			i++
		}
	}
	if !command {
		return len(words)
	}
	return i
}

// place is where in a shell's program a character stands: what is around it, and what ends that.
type place struct {
	kind byte // plain, or the quote: ' " or $ for $'…', or # for a comment
	end  byte // 0 for the program's own level
}

const plain = 0

// fillShell fills in the fields of a shell's program so that each stands for the value and nothing else,
// quoted as its place demands (Quoting in sh(1p)). Values that need no quotes are as they are.
func fillShell(text, dir, ref string) string {
	var out strings.Builder
	stack := []place{{}}
	for text != "" {
		here := stack[len(stack)-1]
		if value, rest, ok := field(text, dir, ref); ok {
			out.WriteString(quote(value, here.kind))
			text = rest
			continue
		}
		n := 1
		switch c := text[0]; {
		case strings.HasPrefix(text, "{{"), strings.HasPrefix(text, "}}"):
			text = text[1:]
		case c == '\\' && here.kind != '\'' && here.kind != '#' && len(text) > 1 && !strings.ContainsAny(text[1:2], "{}"):
			n = 2
		case c == here.end && here.end != 0:
			stack = stack[:len(stack)-1]
		case here.kind == '\'' || here.kind == '$' || here.kind == '#': // nothing begins in there
		case here.kind == plain && c == '#' && startsWord(out.String()):
			stack = append(stack, place{'#', '\n'})
		default:
			var inner place
			if inner, n = opened(text, here.kind); inner.end != 0 {
				stack = append(stack, inner)
			}
		}
		out.WriteString(text[:n])
		text = text[n:]
	}
	return out.String()
}

// field takes a field from the front of a text.
func field(text, dir, ref string) (value, rest string, ok bool) {
	if rest, ok = strings.CutPrefix(text, "{path}"); ok {
		return dir, rest, true
	}
	rest, ok = strings.CutPrefix(text, "{image}")
	return ref, rest, ok
}

// opened is the place that the next n characters open, if they do.
func opened(text string, in byte) (p place, n int) {
	switch {
	case strings.HasPrefix(text, "$("):
		return place{plain, ')'}, 2
	case text[0] == '`':
		return place{plain, '`'}, 1
	case text[0] == '(' && in == plain:
		return place{plain, ')'}, 1
	case text[0] == '"' && in == plain:
		return place{'"', '"'}, 1
	case text[0] == '\'' && in == plain:
		return place{'\'', '\''}, 1
	case strings.HasPrefix(text, "$'") && in == plain:
		return place{'$', '\''}, 2
	}
	return place{}, 1
}

// startsWord tells whether what follows the text begins a word.
func startsWord(before string) bool {
	return before == "" || strings.ContainsAny(before[len(before)-1:], " \t\n;&|()")
}

var safe = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

var (
	inDouble = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`")
	inDollar = strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	inSingle = strings.NewReplacer(`'`, `'\''`)
)

func quote(value string, kind byte) string {
	switch kind {
	case '"':
		return inDouble.Replace(value)
	case '$':
		return inDollar.Replace(value)
	case '\'':
		return inSingle.Replace(value)
	}
	if safe.MatchString(value) {
		return value
	}
	return "'" + inSingle.Replace(value) + "'"
}
