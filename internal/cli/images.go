package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/store"
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
			var list []store.Image
			err := a.withStore(cmd.Context(), func(s *store.Store) (err error) {
				list, err = s.List(cmd.Context())
				return err
			})
			if empty, err := unlessEmpty(err); err != nil {
				return err
			} else if empty {
				a.noteEmpty()
			}
			switch {
			case asJSON:
				if list == nil {
					list = []store.Image{}
				}
				return printJSON(a.Out, map[string]any{"images": list})
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

// noteEmpty says that a root which somebody named has no store: it may be a slip of the pen.
func (a *app) noteEmpty() {
	if root, err := a.engineRoot(); err == nil && a.rootNamed() {
		fmt.Fprintf(a.Err, "note: nothing was built or fetched into %s yet\n", root)
	}
}

func (a *app) rootNamed() bool { return a.root != "" || os.Getenv(rootVariable) != "" }

func (a *app) printImages(list []store.Image) error {
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
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", i.Name, i.Tag, shortDigest(i.Digest), size(i.Size), created, cmp.Or(i.Tested, "not yet"))
	}
	return w.Flush()
}

func (a *app) rmiCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rmi IMAGE...",
		Short: "Remove images from the store",
		Long: `Removes images by their exact names and frees what only they held. Nothing is removed
when one of the names is unknown.`,
		Args: atLeast("IMAGE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withServices(cmd.Context(), func(s embedded.Services) error {
				st := store.New(s.Images, s.Content)
				var errs []error
				for _, ref := range args {
					errs = append(errs, checkExact(cmd.Context(), st, ref))
				}
				if err := errors.Join(errs...); err != nil {
					return err
				}
				freed, err := removeImages(cmd.Context(), engine.New(s.BuildKit), st, args)
				if err != nil {
					return err
				}
				fmt.Fprintf(a.Out, "removed %d, freed %s\n", len(args), size(freed))
				return nil
			})
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
			var blobs int64
			var usage engine.Usage
			err := a.withServices(cmd.Context(), func(s embedded.Services) (err error) {
				if blobs, err = store.New(s.Images, s.Content).ContentSize(cmd.Context()); err == nil {
					usage, err = engine.New(s.BuildKit).DiskUsage(cmd.Context())
				}
				return err
			})
			if empty, err := unlessEmpty(err); err != nil {
				return err
			} else if empty {
				a.noteEmpty()
			}
			if asJSON {
				return printJSON(a.Out, map[string]int64{
					"blobs": blobs, "snapshots_images": usage.Images, "snapshots_cache": usage.Cache,
					"total": blobs + usage.Images + usage.Cache,
				})
			}
			w := tabwriter.NewWriter(a.Out, 0, 0, 3, ' ', 0)
			fmt.Fprintf(w, "layers and manifests (compressed)\t%s\n", size(blobs))
			fmt.Fprintf(w, "unpacked layers of images\t%s\n", size(usage.Images))
			fmt.Fprintf(w, "build cache\t%s\n", size(usage.Cache))
			fmt.Fprintf(w, "total\t%s\n", size(blobs+usage.Images+usage.Cache))
			return w.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, in bytes")
	return cmd
}
