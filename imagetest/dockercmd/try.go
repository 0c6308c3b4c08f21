package dockercmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/moby/moby/client"
)

// Try is Run on the server at host, for commands that are not docker: errors do not say that a daemon
// answered. Gone is true if the server ended before the container began; nothing was said then, and the
// same may be tried with another server.
func Try(ctx context.Context, host string, o RunOptions, s Streams) (code int, gone bool, err error) {
	cli, err := client.New(client.WithHost(host))
	if err != nil {
		return ExitDaemon, false, fmt.Errorf("cannot connect to %s: %w", host, err)
	}
	defer cli.Close()
	out := &careful{w: s.Out}
	if !isTerminal(s.Out) {
		s.Out = out
	}
	code, err = run(ctx, cli, o, s)
	switch {
	case errors.As(err, new(*goneError)):
		return code, true, plainError{err}
	case err != nil:
		return code, false, plainError{err}
	case code == 0 && out.err != nil:
		return ExitDaemon, false, out.err
	}
	return code, false, nil
}

// plainError is a server's answer without what docker's client says before it.
type plainError struct{ cause error }

// Error implements error.
func (e plainError) Error() string {
	return strings.ReplaceAll(e.cause.Error(), "Error response from daemon: ", "")
}

// Unwrap returns the cause.
func (e plainError) Unwrap() error { return e.cause }
