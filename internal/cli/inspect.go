package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/store"
)

// goArch is the architecture that images are pulled for.
func goArch() string {
	if runtime.GOARCH == "arm" {
		return "arm/v7"
	}
	return runtime.GOARCH
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// inspected is what "inspect" prints. Keys may be added; none of these changes.
type inspected struct {
	Ref       string              `json:"ref"`
	Digest    string              `json:"digest"`
	Store     *store.Image        `json:"store,omitempty"` // for an image of the store
	Platforms []inspectedPlatform `json:"platforms"`
}

type inspectedPlatform struct {
	Platform    string                `json:"platform"`
	Digest      string                `json:"digest"`
	Annotations map[string]string     `json:"annotations,omitempty"`
	Layers      []ocispecs.Descriptor `json:"layers"`
	Config      json.RawMessage       `json:"config"`
}

func (a *app) inspectCommand() *cobra.Command {
	var remote bool
	cmd := &cobra.Command{
		Use:   "inspect [flags] IMAGE",
		Short: "Show what an image is, in the store or in its registry",
		Long: `Prints an image's digests, annotations, layers and configuration as JSON: of the
store, or with --remote of the registry that its name begins with. Its layers are
not read. In the store a name will do without its tag if there is only one, and so
will its end after a slash, if no other has it.`,
		Example: `  slipway inspect registry.example/team/app:1.0
  slipway inspect --remote debian:12 | jq -r .digest`,
		Args: exactArgs("IMAGE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if remote {
				return a.withRegistry(cmd, func(client *registry.Client) error {
					d, err := client.Inspect(cmd.Context(), args[0])
					if err != nil {
						return err
					}
					return printJSON(a.Out, remoteImage(d))
				})
			}
			return a.withStore(cmd.Context(), func(s *store.Store) error {
				ref, err := find(cmd.Context(), s, args[0])
				if err != nil {
					return fmt.Errorf("cannot inspect %s: %w", args[0], err)
				}
				d, err := s.Inspect(cmd.Context(), ref)
				if err != nil {
					return err
				}
				return printJSON(a.Out, storedImage(d))
			})
		},
	}
	cmd.Flags().BoolVar(&remote, "remote", false, "ask the registry, not the store")
	return cmd
}

func remoteImage(d registry.Details) inspected {
	out := inspected{Ref: d.Ref, Digest: d.Root.Digest.String(), Platforms: []inspectedPlatform{}}
	for _, i := range d.Images {
		out.Platforms = append(out.Platforms, inspectedPlatform{
			Platform: i.Platform, Digest: i.Descriptor.Digest.String(), Annotations: i.Manifest.Annotations,
			Layers: i.Manifest.Layers, Config: i.RawConfig,
		})
	}
	return out
}

func storedImage(d store.Details) inspected {
	return inspected{Ref: d.Image.Ref, Digest: d.Image.Digest, Store: &d.Image, Platforms: []inspectedPlatform{{
		Platform: d.Platform, Digest: d.Digest, Annotations: d.Manifest.Annotations, Layers: d.Manifest.Layers, Config: d.RawConfig,
	}}}
}
