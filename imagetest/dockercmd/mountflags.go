package dockercmd

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/docker/cli/opts"
	"github.com/spf13/pflag"
)

// mountFlags say what the container sees of files beside its image.
type mountFlags struct {
	volumes, volumesFrom, tmpfs opts.ListOpts
	mounts                      opts.MountOpt
	readOnly                    bool
}

func (f *mountFlags) register(fs *pflag.FlagSet) {
	f.volumes, f.volumesFrom, f.tmpfs = opts.NewListOpts(nil), opts.NewListOpts(nil), opts.NewListOpts(nil)
	fs.VarP(&f.volumes, "volume", "v", "bind a host path: `SOURCE:TARGET[:ro]`")
	fs.Var(&f.volumesFrom, "volumes-from", "mount the volumes of `CONTAINER[:ro]`")
	fs.Var(&f.tmpfs, "tmpfs", "mount a file system in memory: `TARGET[:OPTIONS]`")
	fs.Var(&f.mounts, "mount", "attach a mount: `type=TYPE,source=SOURCE,target=TARGET`")
	fs.BoolVar(&f.readOnly, "read-only", false, "mount the container's root read-only")
}

func (f *mountFlags) apply(_ *pflag.FlagSet, o *RunOptions) error {
	o.Config.Volumes = map[string]struct{}{}
	for _, v := range f.volumes.GetSlice() {
		source, rest, bind := strings.Cut(v, ":")
		if !bind {
			o.Config.Volumes[v] = struct{}{}
			continue
		}
		// The server is elsewhere, so docker's command makes host paths absolute.
		if strings.HasPrefix(source, ".") {
			abs, err := filepath.Abs(source)
			if err != nil {
				return fmt.Errorf("cannot bind %s: %w", source, err)
			}
			source = abs
		}
		o.Host.Binds = append(o.Host.Binds, source+":"+rest)
	}
	o.Host.Tmpfs = map[string]string{}
	for _, t := range f.tmpfs.GetSlice() {
		target, options, _ := strings.Cut(t, ":")
		o.Host.Tmpfs[target] = options
	}
	o.Host.VolumesFrom, o.Host.Mounts, o.Host.ReadonlyRootfs = f.volumesFrom.GetSlice(), f.mounts.Value(), f.readOnly
	return nil
}
