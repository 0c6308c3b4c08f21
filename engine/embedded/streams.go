//go:build linux

package embedded

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"github.com/containerd/console"
	"github.com/slipway-build/slipway/engine/container"
)

// streams connect a process to its IO: through pipes, or a terminal. They
// implement runc.IO; runc gets files, so that its end is seen at once.
type streams struct {
	stdio container.IO
	gate  *gate
	// terminal is our end of the pseudo terminal, if any.
	terminal console.Console
	// child are the ends runc gets, own those that are read and written here.
	child struct{ in, out, err *os.File }
	own   struct{ in, out, err *os.File }
	// output is done when all output was delivered.
	output sync.WaitGroup
}

func newStreams(p container.Process, stdio container.IO) (_ *streams, err error) {
	if stdio.Stdout == nil {
		stdio.Stdout = io.Discard
	}
	if stdio.Stderr == nil {
		stdio.Stderr = io.Discard
	}
	s := &streams{stdio: stdio, gate: newGate()}
	defer func() {
		if err != nil {
			s.close(false)
		}
	}()
	if p.TTY {
		return s, s.openTerminal(p)
	}
	if s.own.out, s.child.out, err = os.Pipe(); err != nil {
		return nil, err
	}
	if s.own.err, s.child.err, err = os.Pipe(); err != nil {
		return nil, err
	}
	if stdio.Stdin != nil {
		if s.child.in, s.own.in, err = os.Pipe(); err != nil {
			return nil, err
		}
	}
	s.copy(stdio.Stdout, s.own.out)
	s.copy(stdio.Stderr, s.own.err)
	return s, nil
}

func (s *streams) openTerminal(p container.Process) error {
	terminal, name, err := console.NewPty()
	if err != nil {
		return fmt.Errorf("cannot make terminal: %w", err)
	}
	s.terminal = terminal
	if p.Rows > 0 && p.Cols > 0 {
		if err := s.resize(p.Rows, p.Cols); err != nil {
			return err
		}
	}
	child, err := os.OpenFile(name, os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return fmt.Errorf("cannot open terminal: %w", err)
	}
	s.child.out, s.child.err = child, child
	if s.stdio.Stdin != nil {
		s.child.in = child
	}
	s.copy(s.stdio.Stdout, terminal)
	return nil
}

func (s *streams) resize(rows, cols uint16) error {
	if err := s.terminal.Resize(console.WinSize{Height: rows, Width: cols}); err != nil {
		return fmt.Errorf("cannot resize terminal: %w", err)
	}
	return nil
}

// copy delivers output until its writer, runc, is gone. A receiver that fails
// must not stop the process, so the rest is read and dropped.
func (s *streams) copy(to io.Writer, from io.Reader) {
	s.output.Go(func() {
		if _, err := io.Copy(s.gate.writer(to), from); err != nil {
			_, _ = io.Copy(io.Discard, from)
		}
	})
}

// handedOver closes the ends that runc has now.
func (s *streams) handedOver() {
	for _, f := range []*os.File{s.child.in, s.child.out, s.child.err} {
		if f != nil {
			f.Close()
		}
	}
}

// start lets output through and input in: the process runs.
func (s *streams) start() {
	s.gate.decide(true)
	if s.stdio.Stdin == nil {
		return
	}
	go func() {
		if s.terminal != nil {
			_, _ = io.Copy(s.terminal, s.stdio.Stdin)
			return
		}
		_, _ = io.Copy(s.own.in, s.stdio.Stdin)
		s.own.in.Close()
	}()
}

// close waits, runc having ended, until the last output is delivered, and frees
// everything. Without deliver, what was written is runc's complaint and is
// dropped. Runc itself waits for processes in the background that hold its output.
func (s *streams) close(deliver bool) {
	s.gate.decide(deliver)
	s.handedOver()
	s.output.Wait()
	for _, f := range []*os.File{s.own.in, s.own.out, s.own.err} {
		if f != nil {
			f.Close()
		}
	}
	if s.terminal != nil {
		s.terminal.Close()
	}
}

// Set implements runc.IO.
func (s *streams) Set(cmd *exec.Cmd) {
	// A nil *os.File in an interface is not nil.
	if s.child.in != nil {
		cmd.Stdin = s.child.in
	}
	cmd.Stdout, cmd.Stderr = s.child.out, s.child.err
}

// Close implements runc.IO.
func (s *streams) Close() error { return nil }

// Stdin implements runc.IO.
func (s *streams) Stdin() io.WriteCloser { return nil }

// Stdout implements runc.IO.
func (s *streams) Stdout() io.ReadCloser { return nil }

// Stderr implements runc.IO.
func (s *streams) Stderr() io.ReadCloser { return nil }

// gate holds output back until it is known whose it is: the process', or runc's
// complaint that there is none. Meanwhile a writer waits, and what the process
// prints stays in its pipe: delivering from decide could block a start on a
// receiver that only reads once the start is answered.
type gate struct {
	once    sync.Once
	decided chan struct{}
	drop    bool // valid once decided is closed
}

func newGate() *gate { return &gate{decided: make(chan struct{})} }

// errDropped ends a copy whose output nobody wants.
var errDropped = errors.New("output is dropped")

// decide opens the gate, or drops what comes. Only the first call counts.
func (g *gate) decide(pass bool) {
	g.once.Do(func() {
		g.drop = !pass
		close(g.decided)
	})
}

func (g *gate) writer(to io.Writer) io.Writer { return gateWriter{g, to} }

type gateWriter struct {
	gate *gate
	to   io.Writer
}

// Write implements io.Writer.
func (w gateWriter) Write(p []byte) (int, error) {
	<-w.gate.decided
	if w.gate.drop {
		return 0, errDropped
	}
	return w.to.Write(p)
}
