package dockercmd

import (
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/docker/cli/opts"
	"github.com/docker/cli/pkg/kvfile"
	"github.com/spf13/pflag"
)

// processFlags say what runs, as whom and with what around it.
type processFlags struct {
	hostnameShort                                           string
	user, workdir, entrypoint, hostname, domain, stopSignal string
	interactive, tty, init                                  bool
	stopTimeout                                             int
	env, envFiles, labels, labelFiles                       opts.ListOpts
}

func (f *processFlags) register(fs *pflag.FlagSet) {
	f.env, f.envFiles = opts.NewListOpts(opts.ValidateEnv), opts.NewListOpts(nil)
	f.labels, f.labelFiles = opts.NewListOpts(opts.ValidateLabel), opts.NewListOpts(nil)
	fs.StringVarP(&f.user, "user", "u", "", "run as `USER[:GROUP]`, names or numbers")
	fs.StringVarP(&f.workdir, "workdir", "w", "", "run in `DIR`")
	fs.StringVar(&f.entrypoint, "entrypoint", "", "replace the image's entry point by `PROGRAM`")
	fs.StringVarP(&f.hostname, "hostname", f.hostnameShort, "", "host `NAME` of the container")
	fs.StringVar(&f.domain, "domainname", "", "domain `NAME` of the container")
	fs.StringVar(&f.stopSignal, "stop-signal", "", "`SIGNAL` that stops the container")
	fs.IntVar(&f.stopTimeout, "stop-timeout", 0, "`SECONDS` before a stopping container is killed")
	fs.BoolVarP(&f.interactive, "interactive", "i", false, "connect the standard input")
	fs.BoolVarP(&f.tty, "tty", "t", false, "give the container a terminal")
	fs.BoolVar(&f.init, "init", false, "run an init that forwards signals and reaps processes")
	fs.VarP(&f.env, "env", "e", "set a variable: `NAME=VALUE`, or NAME for this process's value")
	fs.Var(&f.envFiles, "env-file", "read a `FILE` of variables")
	fs.VarP(&f.labels, "label", "l", "set meta data: `NAME=VALUE`")
	fs.Var(&f.labelFiles, "label-file", "read a `FILE` of labels")
}

func (f *processFlags) apply(fs *pflag.FlagSet, o *RunOptions) (err error) {
	c := &o.Config
	c.Hostname, c.Domainname, c.User, c.WorkingDir = f.hostname, f.domain, f.user, f.workdir
	c.Tty, c.OpenStdin, c.StopSignal = f.tty, f.interactive, f.stopSignal
	if fs.Changed("entrypoint") {
		c.Entrypoint = []string{f.entrypoint}
	}
	if fs.Changed("stop-timeout") {
		c.StopTimeout = &f.stopTimeout
	}
	if fs.Changed("init") {
		o.Host.Init = &f.init
	}
	labels, err := opts.ReadKVStrings(f.labelFiles.GetSlice(), f.labels.GetSlice())
	if err != nil {
		return fmt.Errorf("cannot read labels: %w", err)
	}
	c.Labels = opts.ConvertKVStringsToMap(labels)
	c.Env, err = environment(f.envFiles.GetSlice(), f.env.GetSlice())
	return err
}

// environment reads files first, so that single variables win. A name alone takes the value of this
// process, or takes away what the image has.
func environment(files, single []string) ([]string, error) {
	var all []string
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("cannot read environment file: %w", err)
		}
		number := 0
		for line := range strings.Lines(string(data)) {
			number++
			variables, err := fileVariable(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"))
			if err != nil {
				return nil, fmt.Errorf("%s:%d: cannot read variable: %w", name, number, err)
			}
			all = append(all, variables...)
		}
	}
	return append(all, single...), nil
}

// fileVariable reads one line as docker does, whose reader of whole files takes no line of 64 KiB:
// what is before the value is left to it.
func fileVariable(line string) ([]string, error) {
	if !utf8.ValidString(line) {
		return nil, fmt.Errorf("invalid utf8 bytes")
	}
	if strings.HasPrefix(strings.TrimSpace(line), "#") {
		return nil, nil
	}
	name, value, hasValue := strings.Cut(line, "=")
	if hasValue {
		name += "="
	}
	variables, err := kvfile.ParseFromReader(strings.NewReader(name), os.LookupEnv)
	if err != nil || len(variables) == 0 || !hasValue {
		return variables, err
	}
	return []string{variables[0] + value}, nil
}
