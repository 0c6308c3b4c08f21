package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/slipway-build/slipway"
	"github.com/slipway-build/slipway/problem"
)

func (a *app) pushCommand() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "push [flags] IMAGE...",
		Short: "Publish images of the store",
		Long: `Sends images of the store to the registries that their names begin with. Only what
is missing there is sent, and the tag comes last: whoever pulls meanwhile gets the
old image or the new one, never half of one.

An image whose test did not pass is not sent, and a tag that names another image
is not moved, unless --force is given. Credentials are username and password of the
configuration, else those of "slipway login" or "docker login".`,
		Example: "  slipway push registry.example/team/app:1.0",
		Args:    atLeast("IMAGE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.session(cmd)
			if err != nil {
				return err
			}
			return s.Push(cmd.Context(), args, slipway.PushOptions{Force: force, Pushed: a.printPushed})
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "also send what is not tested, and move tags that name another image")
	return cmd
}

func (a *app) printPushed(p slipway.Pushed) {
	if p.There {
		fmt.Fprintf(a.Out, "%s is there already\n", p.Image)
		return
	}
	fmt.Fprintf(a.Out, "%s %s: %d blobs (%s) sent, %d there before, in %s\n", p.Image, p.Digest.Short(),
		p.Sent, size(p.Bytes), p.Present, seconds(p.Took))
}

func (a *app) pullCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "pull IMAGE...",
		Short: "Fetch images into the store",
		Long: `Fetches images for this machine's platform from the registries that their names
begin with. All content is verified against its digests. A fetched image can be
run, saved, and built on without a network.`,
		Example: "  slipway pull registry.example/team/base:1.0",
		Args:    atLeast("IMAGE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.session(cmd)
			if err != nil {
				return err
			}
			return s.Pull(cmd.Context(), args, slipway.PullOptions{Pulled: func(p slipway.Pulled) {
				fmt.Fprintf(a.Out, "%s %s, in %s\n", p.Image, p.Digest.Short(), seconds(p.Took))
			}})
		},
	}
}

func (a *app) loginCommand() *cobra.Command {
	var user string
	var fromStdin bool
	cmd := &cobra.Command{
		Use:   "login [flags] REGISTRY",
		Short: "Check and keep credentials for a registry",
		Long: `Checks a user's password with a registry and keeps both where Docker does: with the
credential helper that Docker's config.json names, else in that file. What docker
login has kept is used without this. The password is asked for on the terminal, or
read from the standard input with --password-stdin. Without -u a terminal is asked for
the user's name, too.`,
		Example: "  slipway login -u ann registry.example\n  pass registry | slipway login -u ann --password-stdin registry.example",
		Args:    exactArgs("REGISTRY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if user == "" && !fromStdin {
				if err := a.askUser(&user); err != nil {
					return err
				}
			}
			if user == "" {
				return usageError(cmd, errors.New("-u USER is missing"))
			}
			password, err := a.readPassword(fromStdin)
			if err != nil {
				return err
			}
			s, err := a.session(cmd)
			if err != nil {
				return err
			}
			kept, err := s.Login(cmd.Context(), args[0], user, password)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.Out, "logged in to %s; the credentials are kept in %s\n", args[0], kept)
			return nil
		},
	}
	cmd.Flags().StringVarP(&user, "username", "u", "", "the `USER`'s name")
	cmd.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from the standard input")
	return cmd
}

// askUser asks for the user's name, if somebody is there to be asked.
func (a *app) askUser(user *string) error {
	if !isTerminal(a.In) {
		return nil
	}
	fmt.Fprint(a.Err, "user: ")
	line, one := []byte(nil), make([]byte, 1) // byte by byte: what is typed after it is the password
	for {
		n, err := a.In.Read(one)
		if n > 0 && one[0] == '\n' || errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("cannot read the user's name: %w", err)
		}
		line = append(line, one[:n]...)
	}
	*user = strings.TrimSpace(string(line))
	return nil
}

// readPassword never takes it from the command line, which everybody on the machine can read.
func (a *app) readPassword(fromStdin bool) (string, error) {
	if in, ok := a.In.(*os.File); ok && !fromStdin && term.IsTerminal(int(in.Fd())) {
		fmt.Fprint(a.Err, "password: ")
		data, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(a.Err)
		if err != nil {
			return "", fmt.Errorf("cannot read the password: %w", err)
		}
		return string(data), nil
	}
	if !fromStdin {
		return "", problem.New("cannot ask for the password: the standard input is no terminal", "give it with --password-stdin")
	}
	line, err := bufio.NewReader(a.In).ReadString('\n')
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return "", errors.Join(errors.New("cannot read the password: the standard input is empty"), err)
	}
	return line, nil
}

func (a *app) logoutCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "logout REGISTRY",
		Short: "Forget the credentials for a registry",
		Long:  "Erases what \"slipway login\" or \"docker login\" keeps for a registry.",
		Args:  exactArgs("REGISTRY"),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := a.open(nil)
			if err != nil {
				return err
			}
			found, left, err := s.Logout(args[0])
			if err == nil && !found {
				fmt.Fprintf(a.Out, "there were no credentials for %s\n", args[0])
			}
			for _, path := range left {
				fmt.Fprintf(a.Out, "those for %[1]s stay; `slipway logout %[1]s` forgets them\n", path)
			}
			return err
		},
	}
}
