package dockercmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"golang.org/x/term"
)

// session connects the streams to a container until it ends.
type session struct {
	id              string
	tty             bool
	stdin, out, err bool
	// start starts the container once the streams are connected.
	start   bool
	until   container.WaitCondition
	signals bool
}

// signalGrace is how long a cancelled context is given to turn out to be a
// signal, which the container gets instead of being killed.
const signalGrace = 100 * time.Millisecond

// attached runs a session and returns the container's exit code. The context's
// end kills the container, unless it came with a signal: that one is passed on
// and the container decides.
func attached(ctx context.Context, cli *client.Client, s session, streams Streams) (int, error) {
	alive := context.WithoutCancel(ctx)
	conn, err := cli.ContainerAttach(ctx, s.id, client.ContainerAttachOptions{Stream: true, Stdin: s.stdin, Stdout: s.out, Stderr: s.err})
	if err != nil {
		return ExitDaemon, beforeStart(err)
	}
	defer conn.Close()
	wait := cli.ContainerWait(alive, s.id, client.ContainerWaitOptions{Condition: s.until})
	if s.signals {
		defer forwardSignals(ctx, cli, s.id, s.tty)()
	}
	if s.start {
		if _, err := cli.ContainerStart(alive, s.id, client.ContainerStartOptions{}); err != nil {
			// The server removes a container that was to be removed; else it stays.
			return startCode(err), err
		}
	}
	restore, err := enterTerminal(s, streams, func(rows, cols uint) {
		_, _ = cli.ContainerResize(alive, s.id, client.ContainerResizeOptions{Height: rows, Width: cols})
	})
	if err != nil {
		return ExitDaemon, err
	}
	err = converse(conn.HijackedResponse, s, streams)
	restore()
	if err != nil {
		return ExitDaemon, err
	}
	select {
	case result := <-wait.Result:
		if result.Error != nil {
			return ExitDaemon, errors.New(result.Error.Message)
		}
		return int(result.StatusCode), nil
	case err := <-wait.Error:
		return ExitDaemon, fmt.Errorf("cannot wait for container: %w", err)
	}
}

// converse copies until the output ends. Input may go on for ever, so nobody
// waits for it.
func converse(conn client.HijackedResponse, s session, streams Streams) error {
	if s.stdin && streams.In != nil {
		go func() {
			_, _ = io.Copy(conn.Conn, streams.In)
			_ = conn.CloseWrite()
		}()
	}
	var err error
	if s.tty {
		_, err = io.Copy(streams.Out, conn.Reader)
	} else {
		_, err = stdcopy.StdCopy(streams.Out, streams.Err, conn.Reader)
	}
	if err != nil {
		return fmt.Errorf("cannot read the container's output: %w", err)
	}
	return nil
}

// enterTerminal makes a terminal on the input raw and keeps the container's
// size that of ours. The returned function undoes it.
func enterTerminal(s session, streams Streams, resize func(rows, cols uint)) (func(), error) {
	if !s.tty {
		return func() {}, nil
	}
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGWINCH)
	go func() {
		for range changed {
			if size := sizeOf(streams.Out); size.Height > 0 {
				resize(size.Height, size.Width)
			}
		}
	}()
	changed <- syscall.SIGWINCH
	restore := func() { signal.Stop(changed); close(changed) }
	in, ok := streams.In.(*os.File)
	if !ok || !s.stdin || !isTerminal(streams.In) {
		return restore, nil
	}
	state, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		restore()
		return nil, fmt.Errorf("cannot set up terminal: %w", err)
	}
	return func() { _ = term.Restore(int(in.Fd()), state); restore() }, nil
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// sizeOf is zero when the stream is no terminal.
func sizeOf(stream any) client.ConsoleSize {
	f, ok := stream.(*os.File)
	if !ok {
		return client.ConsoleSize{}
	}
	width, height, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return client.ConsoleSize{}
	}
	return client.ConsoleSize{Height: uint(height), Width: uint(width)}
}

// forwardSignals passes on what would end this process. In a terminal's raw mode
// the keys themselves go to the container.
func forwardSignals(ctx context.Context, cli *client.Client, id string, tty bool) func() {
	caught := make(chan os.Signal, 8)
	list := []os.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2}
	if !tty {
		list = append(list, syscall.SIGINT)
	}
	signal.Notify(caught, list...)
	done := make(chan struct{})
	alive := context.WithoutCancel(ctx)
	kill := func(name string) { _, _ = cli.ContainerKill(alive, id, client.ContainerKillOptions{Signal: name}) }
	go func() {
		cancelled := ctx.Done()
		var unexplained <-chan time.Time
		for {
			select {
			case <-done:
				return
			case sig := <-caught:
				unexplained = nil
				cancelled = nil
				kill(signalName(sig))
			case <-cancelled:
				cancelled = nil
				unexplained = time.After(signalGrace)
			case <-unexplained:
				kill("KILL")
			}
		}
	}()
	return func() { signal.Stop(caught); close(done) }
}

func signalName(sig os.Signal) string {
	number, ok := sig.(syscall.Signal)
	if !ok {
		return "TERM"
	}
	return strings.TrimSpace(fmt.Sprint(int(number)))
}
