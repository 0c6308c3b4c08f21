package dockercmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/go-archive"
	"github.com/moby/moby/client"
	"github.com/spf13/cobra"
)

func (a *app) copyCommand() *cobra.Command {
	var follow, quiet, archiveMode bool
	cmd := &cobra.Command{
		Use:   "cp [OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n  docker cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
		Short: "Copy files between a container and the local file system", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			cli, err := a.connect()
			if err != nil {
				return err
			}
			from, source := splitCopy(args[0])
			to, target := splitCopy(args[1])
			switch {
			case from != "" && to != "":
				return errors.New("copying between containers is not supported")
			case from != "":
				return a.copyOut(cmd.Context(), cli, from, source, target, follow)
			case to != "":
				return a.copyIn(cmd.Context(), cli, source, to, target, follow)
			}
			return errors.New("must specify at least one container source")
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow-link", "L", false, "always follow links in SRC_PATH")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "accepted: there is no progress output")
	cmd.Flags().BoolVarP(&archiveMode, "archive", "a", false, "accepted: owners are kept as numbers")
	return cmd
}

// splitCopy tells CONTAINER:PATH from a local path, which may begin with "." or
// "/" to have a colon.
func splitCopy(arg string) (name, file string) {
	if strings.HasPrefix(arg, "/") || strings.HasPrefix(arg, ".") {
		return "", arg
	}
	name, file, ok := strings.Cut(arg, ":")
	if !ok {
		return "", arg
	}
	return name, file
}

// copyOut copies from a container, to a tar archive on the output if target is "-".
func (a *app) copyOut(ctx context.Context, cli *client.Client, name, source, target string, follow bool) error {
	if follow {
		stat, err := cli.ContainerStatPath(ctx, name, client.ContainerStatPathOptions{Path: source})
		if err == nil && stat.Stat.Mode&os.ModeSymlink != 0 {
			source = stat.Stat.LinkTarget
		}
	}
	found, err := cli.CopyFromContainer(ctx, name, client.CopyFromContainerOptions{SourcePath: source})
	if err != nil {
		return err
	}
	defer found.Content.Close()
	if target == "-" {
		_, err := io.Copy(a.Out, found.Content)
		return err
	}
	abs, err := localPath(target)
	if err != nil {
		return err
	}
	info := archive.CopyInfo{Path: source, Exists: true, IsDir: found.Stat.Mode.IsDir()}
	if err := archive.CopyTo(found.Content, info, abs); err != nil {
		return fmt.Errorf("cannot copy to %s: %w", target, err)
	}
	return nil
}

// localPath is absolute and keeps the ending that makes it a folder.
func localPath(file string) (string, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return "", fmt.Errorf("cannot find %s: %w", file, err)
	}
	return archive.PreserveTrailingDotOrSeparator(abs, file), nil
}

// copyIn copies into a container, from a tar archive on the input if source is "-".
func (a *app) copyIn(ctx context.Context, cli *client.Client, source, name, target string, follow bool) error {
	if source == "-" {
		_, err := cli.CopyToContainer(ctx, name, client.CopyToContainerOptions{DestinationPath: target, Content: a.In})
		return err
	}
	info, err := targetInfo(ctx, cli, name, target)
	if err != nil {
		return err
	}
	abs, err := localPath(source)
	if err != nil {
		return err
	}
	sourceInfo, err := archive.CopyInfoSourcePath(abs, follow)
	if err != nil {
		return fmt.Errorf("cannot copy %s: %w", source, err)
	}
	content, err := archive.TarResource(sourceInfo)
	if err != nil {
		return fmt.Errorf("cannot copy %s: %w", source, err)
	}
	defer content.Close()
	dir, prepared, err := archive.PrepareArchiveCopy(content, sourceInfo, info)
	if err != nil {
		return fmt.Errorf("cannot copy %s to %s:%s: %w", source, name, target, err)
	}
	defer prepared.Close()
	_, err = cli.CopyToContainer(ctx, name, client.CopyToContainerOptions{DestinationPath: dir, Content: prepared})
	return err
}

// targetInfo describes the destination, behind a link if it is one.
func targetInfo(ctx context.Context, cli *client.Client, name, target string) (archive.CopyInfo, error) {
	info := archive.CopyInfo{Path: target}
	stat, err := cli.ContainerStatPath(ctx, name, client.ContainerStatPathOptions{Path: target})
	if err == nil && stat.Stat.Mode&os.ModeSymlink != 0 {
		info.Path = stat.Stat.LinkTarget
		if !path.IsAbs(info.Path) {
			info.Path = path.Join(path.Dir(target), info.Path)
		}
		stat, err = cli.ContainerStatPath(ctx, name, client.ContainerStatPathOptions{Path: info.Path})
	}
	if errdefs.IsNotFound(err) && !strings.Contains(err.Error(), "No such container") {
		return info, nil
	}
	if err != nil {
		return info, err
	}
	info.Exists, info.IsDir = true, stat.Stat.Mode.IsDir()
	return info, nil
}
