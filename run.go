package slipway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/spf13/pflag"

	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/imagetest/dockercmd"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/store"
)

// RunFlags are the flags of "docker run" that say what a container is made of: volumes, variables, limits. They
// mean what they mean there.
type RunFlags struct {
	set   *pflag.FlagSet
	flags dockercmd.Flags
}

// NewRunFlags declares the flags in a set, which ends with the first argument: those behind the image are the
// container's.
func NewRunFlags(set *pflag.FlagSet) *RunFlags {
	f := &RunFlags{set: set}
	f.flags.Register(set)
	return f
}

// RunOptions say what Run runs.
type RunOptions struct {
	Image   string   // may be called as for Tag
	Command []string // instead of the image's own; none for that
	// Flags, after their set was parsed, say what else the container has. Nil is nothing.
	Flags *RunFlags
	// Terminal gives the container one, and keeps its input open, if Flags say nothing of that. In must be an
	// *os.File of a terminal then.
	Terminal bool
	// Streams are the container's.
	Streams
}

// runAttempts bounds how often another engine is looked for when one has ended before the container began.
const runAttempts = 10

// Run runs a container of an image of the store, removes it when it has ended, and returns the exit code of its
// command. With an error the code is as docker has it: 125 when the container could not be made, 126 and 127 when
// the command cannot be run or does not exist; it is 0 if only ending the engine failed. Ctx is for the time
// before the container begins: signals are passed on to its command.
func (s *Session) Run(ctx context.Context, o RunOptions) (code int, err error) {
	container, err := s.container(ctx, o)
	if err != nil {
		return dockercmd.ExitDaemon, err
	}
	for range runAttempts {
		code, gone, err := s.runContainer(context.WithoutCancel(ctx), container, o.Streams)
		if !gone || ctx.Err() != nil {
			return code, err
		}
	}
	return dockercmd.ExitDaemon, problem.New("cannot run a container: each process whose engine was to run it ended before", "run the command again")
}

// container is what the options say to the docker command of image tests, which runs it.
func (s *Session) container(ctx context.Context, o RunOptions) (c dockercmd.RunOptions, err error) {
	var ref string
	err = s.withStore(ctx, func(st *store.Store) (err error) {
		if ref, err = findStored(ctx, st, o.Image); err == nil {
			_, err = st.Get(ctx, ref)
		}
		if err != nil {
			err = fmt.Errorf("cannot run %s: %w", o.Image, err)
		}
		return err
	})
	if err != nil {
		return c, err
	}
	flags := o.Flags
	if flags == nil {
		flags = NewRunFlags(pflag.NewFlagSet("run", pflag.ContinueOnError))
	}
	if c, err = flags.flags.Options(flags.set, ref, o.Command); err != nil {
		return c, fmt.Errorf("cannot run %s: %w", ref, err)
	}
	c.Host.AutoRemove, c.Warn = true, s.warn
	if o.Terminal && !flags.set.Changed("interactive") && !flags.set.Changed("tty") {
		c.Config.OpenStdin, c.Config.Tty = true, true
	}
	return c, nil
}

// runContainer runs a container once. Gone is true if the engine that was found ended before it began.
func (s *Session) runContainer(ctx context.Context, c dockercmd.RunOptions, streams Streams) (code int, gone bool, err error) {
	socket, stop, err := s.dockerSocket(ctx)
	if err != nil {
		return dockercmd.ExitDaemon, false, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	code, gone, err = dockercmd.Try(ctx, "unix://"+socket, c, dockercmd.Streams(streams))
	if err != nil {
		err = fmt.Errorf("cannot run %s: %w", c.Config.Image, err)
	}
	return code, gone, err
}

// dockerSocket is Docker's API on an engine of this process or, while another
// one builds on the same root, on that one's. Stop gives it back.
func (s *Session) dockerSocket(ctx context.Context) (socket string, stop func() error, err error) {
	root, err := s.Root()
	if err != nil {
		return "", nil, err
	}
	process, err := embedded.Start(ctx, s.engineOptions(root))
	var busy *embedded.BusyError
	if errors.As(err, &busy) && answers(embedded.DockerSocket(root)) {
		s.tell(Progress, fmt.Sprintf("the container ends at the latest with %s, whose engine it uses", busy.Holder))
		return embedded.DockerSocket(root), func() error { return nil }, nil
	}
	if errors.As(err, &busy) {
		process, _, err = s.startEngine(ctx)
	}
	if err != nil {
		return "", nil, err
	}
	end, err := serveDocker(ctx, process)
	if err != nil {
		return "", nil, errors.Join(err, process.Close())
	}
	return embedded.DockerSocket(root), func() error { return errors.Join(end(), process.Close()) }, nil
}

// answers tells whether somebody listens on a unix socket.
func answers(path string) bool {
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}
