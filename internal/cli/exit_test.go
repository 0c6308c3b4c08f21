package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/secret/redact"
)

// TestExitCode: each error is said once, whatever it is joined to.
func TestExitCode(t *testing.T) {
	silent, said := &exitError{code: exitFailed}, &exitError{exitUsage, errors.New("wrong flag\nhint: another")}
	closing, stopped := errors.New("cannot close state: disk full"), fmt.Errorf("cannot stop: %w", context.Canceled)
	interrupted, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tt := range []struct {
		ctx   context.Context
		err   error
		code  int
		print string
	}{
		{t.Context(), nil, exitOK, ""},
		{t.Context(), silent, exitFailed, ""},
		{t.Context(), said, exitUsage, "error: wrong flag\nhint: another\n"},
		{t.Context(), errors.Join(silent, closing), exitFailed, "error: cannot close state: disk full\n"},
		{t.Context(), errors.Join(closing, errors.Join(silent, errors.New("b"))), exitFailed, "error: cannot close state: disk full\nerror: b\n"},
		{t.Context(), errors.Join(said, closing), exitUsage, "error: wrong flag\nhint: another\nerror: cannot close state: disk full\n"},
		{t.Context(), errors.Join(silent, stopped), exitFailed, "error: cannot stop: context canceled\n"},
		{interrupted, errors.Join(&exitError{code: exitInterrupted}, stopped, closing), exitInterrupted, "error: cannot close state: disk full\n"},
		{interrupted, stopped, exitInterrupted, "slipway: interrupted\n"},
		{t.Context(), errors.New("with hunter2"), exitFailed, "error: with ***\n"},
	} {
		var stderr bytes.Buffer
		a := &app{Streams: Streams{Err: &stderr}, began: true, secrets: redact.New("hunter2")}
		if code := a.exitCode(tt.ctx, tt.err); code != tt.code || stderr.String() != tt.print {
			t.Errorf("%v: got %d, %q; want %d, %q", tt.err, code, &stderr, tt.code, tt.print)
		}
	}
}

// TestPanic: a panic is an internal error with a trace, and an error as all others.
func TestPanic(t *testing.T) {
	var list []string
	err := guarded(func() error { list[0] = ""; return nil })
	for _, want := range []string{"internal error: runtime error: index out of range", "exit_test.go:", "\nhint: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
	if err := guarded(func() error { return context.Canceled }); err != context.Canceled {
		t.Error(err)
	}
}
