package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway/ref"
)

// exactArgs is cobra.ExactArgs with names in its message.
func exactArgs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usageError(cmd, fmt.Errorf("%s is missing", names[len(args)]))
		case len(args) > len(names):
			return usageError(cmd, fmt.Errorf("unexpected argument %q", args[len(names)]))
		}
		for i, name := range names {
			if err := checkGiven(cmd, name, args[i]); err != nil {
				return err
			}
		}
		return nil
	}
}

// atLeast is cobra.MinimumNArgs(1) with a name in its message.
func atLeast(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		for _, given := range args {
			if err := checkGiven(cmd, name, given); err != nil {
				return err
			}
		}
		return first(name)(cmd, args)
	}
}

// first wants one argument; those behind it are not Slipway's.
func first(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usageError(cmd, fmt.Errorf("%s is missing", name))
		}
		return checkGiven(cmd, name, args[0])
	}
}

// directory is exactArgs with the folder of the fleet behind, which may be left out: then only the
// configuration's list is meant.
func directory(before ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) <= len(before) {
			return exactArgs(before...)(cmd, args)
		}
		return exactArgs(append(before[:len(before):len(before)], "DIRECTORY")...)(cmd, args)
	}
}

// argument is one of the arguments, empty when it was left out.
func argument(args []string, i int) string {
	if i < len(args) {
		return args[i]
	}
	return ""
}

// atMostOne is cobra.MaximumNArgs(1) with this program's words.
func atMostOne(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usageError(cmd, fmt.Errorf("unexpected argument %q", args[1]))
	}
	return nil
}

// optional is atMostOne for an argument that means all when it is left out, and not when it is empty.
func optional(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return atMostOne(cmd, args)
		}
		return checkGiven(cmd, name, args[0])
	}
}

// plainArgs are arguments that are no names of images: a colon in them means nothing.
var plainArgs = []string{"DIRECTORY", "REGISTRY"}

// checkGiven refuses what is left of an argument or a flag when a script's variable is not set: it would
// mean another image than the one that was meant, or all of them.
func checkGiven(cmd *cobra.Command, what, given string) error {
	name, _, _ := ref.Split(given)
	switch {
	case given == "":
		return usageError(cmd, fmt.Errorf("%s is empty", what))
	case slices.Contains(plainArgs, what):
		return nil
	case name == "":
		return usageError(cmd, fmt.Errorf("%s is %q, which has no name", what, given))
	case strings.HasSuffix(given, ":") && !strings.Contains(given, "@"):
		return usageError(cmd, fmt.Errorf("%s is %q, which has no tag behind the colon", what, given))
	}
	return nil
}
