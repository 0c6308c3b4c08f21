package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway"
	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/internal/cli/outlet"
	"github.com/slipway-build/slipway/secret/redact"
)

// fleetSession opens a session with the configuration.
func (a *app) fleetSession(cmd *cobra.Command) (*slipway.Session, error) {
	cfg, err := a.loadConfig(cmd)
	if err != nil {
		return nil, err
	}
	return a.open(cfg)
}

// session is one for commands on images: with the configuration, if there is one.
func (a *app) session(cmd *cobra.Command) (*slipway.Session, error) {
	if _, err := os.Stat(a.configFile); errors.Is(err, os.ErrNotExist) && !cmd.Flags().Changed("configfile") {
		return a.open(nil)
	}
	return a.fleetSession(cmd)
}

// open opens a session that says what it has to say as this command does.
func (a *app) open(cfg *config.Config) (*slipway.Session, error) {
	o := slipway.Options{
		Config: cfg, Root: a.root, StateDir: a.stateDir,
		Command: a.commandLine, UserAgent: "slipway/" + ownVersion(), Verbose: a.info || a.debug,
		Notify: a.notify, Complete: a.typed.complete, Hidden: a.use, Reading: hurry,
	}
	if a.debug {
		o.Log = a.Err
	}
	return slipway.Open(o)
}

func (a *app) notify(n slipway.Notice) {
	switch n.Kind {
	case slipway.Warning:
		printWarning(a.Err, n.Text)
	case slipway.Note:
		fmt.Fprintln(a.Err, "note: "+n.Text)
	default:
		fmt.Fprintln(a.Err, n.Text)
	}
}

// use sets the secrets of all that is said.
func (a *app) use(s *redact.Secrets) {
	a.secrets = s
	for _, w := range []io.Writer{a.Out, a.Err} {
		if out, ok := w.(*outlet.Writer); ok {
			out.Hide(s)
		}
	}
}

// usage makes an error of usage of one that a session calls so.
func usage(cmd *cobra.Command, err error) error {
	if wrong := (*slipway.UsageError)(nil); errors.As(err, &wrong) {
		return usageError(cmd, wrong.Err)
	}
	return err
}
