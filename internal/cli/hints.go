package cli

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/slipway-build/slipway/fleet"
)

// invocation is how a person called the program: what the commands in hints repeat, so that they work as
// they are printed. Nil completes nothing.
type invocation struct {
	program   string         // as it was typed
	flags     *pflag.FlagSet // the global ones
	directory string         // of the fleet; empty when none was given
}

// globalFlags are those that change what a command of a hint does, for each command by their first letters.
var globalFlags = map[string]string{
	"build": "crs", "plan": "crs", "prune": "crs", "history": "rs", "log": "rs",
	"render": "c", "lint": "c", "update": "c", "login": "c", "push": "cr", "pull": "cr",
	"images": "r", "inspect": "r", "run": "r", "tag": "r", "save": "r", "rmi": "r", "du": "r",
}

// flagNames are the global flags as they are written before a command.
var flagNames = []struct{ letter, name, written string }{
	{"c", "configfile", "-c "}, {"r", "root", "--root "}, {"s", "state-dir", "--state-dir "},
}

// needDirectory are the commands of hints that take a DIRECTORY, and whether they can do without.
var needDirectory = map[string]bool{"build": false, "plan": false, "prune": true, "render": true, "lint": true, "update": true}

// named finds commands of Slipway: they stand in backticks, as a test of package house has it.
var named = regexp.MustCompile("`slipway ([^`\n]+)`")

// complete gives the commands of Slipway in a text, which rooms that know no command line have written,
// the flags and the DIRECTORY of this one. A text that is complete stays as it is.
func (i *invocation) complete(text string) string {
	if i == nil || !strings.Contains(text, "slipway ") {
		return text
	}
	return named.ReplaceAllStringFunc(text, func(found string) string {
		return "`" + i.command(named.FindStringSubmatch(found)[1]) + "`"
	})
}

// error is err or, if its text is not complete, the complete text alone. Joined errors stay apart.
func (i *invocation) error(err error) error {
	if err == nil {
		return nil
	}
	text := i.complete(err.Error())
	if text == err.Error() {
		return err
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var parts []error
		for _, e := range joined.Unwrap() {
			parts = append(parts, i.error(e))
		}
		if all := errors.Join(parts...); all != nil && all.Error() == text {
			return all
		}
	}
	return errors.New(text)
}

// command completes one, given without its first word.
func (i *invocation) command(rest string) string {
	name, _, _ := strings.Cut(rest, " ")
	if strings.Contains(rest, "--help") || strings.HasPrefix(rest, "-") {
		return i.program + " " + rest
	}
	words := []string{i.program}
	for _, f := range flagNames {
		if given := i.flags.Lookup(f.name); strings.Contains(globalFlags[name], f.letter) && given != nil && given.Changed {
			words = append(words, f.written+fleet.ShellPath(given.Value.String()))
		}
	}
	always, takes := needDirectory[name]
	directory := fleet.ShellPath(i.directory)
	if i.directory == "" {
		directory = "DIRECTORY"
	}
	switch {
	case !takes || i.directory == "" && !always:
	case i.directory != "" && strings.HasSuffix(rest, " "+i.directory):
		rest = strings.TrimSuffix(rest, i.directory) + directory
	case !strings.HasSuffix(rest, " "+directory):
		rest += " " + directory
	}
	return strings.Join(append(words, rest), " ")
}

// directoryOf is the DIRECTORY among a command's arguments: the last, but for the NAME of "render", which may
// stand alone.
func directoryOf(cmd *cobra.Command, args []string) string {
	takes := slices.ContainsFunc(strings.Fields(cmd.Use), func(word string) bool { return strings.Trim(word, "[]") == "DIRECTORY" })
	all, err := cmd.Flags().GetBool("all")
	if !takes || len(args) == 0 || err == nil && !all && len(args) == 1 {
		return ""
	}
	return args[len(args)-1]
}
