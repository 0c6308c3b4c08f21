package dockercmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/cli/opts"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"
)

func (a *app) volumeCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "volume COMMAND", Short: "Manage volumes"}
	cmd.AddCommand(a.createVolumeCommand(), a.listVolumesCommand(), a.removeVolumeCommand(), a.inspectVolumeCommand())
	return cmd
}

func (a *app) createVolumeCommand() *cobra.Command {
	labels, options := opts.NewListOpts(opts.ValidateLabel), opts.NewMapOpts(nil, nil)
	var o client.VolumeCreateOptions
	cmd := &cobra.Command{
		Use: "create [OPTIONS] [VOLUME]", Short: "Create a volume that lives until the test ends", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cli, err := a.connect()
			if err != nil {
				return err
			}
			if len(args) == 1 {
				o.Name = args[0]
			}
			o.Labels, o.DriverOpts = opts.ConvertKVStringsToMap(labels.GetSlice()), options.GetAll()
			made, err := cli.VolumeCreate(cmd.Context(), o)
			if err == nil {
				fmt.Fprintln(a.Out, made.Volume.Name)
			}
			return err
		},
	}
	cmd.Flags().StringVarP(&o.Driver, "driver", "d", "local", "local is the only one")
	cmd.Flags().StringVar(&o.Name, "name", "", "name of the volume")
	cmd.Flags().Var(&labels, "label", "set meta data")
	cmd.Flags().VarP(options, "opt", "o", "refused: a volume is a folder")
	return cmd
}

func (a *app) listVolumesCommand() *cobra.Command {
	var quiet bool
	var format string
	filters := opts.NewFilterOpt()
	cmd := &cobra.Command{
		Use: "ls [OPTIONS]", Aliases: []string{"list"}, Short: "List volumes", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cli, err := a.connect()
			if err != nil {
				return err
			}
			list, err := cli.VolumeList(cmd.Context(), client.VolumeListOptions{Filters: filters.Value()})
			if err != nil {
				return err
			}
			t := table{columns: []column{{field: "Driver", title: "DRIVER"}, {field: "Name", title: "VOLUME NAME"},
				{field: "Mountpoint", title: "MOUNTPOINT", hidden: true}, {field: "Labels", title: "LABELS", hidden: true}}}
			for _, v := range list.Items {
				t.rows = append(t.rows, row{"Driver": v.Driver, "Name": v.Name, "Mountpoint": v.Mountpoint, "Labels": labelText(v.Labels)})
			}
			if quiet && format == "" {
				format = "{{.Name}}"
			}
			return t.write(a.Out, format)
		},
	}
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "only names")
	cmd.Flags().StringVar(&format, "format", "", "a Go template, \"json\", or \"table\" and a template")
	cmd.Flags().VarP(&filters, "filter", "f", "KEY=VALUE: name, label")
	return cmd
}

func (a *app) removeVolumeCommand() *cobra.Command {
	var force bool
	cmd := a.onEach("rm", "Remove volumes", func(ctx context.Context, cli *client.Client, name string) error {
		_, err := cli.VolumeRemove(ctx, name, client.VolumeRemoveOptions{Force: force})
		if force && errdefs.IsNotFound(err) {
			return nil
		}
		return err
	})
	cmd.Use = strings.ReplaceAll(cmd.Use, "CONTAINER", "VOLUME")
	cmd.Aliases = []string{"remove"}
	cmd.Flags().BoolVarP(&force, "force", "f", false, "no failure for what is not there")
	return cmd
}

func (a *app) inspectVolumeCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "inspect [OPTIONS] VOLUME [VOLUME...]", Short: "Show all that is known of volumes", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cli, err := a.connect()
			if err != nil {
				return err
			}
			return a.inspect(cmd.Context(), cli, volumeObject, format, args)
		},
	}
	cmd.Flags().StringVarP(&format, "format", "f", "", "a Go template, or \"json\"")
	return cmd
}
