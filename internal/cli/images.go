package cli

import (
	"cmp"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway"
)

func (a *app) imagesCommand() *cobra.Command {
	var asJSON, quiet bool
	cmd := &cobra.Command{
		Use:   "images",
		Short: "List the images in the store",
		Long: `Lists the images in the store: name, tag, digest of the manifest, size of all
blobs (compressed), the creation time written into the image, which is the date of
its newest changelog entry ("no date" for a folder of the list, which has none), and
whether its test passed or it has none.`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.open(nil)
			if err != nil {
				return err
			}
			list, err := s.Images(cmd.Context())
			if err != nil {
				return err
			}
			switch {
			case asJSON:
				return printJSON(a.Out, map[string]any{"images": append([]slipway.StoredImage{}, list...)})
			case quiet:
				for _, i := range list {
					fmt.Fprintf(a.Out, "%s:%s\n", i.Name, i.Tag)
				}
				return nil
			}
			return a.printImages(list)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "print only name:tag")
	return cmd
}

func (a *app) printImages(list []slipway.StoredImage) error {
	w := tabwriter.NewWriter(a.Out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "NAME\tTAG\tDIGEST\tSIZE\tCREATED\tTESTED")
	for _, i := range list {
		created := "no date"
		if i.Created.Unix() > 0 { // an image without a date of its own is from 1970, so that its bits stay the same
			created = i.Created.UTC().Format(time.DateOnly)
		}
		if i.Damaged != "" {
			a.printWarning(i.Damaged)
			created = "damaged"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", i.Name, i.Tag, i.Digest.Short(), size(i.Size), created, cmp.Or(i.Tested, "not yet"))
	}
	return w.Flush()
}

func (a *app) tagCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "tag IMAGE NAME",
		Short: "Give an image of the store a further name",
		Long: `Gives an image of the store a further name, or moves that name to it. IMAGE may be the
end of a name after a slash, if no other has it; NAME is taken as it is.`,
		Example: "  slipway tag registry.example/team/app:1.0 registry.example/team/app:stable",
		Args:    exactArgs("IMAGE", "NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.open(nil)
			if err != nil {
				return err
			}
			return s.Tag(cmd.Context(), args[0], args[1])
		},
	}
}

func (a *app) rmiCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rmi IMAGE...",
		Short: "Remove images from the store",
		Long: `Removes images by their exact names and frees what only they held. Nothing is removed
when one of the names is unknown.`,
		Args: atLeast("IMAGE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.open(nil)
			if err != nil {
				return err
			}
			freed, err := s.Remove(cmd.Context(), args...)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.Out, "removed %d, freed %s\n", len(args), size(freed))
			return nil
		},
	}
}

func (a *app) duCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "du",
		Short: "Show what the store and the build cache take on disk",
		Args:  exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.open(nil)
			if err != nil {
				return err
			}
			used, err := s.DiskUsage(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(a.Out, map[string]int64{
					"blobs": used.Blobs, "snapshots_images": used.Unpacked, "snapshots_cache": used.Cache, "total": used.Total(),
				})
			}
			w := tabwriter.NewWriter(a.Out, 0, 0, 3, ' ', 0)
			fmt.Fprintf(w, "layers and manifests (compressed)\t%s\n", size(used.Blobs))
			fmt.Fprintf(w, "unpacked layers of images\t%s\n", size(used.Unpacked))
			fmt.Fprintf(w, "build cache\t%s\n", size(used.Cache))
			fmt.Fprintf(w, "total\t%s\n", size(used.Total()))
			return w.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, in bytes")
	return cmd
}
