package dockercmd

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/go-units"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"
)

func (a *app) saveCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use: "save [OPTIONS] IMAGE [IMAGE...]", Short: "Write images as a tar archive", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cli, err := a.connect()
			if err != nil {
				return err
			}
			content, err := cli.ImageSave(cmd.Context(), args)
			if err != nil {
				return err
			}
			return a.archive(content, output)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to a file instead of the output")
	return cmd
}

func (a *app) historyCommand() *cobra.Command {
	var l listing
	human := true
	cmd := &cobra.Command{
		Use: "history [OPTIONS] IMAGE", Short: "Show the steps that an image was made of", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cli, err := a.connect()
			if err != nil {
				return err
			}
			list, err := cli.ImageHistory(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return historyTable(list, l.full, human).write(a.Out, l.template())
		},
	}
	fs := cmd.Flags()
	l.flags(fs, "image")
	fs.BoolVar(&human, "human", true, "sizes and dates for people")
	return cmd
}

func historyTable(list client.ImageHistoryResult, full, human bool) table {
	t := table{columns: []column{
		{field: "ID", title: "IMAGE"}, {field: "CreatedSince", title: "CREATED"}, {field: "CreatedBy", title: "CREATED BY"},
		{field: "Size", title: "SIZE"}, {field: "Comment", title: "COMMENT"}, {field: "CreatedAt", title: "CREATED AT", hidden: true},
		{field: "Tags", title: "TAGS", hidden: true},
	}}
	for _, h := range list.Items {
		created := time.Unix(h.Created, 0)
		by := strings.ReplaceAll(h.CreatedBy, "\t", " ")
		if letters := []rune(by); !full && len(letters) > 45 {
			by = string(letters[:44]) + "…"
		}
		r := row{"ID": h.ID, "CreatedBy": by, "Comment": h.Comment, "Tags": strings.Join(h.Tags, ","),
			"CreatedAt": created.Format(time.RFC3339), "CreatedSince": units.HumanDuration(time.Since(created)) + " ago",
			"Size": units.HumanSizeWithPrecision(float64(h.Size), 3)}
		if h.ID != "<missing>" {
			r["ID"] = shorten(h.ID, full)
		}
		if !human {
			r["CreatedSince"], r["Size"] = r["CreatedAt"], fmt.Sprint(h.Size)
		}
		t.rows = append(t.rows, r)
	}
	return t
}

func (a *app) tagCommand() *cobra.Command {
	return &cobra.Command{
		Use: "tag SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]", Short: "Give an image a name until the test ends", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			cli, err := a.connect()
			if err != nil {
				return err
			}
			_, err = cli.ImageTag(cmd.Context(), client.ImageTagOptions{Source: args[0], Target: args[1]})
			return err
		},
	}
}

func (a *app) removeImageCommand(name string, aliases ...string) *cobra.Command {
	var force, noPrune bool
	cmd := &cobra.Command{
		Use: name + " [OPTIONS] IMAGE [IMAGE...]", Aliases: aliases, Short: "Take away names that the test gave", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cli, err := a.connect()
			if err != nil {
				return err
			}
			var errs []error
			for _, image := range args {
				removed, err := cli.ImageRemove(cmd.Context(), image, client.ImageRemoveOptions{Force: force, PruneChildren: !noPrune})
				if err != nil && !(force && errdefs.IsNotFound(err)) {
					errs = append(errs, err)
				}
				for _, r := range removed.Items {
					fmt.Fprintln(a.Out, "Untagged:", r.Untagged)
				}
			}
			return errors.Join(errs...)
		},
	}
	cmd.Flags().BoolVarP(&force, "force", "f", false, "no failure for what is not there")
	cmd.Flags().BoolVar(&noPrune, "no-prune", false, "accepted: nothing is pruned")
	return cmd
}
