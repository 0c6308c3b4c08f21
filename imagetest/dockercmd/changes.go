package dockercmd

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/moby/moby/client"
	"github.com/spf13/cobra"
)

func (a *app) topCommand() *cobra.Command {
	return &cobra.Command{
		Use: "top CONTAINER [ps OPTIONS]", Short: "Show the processes of a container", Args: cobra.MinimumNArgs(1),
		DisableFlagParsing: true, // what follows is for ps
		RunE: func(cmd *cobra.Command, args []string) error {
			cli, err := a.connect()
			if err != nil {
				return err
			}
			list, err := cli.ContainerTop(cmd.Context(), args[0], client.ContainerTopOptions{Arguments: args[1:]})
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(a.Out, 20, 1, 3, ' ', 0)
			for _, row := range append([][]string{list.Titles}, list.Processes...) {
				fmt.Fprintln(w, strings.Join(row, "\t"))
			}
			return w.Flush()
		},
	}
}

func (a *app) diffCommand() *cobra.Command {
	return &cobra.Command{
		Use: "diff CONTAINER", Short: "Show what a container has otherwise than its image", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cli, err := a.connect()
			if err != nil {
				return err
			}
			list, err := cli.ContainerDiff(cmd.Context(), args[0], client.ContainerDiffOptions{})
			if err != nil {
				return err
			}
			for _, c := range list.Changes {
				fmt.Fprintln(a.Out, c.Kind, c.Path)
			}
			return nil
		},
	}
}

func (a *app) exportCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "export [OPTIONS] CONTAINER", Short: "Write a container's files as a tar archive", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cli, err := a.connect()
			if err != nil {
				return err
			}
			content, err := cli.ContainerExport(cmd.Context(), args[0], client.ContainerExportOptions{})
			if err != nil {
				return err
			}
			return a.archive(content, output)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to a file instead of the output")
	return cmd
}

func (a *app) commitCommand() *cobra.Command {
	var o client.ContainerCommitOptions
	var changes []string
	var pause bool
	cmd := &cobra.Command{
		Use: "commit [OPTIONS] CONTAINER [REPOSITORY[:TAG]]", Short: "Make an image of a container that ends with the test", Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			cli, err := a.connect()
			if err != nil {
				return err
			}
			if len(args) == 2 {
				o.Reference = args[1]
			}
			o.Changes = changes
			made, err := cli.ContainerCommit(cmd.Context(), args[0], o)
			if err == nil {
				fmt.Fprintln(a.Out, made.ID)
			}
			return err
		},
	}
	fs := cmd.Flags()
	fs.StringVarP(&o.Author, "author", "a", "", "author of the image")
	fs.StringVarP(&o.Comment, "message", "m", "", "a word on it")
	fs.StringArrayVarP(&changes, "change", "c", nil, "refused")
	fs.BoolVarP(&pause, "pause", "p", true, "accepted: the container is never paused")
	return cmd
}
