package dockercmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"github.com/slipway-build/slipway/imagetest/dockerapi"
	"github.com/spf13/cobra"
)

// objectKind is what inspect looks for.
type objectKind int

const (
	anyObject objectKind = iota
	containerObject
	imageObject
	volumeObject
)

func (a *app) inspectCommand(name string, kind objectKind) *cobra.Command {
	var format, typ string
	cmd := &cobra.Command{
		Use: name + " [OPTIONS] NAME|ID [NAME|ID...]", Short: "Show all that is known of containers or images",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cli, err := a.connect()
			if err != nil {
				return err
			}
			wanted := kind
			switch typ {
			case "":
			case "container":
				wanted = containerObject
			case "image":
				wanted = imageObject
			case "volume":
				wanted = volumeObject
			default:
				return fmt.Errorf("cannot inspect objects of type %q: there are containers, images and volumes only", typ)
			}
			return a.inspect(cmd.Context(), cli, wanted, format, args)
		},
	}
	cmd.Flags().StringVarP(&format, "format", "f", "", "a Go template, or \"json\"")
	cmd.Flags().StringVar(&typ, "type", "", "container, image or volume")
	return cmd
}

// inspect shows what it finds, then reports what it does not.
func (a *app) inspect(ctx context.Context, cli *client.Client, kind objectKind, format string, names []string) error {
	found := []json.RawMessage{}
	var problems []error
	for _, name := range names {
		typed, raw, err := lookup(ctx, cli, kind, name)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if format == "" || format == "json" {
			found = append(found, raw)
			continue
		}
		text, err := render(format, typed, raw)
		if err != nil {
			return err
		}
		fmt.Fprintln(a.Out, text)
	}
	if format == "" || format == "json" {
		indent := "    "
		if format == "json" {
			indent = ""
		}
		if err := writeJSON(a, found, indent); err != nil {
			return err
		}
	}
	return errors.Join(problems...)
}

func writeJSON(a *app, found []json.RawMessage, indent string) error {
	data, err := json.Marshal(found)
	if err != nil {
		return fmt.Errorf("cannot print answer: %w", err)
	}
	var out bytes.Buffer
	if indent == "" {
		out.Write(data)
	} else if err := json.Indent(&out, data, "", indent); err != nil {
		return fmt.Errorf("cannot print answer: %w", err)
	}
	_, err = fmt.Fprintln(a.Out, out.String())
	return err
}

// lookup returns an object as the client's type and as the server sent it.
func lookup(ctx context.Context, cli *client.Client, kind objectKind, name string) (any, json.RawMessage, error) {
	if kind == volumeObject {
		v, err := cli.VolumeInspect(ctx, name, client.VolumeInspectOptions{})
		return v.Volume, v.Raw, err
	}
	if kind != imageObject {
		c, err := cli.ContainerInspect(ctx, name, client.ContainerInspectOptions{})
		if err == nil {
			return c.Container, c.Raw, nil
		}
		if kind == containerObject || !errdefs.IsNotFound(err) {
			return nil, nil, err
		}
	}
	var raw bytes.Buffer
	img, err := cli.ImageInspect(ctx, name, client.ImageInspectWithRawResponse(&raw))
	if err == nil {
		return img.InspectResponse, raw.Bytes(), nil
	}
	if kind == anyObject && errdefs.IsNotFound(err) {
		if v, err := cli.VolumeInspect(ctx, name, client.VolumeInspectOptions{}); err == nil {
			return v.Volume, v.Raw, nil
		}
		return nil, nil, fmt.Errorf("Error: No such object: %s", name)
	}
	return nil, nil, err
}

// render applies a template to the typed object, or, for fields that have
// another name there, to the plain answer.
func render(format string, typed any, raw json.RawMessage) (string, error) {
	t, err := parseTemplate(format)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, typed); err == nil {
		return out.String(), nil
	}
	var plain any
	numbers := json.NewDecoder(bytes.NewReader(raw))
	numbers.UseNumber()
	if err := numbers.Decode(&plain); err != nil {
		return "", fmt.Errorf("cannot read the server's answer: %w", err)
	}
	out.Reset()
	if err := t.Option("missingkey=error").Execute(&out, plain); err != nil {
		return "", fmt.Errorf("template parsing error: %w", err)
	}
	return out.String(), nil
}

func (a *app) versionCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "version", Short: "Show the versions of client and server", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cli, err := a.connect()
			if err != nil {
				return err
			}
			server, err := cli.ServerVersion(cmd.Context(), client.ServerVersionOptions{})
			if err != nil {
				return err
			}
			mine := map[string]any{"Version": dockerapi.Version, "ApiVersion": cli.ClientVersion(), "APIVersion": cli.ClientVersion(),
				"Os": runtime.GOOS, "Arch": runtime.GOARCH}
			if format == "" {
				format = "Client:\n Version:      {{.Client.Version}}\n API version:  {{.Client.APIVersion}}\n" +
					"\nServer: {{.Server.Platform.Name}}\n Version:      {{.Server.Version}}\n API version:  {{.Server.APIVersion}}"
			}
			t, err := parseTemplate(jsonFormat(format))
			if err != nil {
				return err
			}
			if err := t.Execute(a.Out, map[string]any{"Client": mine, "Server": server}); err != nil {
				return fmt.Errorf("template parsing error: %w", err)
			}
			fmt.Fprintln(a.Out)
			return nil
		},
	}
	cmd.Flags().StringVarP(&format, "format", "f", "", "a Go template, or \"json\"")
	return cmd
}

func (a *app) infoCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "info", Short: "Show facts about the server", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cli, err := a.connect()
			if err != nil {
				return err
			}
			info, err := cli.Info(cmd.Context(), client.InfoOptions{})
			if err != nil {
				return err
			}
			if format == "" {
				format = "Server: {{.OperatingSystem}}\n Containers: {{.Containers}}\n  Running: {{.ContainersRunning}}\n" +
					"  Stopped: {{.ContainersStopped}}\n Images: {{.Images}}\n Architecture: {{.Architecture}}\n CPUs: {{.NCPU}}"
			}
			t, err := parseTemplate(jsonFormat(format))
			if err != nil {
				return err
			}
			if err := t.Execute(a.Out, info.Info); err != nil {
				return fmt.Errorf("template parsing error: %w", err)
			}
			fmt.Fprintln(a.Out)
			return nil
		},
	}
	cmd.Flags().StringVarP(&format, "format", "f", "", "a Go template, or \"json\"")
	return cmd
}

func jsonFormat(format string) string {
	if format == "json" {
		return "{{json .}}"
	}
	return format
}
