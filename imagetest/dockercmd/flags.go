package dockercmd

import (
	"fmt"
	"runtime"
	"slices"

	"github.com/docker/cli/opts"
	"github.com/moby/moby/api/types/container"
	"github.com/spf13/pflag"
)

// Flags are those of docker run that say what a container is made of, one concern each. Their values are
// parsed by docker's own package opts, so they mean here what they mean there.
type Flags struct {
	process  processFlags
	mounts   mountFlags
	network  networkFlags
	limits   limitFlags
	security securityFlags
	health   healthFlags
}

// part is one concern: it declares its flags and turns them into options.
type part interface {
	register(*pflag.FlagSet)
	apply(*pflag.FlagSet, *RunOptions) error
}

func (f *Flags) parts() []part {
	return []part{&f.process, &f.mounts, &f.network, &f.limits, &f.security, &f.health}
}

// Register declares the flags. Everything after the image is the container's, so what is parsed
// ends with the first argument.
func (f *Flags) Register(fs *pflag.FlagSet) {
	fs.SetInterspersed(false)
	for _, p := range f.parts() {
		p.register(fs)
	}
	registerRefused(fs)
}

// Options are what the parsed flags say of a container of the image that runs args.
func (f *Flags) Options(fs *pflag.FlagSet, image string, args []string) (RunOptions, error) {
	var o RunOptions
	for _, p := range f.parts() {
		if err := p.apply(fs, &o); err != nil {
			return o, err
		}
	}
	o.Config.Image, o.Config.Cmd = image, args
	return o, nil
}

// createFlags are the flags of the docker commands run and create.
type createFlags struct {
	Flags
	name, idFile, platform, pull, restart, logDriver string
	logOpts                                          opts.ListOpts
	remove, quiet                                    bool
}

func (f *createFlags) register(fs *pflag.FlagSet) {
	// Slipway has -h and -c for other things. Here -h is the host name, so help has no short form.
	fs.Bool("help", false, "print usage")
	f.process.hostnameShort, f.limits.cpuSharesShort = "h", "c"
	f.Register(fs)
	fs.StringVar(&f.name, "name", "", "name of the container")
	fs.StringVar(&f.idFile, "cidfile", "", "write the container ID to the file")
	fs.StringVar(&f.platform, "platform", "", "accepted if it is this machine's")
	fs.StringVar(&f.pull, "pull", "", "accepted: an image of the store is there and the newest, others cannot be had")
	fs.StringVar(&f.restart, "restart", "", "ignored with a warning")
	fs.StringVar(&f.logDriver, "log-driver", "", "none keeps no output; others are ignored with a warning")
	f.logOpts = opts.NewListOpts(nil)
	fs.Var(&f.logOpts, "log-opt", "ignored with a warning")
	fs.BoolVar(&f.remove, "rm", false, "remove the container when it ends")
	fs.BoolVarP(&f.quiet, "quiet", "q", false, "ignored: nothing is pulled")
}

// options are what all flags say of a container of the image that runs args.
func (f *createFlags) options(fs *pflag.FlagSet, image string, args []string) (RunOptions, error) {
	if err := checkPlatform(f.platform); err != nil {
		return RunOptions{}, fmt.Errorf("cannot run containers of %w", err)
	}
	if !slices.Contains([]string{"", "always", "missing", "never"}, f.pull) {
		return RunOptions{}, fmt.Errorf("invalid pull option: %q: must be one of always, missing or never", f.pull)
	}
	o, err := f.Options(fs, image, args)
	if err != nil {
		return o, err
	}
	o.Name, o.IDFile, o.Host.AutoRemove = f.name, f.idFile, f.remove
	o.Host.LogConfig = container.LogConfig{Type: f.logDriver, Config: opts.ConvertKVStringsToMap(f.logOpts.GetSlice())}
	if o.Host.RestartPolicy, err = opts.ParseRestartPolicy(f.restart); err != nil {
		return o, err
	}
	if f.remove && !o.Host.RestartPolicy.IsNone() {
		return o, fmt.Errorf("conflicting options: cannot specify both --restart and --rm")
	}
	return o, nil
}

// checkPlatform accepts this machine's, under all its names.
func checkPlatform(platform string) error {
	if !slices.Contains([]string{"", "linux", runtime.GOARCH, "linux/" + runtime.GOARCH}, platform) {
		return fmt.Errorf("platform %s: this machine is linux/%s", platform, runtime.GOARCH)
	}
	return nil
}
