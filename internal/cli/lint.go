package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway"
	"github.com/slipway-build/slipway/fleet/lint"
)

type lintOptions struct {
	directory string
	severity  string
	failOn    string
	asJSON    bool
	asSARIF   bool
	given     slipway.Given
}

const lintLong = `Renders and parses every definition below DIRECTORY, builds nothing, and says
what will break (error), what will bite later (warning) and what is untidy
(note), each with file and line, the rule's name and a way out. Of the images
that the configuration lists, those from folders are judged like that; nothing
is fetched, so of those from repositories only the entry is.

A finding is left out when a comment in its line, or right above it, names its
rule:

  {# slipway-lint: ignore unpinned-add the mirror is ours #}
  # slipway-lint: ignore JSONArgsRecommended

or when the configuration does: "lint_ignore: [unused-dependency]", or with a
pattern for files: "lint_ignore: ['unpinned-add web/*']".

Exit codes: 0 nothing is as bad as --fail-on says; 1 something is, or the fleet
could not be read; 2 the command line is wrong. Rules: docs/lint.md.`

const lintExample = `  slipway lint images/
  slipway lint --severity warning images/      without the notes
  slipway lint --fail-on warning images/       for a CI that is strict
  slipway lint --sarif images/ > lint.sarif    for code scanning`

func (a *app) lintCommand() *cobra.Command {
	var o lintOptions
	cmd := &cobra.Command{
		Use: "lint [flags] [DIRECTORY]", Short: "Say what is wrong with definitions",
		Long: lintLong, Example: lintExample, Args: directory(),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.directory = argument(args, 0)
			return a.lint(cmd, o)
		},
	}
	givenFlags(cmd, &o.given)
	f := cmd.Flags()
	f.StringVar(&o.severity, "severity", "note", "show findings of this `SEVERITY` and worse: error, warning or note")
	f.StringVar(&o.failOn, "fail-on", "error", "exit with 1 when a finding is of this `SEVERITY` or worse; or never")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	f.BoolVar(&o.asSARIF, "sarif", false, "print SARIF 2.1.0")
	words := []string{"error", "warning", "note"}
	cmd.RegisterFlagCompletionFunc("severity", cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions(append(words, "never"), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (a *app) lint(cmd *cobra.Command, o lintOptions) error {
	least, failOn, err := o.severities()
	if err != nil {
		return usageError(cmd, err)
	}
	if o.asJSON && o.asSARIF {
		return usageError(cmd, errors.New("--json and --sarif exclude each other: each is the whole output"))
	}
	s, err := a.fleetSession(cmd)
	if err != nil {
		return err
	}
	report, err := s.Lint(cmd.Context(), o.directory, o.given)
	if err != nil {
		return usage(cmd, err)
	}
	if err := a.printReport(report, o, least); err != nil {
		return err
	}
	if failOn != "" && report.Fails(failOn) {
		return &exitError{code: exitFailed} // the findings are the message
	}
	return nil
}

// severities reads the two flags; --fail-on never is no severity.
func (o lintOptions) severities() (least, failOn lint.Severity, err error) {
	if least, err = severity("--severity", o.severity); err != nil || o.failOn == "never" {
		return least, "", err
	}
	failOn, err = severity("--fail-on", o.failOn)
	return least, failOn, err
}

func severity(flag, word string) (lint.Severity, error) {
	for _, s := range lint.Severities() {
		if word == string(s) {
			return s, nil
		}
	}
	return "", fmt.Errorf("%s %q is none of error, warning and note", flag, word)
}

func (a *app) printReport(r *lint.Report, o lintOptions, least lint.Severity) error {
	switch {
	case o.asSARIF:
		return printJSON(a.Out, r.SARIF(ownVersion(), least))
	case o.asJSON:
		return printJSON(a.Out, r.JSON(least))
	}
	return r.WriteText(a.Out, least)
}
