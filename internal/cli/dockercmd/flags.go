package dockercmd

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/docker/go-units"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// createFlags are the flags of run and create.
type createFlags struct {
	lookup func(string) string

	name, idFile, user, workdir, entrypoint, network, hostname, platform, pull string
	restart, memory, memorySwap, cpus, cpuset, shm, stopSignal, ipc            string
	env, envFiles, volumes, mounts, tmpfs, publish, expose, labels, hosts      []string
	capAdd, capDrop, ulimits, dns, security                                    []string
	interactive, tty, remove, publishAll, readOnly, init, privileged, quiet    bool
	stopTimeout                                                                int
	cpuShares                                                                  int64
}

// register declares the flags. Everything after the image is the container's.
func (f *createFlags) register(cmd *cobra.Command, lookup func(string) string) {
	f.lookup = lookup
	fs := cmd.Flags()
	fs.SetInterspersed(false)
	// Docker has -h for the host name, so help has no short form here.
	fs.Bool("help", false, "print usage")
	for _, v := range []struct {
		to                *string
		name, short, help string
	}{
		{&f.name, "name", "", "name of the container"}, {&f.idFile, "cidfile", "", "write the container ID to the file"},
		{&f.user, "user", "u", "user name or number, and group after a colon"},
		{&f.workdir, "workdir", "w", "working directory"}, {&f.entrypoint, "entrypoint", "", "replace the image's entry point"},
		{&f.network, "network", "", "host or none; the default is the host's"}, {&f.network, "net", "", "as --network"},
		{&f.hostname, "hostname", "h", "container host name"}, {&f.platform, "platform", "", "accepted if it is this machine's"},
		{&f.pull, "pull", "", "ignored: nothing is pulled"}, {&f.restart, "restart", "", "ignored with a warning"},
		{&f.memory, "memory", "m", "memory limit"}, {&f.memorySwap, "memory-swap", "", "memory plus swap, -1 without bound"},
		{&f.cpus, "cpus", "", "number of CPUs"}, {&f.cpuset, "cpuset-cpus", "", "CPUs to use (0-3, 0,1)"},
		{&f.shm, "shm-size", "", "size of /dev/shm"}, {&f.stopSignal, "stop-signal", "", "signal to stop the container"},
		{&f.ipc, "ipc", "", "IPC mode"},
	} {
		fs.StringVarP(v.to, v.name, v.short, "", v.help)
	}
	for _, v := range []struct {
		to                *[]string
		name, short, help string
	}{
		{&f.env, "env", "e", "set an environment variable"}, {&f.envFiles, "env-file", "", "read a file of environment variables"},
		{&f.volumes, "volume", "v", "bind a host path: SOURCE:TARGET[:ro]"}, {&f.mounts, "mount", "", "attach a bind or tmpfs mount"},
		{&f.tmpfs, "tmpfs", "", "mount a file system in memory"}, {&f.publish, "publish", "p", "publish a port: [HOST:]CONTAINER"},
		{&f.expose, "expose", "", "expose a port"}, {&f.labels, "label", "l", "set meta data"},
		{&f.hosts, "add-host", "", "add a host name: NAME:ADDRESS"}, {&f.capAdd, "cap-add", "", "add a capability"},
		{&f.capDrop, "cap-drop", "", "drop a capability"}, {&f.ulimits, "ulimit", "", "set a limit: NAME=SOFT[:HARD]"},
		{&f.dns, "dns", "", "ignored: name servers are the host's"}, {&f.security, "security-opt", "", "ignored with a warning"},
	} {
		fs.StringArrayVarP(v.to, v.name, v.short, nil, v.help)
	}
	for _, v := range []struct {
		to                *bool
		name, short, help string
	}{
		{&f.interactive, "interactive", "i", "keep STDIN open"}, {&f.tty, "tty", "t", "allocate a terminal"},
		{&f.remove, "rm", "", "remove the container when it ends"}, {&f.publishAll, "publish-all", "P", "publish all exposed ports"},
		{&f.readOnly, "read-only", "", "mount the root file system read-only"}, {&f.init, "init", "", "ignored"},
		{&f.privileged, "privileged", "", "refused"}, {&f.quiet, "quiet", "q", "ignored: nothing is pulled"},
	} {
		fs.BoolVarP(v.to, v.name, v.short, false, v.help)
	}
	fs.IntVar(&f.stopTimeout, "stop-timeout", 0, "seconds before a stopping container is killed")
	fs.Int64VarP(&f.cpuShares, "cpu-shares", "c", 0, "CPU shares (relative weight)")
}

// apply turns the flags into options.
func (f *createFlags) apply(fs *pflag.FlagSet, o *RunOptions) error {
	o.Name, o.IDFile = f.name, f.idFile
	if f.platform != "" && f.platform != "linux/"+runtime.GOARCH && f.platform != "linux" && f.platform != runtime.GOARCH {
		return fmt.Errorf("cannot run containers of platform %s: this machine is linux/%s", f.platform, runtime.GOARCH)
	}
	labels := map[string]string{}
	for _, l := range f.labels {
		key, value, _ := strings.Cut(l, "=")
		labels[key] = value
	}
	o.Config = container.Config{
		Hostname: f.hostname, User: f.user, Tty: f.tty, OpenStdin: f.interactive, WorkingDir: f.workdir,
		Labels: labels, StopSignal: f.stopSignal, Volumes: map[string]struct{}{},
	}
	if fs.Changed("entrypoint") {
		o.Config.Entrypoint = []string{f.entrypoint}
	}
	if fs.Changed("stop-timeout") {
		o.Config.StopTimeout = &f.stopTimeout
	}
	o.Host = container.HostConfig{
		AutoRemove: f.remove, PublishAllPorts: f.publishAll, ReadonlyRootfs: f.readOnly, Privileged: f.privileged,
		NetworkMode: container.NetworkMode(f.network), ExtraHosts: f.hosts, CapAdd: f.capAdd, CapDrop: f.capDrop,
		SecurityOpt: f.security, IpcMode: container.IpcMode(f.ipc), Tmpfs: map[string]string{},
	}
	if fs.Changed("init") {
		o.Host.Init = &f.init
	}
	for _, t := range f.tmpfs {
		target, options, _ := strings.Cut(t, ":")
		o.Host.Tmpfs[target] = options
	}
	for _, set := range []func(*RunOptions) error{f.setEnv, f.setVolumes, f.setMounts, f.setPorts, f.setRestart, f.setLimits} {
		if err := set(o); err != nil {
			return err
		}
	}
	return nil
}

// setEnv reads files first, so that single variables win. A name alone takes the
// value of this process.
func (f *createFlags) setEnv(o *RunOptions) error {
	var all []string
	for _, file := range f.envFiles {
		data, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("cannot read environment file: %w", err)
		}
		for line := range strings.Lines(string(data)) { // of any length
			line = strings.TrimLeft(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), " \t")
			if line != "" && !strings.HasPrefix(line, "#") {
				all = append(all, line)
			}
		}
	}
	for _, v := range append(all, f.env...) {
		if !strings.Contains(v, "=") {
			value := f.lookup(v)
			if value == "" {
				continue
			}
			v += "=" + value
		}
		o.Config.Env = append(o.Config.Env, v)
	}
	return nil
}

// setVolumes makes host paths absolute, as docker's command does.
func (f *createFlags) setVolumes(o *RunOptions) error {
	for _, v := range f.volumes {
		source, rest, bind := strings.Cut(v, ":")
		if !bind {
			o.Config.Volumes[v] = struct{}{}
			continue
		}
		if strings.HasPrefix(source, ".") {
			abs, err := filepath.Abs(source)
			if err != nil {
				return fmt.Errorf("cannot bind %s: %w", source, err)
			}
			source = abs
		}
		o.Host.Binds = append(o.Host.Binds, source+":"+rest)
	}
	return nil
}

func (f *createFlags) setMounts(o *RunOptions) error {
	for _, text := range f.mounts {
		m, err := parseMount(text)
		if err != nil {
			return err
		}
		o.Host.Mounts = append(o.Host.Mounts, m)
	}
	return nil
}

// parseMount reads docker's --mount notation: keys and values between commas.
func parseMount(text string) (mount.Mount, error) {
	m := mount.Mount{Type: mount.TypeVolume}
	for _, field := range strings.Split(text, ",") {
		key, value, hasValue := strings.Cut(field, "=")
		var err error
		switch strings.ToLower(key) {
		case "type":
			m.Type = mount.Type(strings.ToLower(value))
		case "source", "src":
			m.Source = value
			if strings.HasPrefix(value, ".") {
				m.Source, err = filepath.Abs(value)
			}
		case "target", "destination", "dst":
			m.Target = value
		case "readonly", "ro":
			m.ReadOnly = true
			if hasValue {
				m.ReadOnly, err = strconv.ParseBool(value)
			}
		case "tmpfs-size":
			m.TmpfsOptions = tmpfsOptions(m)
			m.TmpfsOptions.SizeBytes, err = units.RAMInBytes(value)
		case "tmpfs-mode":
			var mode uint64
			mode, err = strconv.ParseUint(value, 8, 32)
			m.TmpfsOptions = tmpfsOptions(m)
			m.TmpfsOptions.Mode = os.FileMode(mode)
		case "consistency", "bind-propagation":
		default:
			err = fmt.Errorf("unexpected key '%s'", key)
		}
		if err != nil {
			return m, fmt.Errorf("invalid argument %q for \"--mount\" flag: %w", text, err)
		}
	}
	if m.Target == "" {
		return m, fmt.Errorf("invalid argument %q for \"--mount\" flag: target is required", text)
	}
	return m, nil
}

func tmpfsOptions(m mount.Mount) *mount.TmpfsOptions {
	if m.TmpfsOptions != nil {
		return m.TmpfsOptions
	}
	return &mount.TmpfsOptions{}
}
