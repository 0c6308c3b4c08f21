package dockercmd

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/cli/opts"
	"github.com/docker/go-units"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func shorten(id string, full bool) string {
	if full {
		return id
	}
	id = strings.TrimPrefix(id, "sha256:")
	return id[:min(12, len(id))]
}

// listing are the flags of all commands that list something.
type listing struct {
	quiet, full bool
	format      string
}

func (l *listing) flags(fs *pflag.FlagSet, what string) {
	fs.BoolVarP(&l.quiet, "quiet", "q", false, "only "+what+" IDs")
	fs.BoolVar(&l.full, "no-trunc", false, "do not shorten output")
	fs.StringVar(&l.format, "format", "", "a Go template, \"json\", or \"table\" and a template")
}

// template is the format; of IDs alone if nothing else was asked for.
func (l *listing) template() string {
	if l.quiet && l.format == "" {
		return "{{.ID}}"
	}
	return l.format
}

func (a *app) psCommand(name string, aliases ...string) *cobra.Command {
	var o client.ContainerListOptions
	var l listing
	filters := opts.NewFilterOpt()
	cmd := &cobra.Command{
		Use: name + " [OPTIONS]", Aliases: aliases, Short: "List containers", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cli, err := a.connect()
			if err != nil {
				return err
			}
			o.Filters = filters.Value()
			if o.Latest {
				o.Limit = 1
			}
			list, err := cli.ContainerList(cmd.Context(), o)
			if err != nil {
				return err
			}
			return containerTable(list.Items, l.full).write(a.Out, l.template())
		},
	}
	fs := cmd.Flags()
	fs.BoolVarP(&o.All, "all", "a", false, "show all containers, not only running ones")
	fs.BoolVarP(&o.Latest, "latest", "l", false, "show the latest container, in any state")
	fs.IntVarP(&o.Limit, "last", "n", 0, "show the last containers, in any state")
	l.flags(fs, "container")
	fs.VarP(&filters, "filter", "f", "KEY=VALUE: id, name, status, health, exited, ancestor, volume, label")
	return cmd
}

func containerTable(list []container.Summary, full bool) table {
	t := table{columns: []column{
		{field: "ID", title: "CONTAINER ID"}, {field: "Image", title: "IMAGE"}, {field: "Command", title: "COMMAND"},
		{field: "RunningFor", title: "CREATED"}, {field: "Status", title: "STATUS"}, {field: "Ports", title: "PORTS"},
		{field: "Names", title: "NAMES"}, {field: "State", title: "STATE", hidden: true},
		{field: "CreatedAt", title: "CREATED AT", hidden: true}, {field: "Labels", title: "LABELS", hidden: true},
		{field: "Mounts", title: "MOUNTS", hidden: true}, {field: "Networks", title: "NETWORKS", hidden: true},
	}}
	for _, c := range list {
		command := strconv.Quote(c.Command)
		if !full && len(c.Command) > 20 {
			command = strconv.Quote(c.Command[:19] + "…")
		}
		created := time.Unix(c.Created, 0)
		r := row{
			"ID": shorten(c.ID, full), "Image": c.Image, "Command": command, "Status": c.Status, "State": string(c.State),
			"RunningFor": units.HumanDuration(time.Since(created)) + " ago", "CreatedAt": created.String(),
			"Ports": portText(c.Ports), "Labels": labelText(c.Labels),
		}
		var names, mounts, networks []string
		for _, n := range c.Names {
			names = append(names, strings.TrimPrefix(n, "/"))
		}
		for _, m := range c.Mounts {
			mounts = append(mounts, m.Source)
		}
		if c.NetworkSettings != nil {
			for n := range c.NetworkSettings.Networks {
				networks = append(networks, n)
			}
		}
		r["Names"], r["Mounts"], r["Networks"] = strings.Join(names, ","), strings.Join(mounts, ","), strings.Join(networks, ",")
		t.rows = append(t.rows, r)
	}
	return t
}

func portText(ports []container.PortSummary) string {
	var out []string
	for _, p := range ports {
		text := fmt.Sprintf("%d/%s", p.PrivatePort, p.Type)
		if p.PublicPort != 0 {
			text = fmt.Sprintf("%s:%d->%s", p.IP, p.PublicPort, text)
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

func labelText(labels map[string]string) string {
	var out []string
	for k, v := range labels {
		out = append(out, k+"="+v)
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}

func (a *app) imagesCommand(name string, aliases ...string) *cobra.Command {
	var l listing
	var all, digests bool
	filters := opts.NewFilterOpt()
	cmd := &cobra.Command{
		Use: name + " [OPTIONS] [REPOSITORY[:TAG]]", Aliases: aliases, Short: "List images", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cli, err := a.connect()
			if err != nil {
				return err
			}
			var o client.ImageListOptions
			o.Filters = filters.Value()
			if len(args) == 1 {
				o.Filters = o.Filters.Add("reference", args[0])
			}
			list, err := cli.ImageList(cmd.Context(), o)
			if err != nil {
				return err
			}
			return imageTable(list, l.full, digests).write(a.Out, l.template())
		},
	}
	fs := cmd.Flags()
	l.flags(fs, "image")
	fs.BoolVarP(&all, "all", "a", false, "accepted: there are no intermediate images")
	fs.BoolVar(&digests, "digests", false, "show digests")
	fs.VarP(&filters, "filter", "f", "KEY=VALUE: reference, label")
	return cmd
}

func imageTable(list client.ImageListResult, full, digests bool) table {
	t := table{columns: []column{
		{field: "Repository", title: "REPOSITORY"}, {field: "Tag", title: "TAG"}, {field: "Digest", title: "DIGEST", hidden: !digests},
		{field: "ID", title: "IMAGE ID"}, {field: "CreatedSince", title: "CREATED"}, {field: "Size", title: "SIZE"},
		{field: "CreatedAt", title: "CREATED AT", hidden: true},
	}}
	for _, img := range list.Items {
		created := time.Unix(img.Created, 0)
		for _, tag := range img.RepoTags {
			at := strings.LastIndex(tag, ":")
			t.rows = append(t.rows, row{
				"Repository": tag[:max(at, 0)], "Tag": tag[at+1:], "Digest": img.ID, "ID": shorten(img.ID, full),
				"CreatedSince": units.HumanDuration(time.Since(created)) + " ago", "CreatedAt": created.String(),
				"Size": units.HumanSizeWithPrecision(float64(img.Size), 3),
			})
		}
	}
	return t
}

func (a *app) pullCommand() *cobra.Command {
	var quiet bool
	var platform string
	cmd := &cobra.Command{
		Use: "pull NAME[:TAG]", Short: "Succeed if the image is in Slipway's store; nothing is fetched", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkPlatform(platform); err != nil {
				return fmt.Errorf("cannot pull for %w", err)
			}
			cli, err := a.connect()
			if err != nil {
				return err
			}
			answer, err := cli.ImagePull(cmd.Context(), args[0], client.ImagePullOptions{})
			if err != nil {
				return err
			}
			defer answer.Close()
			for messages := json.NewDecoder(answer); ; {
				var m struct{ Status string }
				if err := messages.Decode(&m); err == io.EOF {
					break
				} else if err != nil {
					return fmt.Errorf("cannot read the server's answer: %w", err)
				}
				if !quiet {
					fmt.Fprintln(a.Out, m.Status)
				}
			}
			fmt.Fprintln(a.Out, args[0])
			return nil
		},
	}
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "print the name only")
	cmd.Flags().StringVar(&platform, "platform", "", "accepted if it is this machine's")
	return cmd
}
