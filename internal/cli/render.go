package cli

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/fault"
	"github.com/slipway-build/slipway/internal/cli/outlet"
)

type renderOptions struct {
	artifact bool
	all      bool
	output   string
}

func (a *app) renderCommand() *cobra.Command {
	var o renderOptions
	cmd := &cobra.Command{
		Use:   "render [flags] {NAME | --all --output FOLDER} [DIRECTORY]",
		Short: "Print the Dockerfile of one image, or write those of all",
		Long: `Prints the Dockerfile that NAME's Dockerfile.template gives, with the
configuration and the versions of the fleet as "slipway build" would use them.
Of an image on a dependency cycle, or one that needs such an image, the
Dockerfile is printed, too, and the exit code is 1.

With --all the Dockerfiles of the whole fleet are written below FOLDER, in the
folders they have below DIRECTORY, as Dockerfile and, from a
Dockerfile.build.template, Dockerfile.build; those of the configuration's list
in FOLDER/.builder/NAME. FOLDER/images.json lists name, version, tag, ref and
dir of each image, and error where there is one; then the exit code is 1.

The Dockerfile of an image of the list has the fleet's references as they are
built, else it is as it stands. Its repository is fetched.`,
		Example: `  slipway render nodejs images/
  slipway render nodejs images/ | less
  slipway render --all --output /tmp/after images/ && diff -r /tmp/before /tmp/after`,
		Args: func(cmd *cobra.Command, args []string) error {
			if o.all {
				return directory()(cmd, args)
			}
			return directory("NAME")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case o.all != (o.output != ""):
				return usageError(cmd, errors.New("--all and --output FOLDER go together"))
			case o.all && o.artifact:
				return usageError(cmd, errors.New("--build and --all exclude each other: --all writes both Dockerfiles"))
			case o.all:
				return a.renderAll(cmd, o, argument(args, 0))
			}
			return a.renderOne(cmd, o, args[0], argument(args, 1))
		},
	}
	cmd.Flags().BoolVar(&o.artifact, "build", false, "print Dockerfile.build.template's result instead")
	cmd.Flags().BoolVar(&o.all, "all", false, "write the Dockerfiles of all images")
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "with --all: write below `FOLDER`")
	return cmd
}

func (a *app) renderOne(cmd *cobra.Command, o renderOptions, name, dir string) error {
	s, err := a.fleetSession(cmd)
	if err != nil {
		return err
	}
	f, err := s.Render(cmd.Context(), dir, name)
	if err != nil {
		return usage(cmd, err)
	}
	img, err := f.Find(name)
	if err != nil {
		return err
	}
	r := f.Recipe(img)
	text := r.Dockerfile.Text
	if o.artifact {
		text = r.Artifacts.Text
	}
	if text == "" && img.Err != nil {
		return img.Err
	}
	if err := a.Out.(*outlet.Writer).Exact(text); err != nil {
		return err
	}
	if isTerminal(a.raw.Out) && !strings.HasSuffix(text, "\n") {
		fmt.Fprintln(a.Out) // Jinja2 drops the last line break; a prompt needs one
	}
	return fleet.OfKind(img.Err, fault.DependencyCycle)
}

// renderedImage is an entry of images.json.
type renderedImage struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Tag     string `json:"tag"`
	Ref     string `json:"ref"`
	Dir     string `json:"dir"` // slash-separated, below FOLDER
	Error   string `json:"error,omitempty"`
}

// renderedDir is the folder for an image's Dockerfiles. One that has its files elsewhere may have the folder
// of another one's name there.
func renderedDir(f *fleet.Fleet, img *fleet.Image) string {
	if img.Definition.Source().Root == f.Root {
		return img.Dir
	}
	return path.Join(".builder", img.Name)
}

// renderAll writes what can be rendered; the error is all that cannot.
func (a *app) renderAll(cmd *cobra.Command, o renderOptions, dir string) error {
	s, err := a.fleetSession(cmd)
	if err != nil {
		return err
	}
	f, err := s.Render(cmd.Context(), dir, "")
	if err != nil {
		return usage(cmd, err)
	}
	var errs []error
	said := map[string]bool{} // images on a cycle share its error
	list := []renderedImage{}
	for _, b := range f.Broken {
		errs = append(errs, b)
	}
	for _, img := range f.Images {
		item := renderedImage{Name: img.Name, Version: string(img.Version), Tag: img.Tag, Ref: img.Ref, Dir: renderedDir(f, img)}
		if img.Err != nil {
			item.Error = s.Text(img.Err.Error())
			if !said[item.Error] {
				said[item.Error] = true
				errs = append(errs, img.Err)
			}
		}
		list = append(list, item)
		to := filepath.Join(o.output, filepath.FromSlash(item.Dir))
		r := f.Recipe(img)
		if err := writeRendered(to, "Dockerfile", r.Dockerfile.Text); err != nil {
			return err
		}
		if err := writeRendered(to, "Dockerfile.build", r.Artifacts.Text); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(o.output, 0o777); err != nil {
		return fmt.Errorf("cannot write the list of images: %w", err)
	}
	index, err := os.Create(filepath.Join(o.output, "images.json"))
	if err != nil {
		return fmt.Errorf("cannot write the list of images: %w", err)
	}
	errs = append(errs, printJSON(index, list), index.Close())
	return errors.Join(errs...)
}

// writeRendered writes one file; an empty text is one that could not be rendered, or does not exist.
func writeRendered(dir, name, text string) error {
	if text == "" {
		return nil
	}
	err := os.MkdirAll(dir, 0o777)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666)
	}
	if err != nil {
		return fmt.Errorf("cannot write the Dockerfile: %w", err)
	}
	return nil
}
