package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/engine/embedded"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/runner/remote"
	"github.com/slipway-build/slipway/store"
)

// registryOptions say how registries are reached: as the configuration says, if there is one, and
// with the credentials that Docker's configuration has.
func (a *app) registryOptions(cmd *cobra.Command) (registry.Options, error) {
	o := registry.Options{UserAgent: userAgent(), Warn: a.printWarning}
	if _, err := os.Stat(a.configFile); errors.Is(err, os.ErrNotExist) && !cmd.Flags().Changed("configfile") {
		return o, nil
	}
	cfg, err := a.loadConfig(cmd)
	if err != nil {
		return o, err
	}
	return configuredRegistry(cfg, o)
}

func userAgent() string { return "slipway/" + ownVersion() }

// registryClient is a client as the configuration says.
func registryClient(cfg *config.Config, o registry.Options) (*registry.Client, error) {
	o, err := configuredRegistry(cfg, o)
	if err != nil {
		return nil, err
	}
	return registry.New(o)
}

func configuredRegistry(cfg *config.Config, o registry.Options) (registry.Options, error) {
	var err error
	if o.Network, err = configuredNetwork(cfg); err != nil {
		return o, err
	}
	o.DockerTypes = cfg.Slipway.MediaTypes == "docker"
	o.TrustRealm = cfg.Slipway.TrustRealm
	if cfg.Registry == "" {
		return o, nil
	}
	// The first part of the images' names need not be a host: "team" is docker.io/team.
	host, path, err := registry.SplitPrefix(cfg.Registry)
	if cfg.Slipway.AbsentIs403 && err == nil {
		o.AbsentIs403 = host
	}
	if cfg.Username == "" {
		return o, nil
	}
	if err != nil {
		return o, fmt.Errorf("cannot use the registry %q with a username: %w", cfg.Registry, err)
	}
	o.Namespace = strings.Trim(path+"/"+cfg.Namespace, "/")
	o.Registry, o.Username, o.Password = host, cfg.Username, cfg.Password.Reveal()
	return o, nil
}

// withRegistry calls f with a client.
func (a *app) withRegistry(cmd *cobra.Command, f func(*registry.Client) error) error {
	o, err := a.registryOptions(cmd)
	if err != nil {
		return err
	}
	client, err := registry.New(o)
	if err != nil {
		return err
	}
	defer client.Close()
	return f(client)
}

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
			return a.withRegistry(cmd, func(client *registry.Client) error {
				return a.withServices(cmd.Context(), func(s embedded.Services) error {
					for _, ref := range args {
						if err := a.push(cmd.Context(), client, s, ref, force); err != nil {
							return err
						}
					}
					return nil
				})
			})
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "also send what is not tested, and move tags that name another image")
	return cmd
}

// push sends one image under its own name. The registry's errors say what could not be done themselves.
func (a *app) push(ctx context.Context, client *registry.Client, s embedded.Services, ref string, force bool) error {
	image, target, err := a.toPush(ctx, store.New(s.Images, s.Content), ref, force)
	if err != nil {
		return fmt.Errorf("cannot push %s: %w", ref, err)
	}
	o := registry.PushOptions{Blind: force}
	stored, same := target, false
	if !force {
		o.Replace = func(ref, digest string) error {
			same = registry.Alike(ctx, stored, s.Content, digest)
			return problem.With(fmt.Errorf("the tag names another image there (%s)", shortDigest(digest)), "give the image a new version, or move the tag with --force")
		}
	}
	start := time.Now()
	typed, err := client.Typed(ctx, target, s.Content)
	if err != nil {
		return fmt.Errorf("cannot push %s: %w", ref, err)
	}
	if len(typed) > 0 {
		target = typed[len(typed)-1].Descriptor
	}
	done, err := client.Push(ctx, target, registry.With(s.Content, typed), o, image.Ref)
	if same { // it stays as it was published, whatever media types are published now
		err = nil
	}
	if errors.Is(err, registry.ErrDigest) {
		if damage := store.New(s.Images, s.Content).CheckRead(ctx, image.Ref); errors.Is(damage, store.ErrDamaged) {
			return fmt.Errorf("cannot push %s: %w", ref, damage)
		}
	}
	if err != nil {
		return err
	}
	if len(done.Moved) == 0 {
		fmt.Fprintf(a.Out, "%s is there already\n", ref)
		return nil
	}
	fmt.Fprintf(a.Out, "%s %s: %d blobs (%s) sent, %d there before, in %s\n", ref, shortDigest(target.Digest.String()),
		done.Sent, size(done.Bytes), done.Present+done.Mounted, seconds(time.Since(start)))
	return nil
}

// toPush is what the store has under the name, if it may be sent.
func (a *app) toPush(ctx context.Context, st *store.Store, ref string, force bool) (store.Image, ocispecs.Descriptor, error) {
	image, err := st.Look(ctx, ref)
	if errors.Is(err, store.ErrNotFound) {
		err = checkExact(ctx, st, ref)
	}
	if err != nil {
		return image, ocispecs.Descriptor{}, err
	}
	if image.Tested == "" && !force {
		return image, ocispecs.Descriptor{}, problem.New("its test did not pass", "build it again, or send it as it is with --force")
	}
	if err := st.Check(ctx, ref); err != nil {
		return image, ocispecs.Descriptor{}, err
	}
	target, err := st.Target(ctx, ref)
	return image, target, err
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
			return a.withRegistry(cmd, func(client *registry.Client) error {
				process, _, err := a.startEngine(cmd.Context())
				if err != nil {
					return err
				}
				for _, ref := range args {
					if err = a.pull(cmd.Context(), client, process, ref); err != nil {
						break
					}
				}
				return errors.Join(err, process.Close())
			})
		},
	}
}

// pull fetches one image. The registry's errors say what could not be done themselves.
func (a *app) pull(ctx context.Context, client *registry.Client, p *embedded.Process, ref string) error {
	name, err := store.Normalize(ref)
	if err != nil {
		return fmt.Errorf("cannot pull %s: %w", ref, err)
	}
	s := p.Services()
	from := remote.Registries{Client: client, Store: store.New(s.Images, s.Content), Content: s.Content, Hold: p.Hold, Platform: "linux/" + goArch()}
	start := time.Now()
	target, err := from.Pull(ctx, name, name, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.Out, "%s %s, in %s\n", ref, shortDigest(target.Digest.String()), seconds(time.Since(start)))
	return nil
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
			return a.withStore(cmd.Context(), func(s *store.Store) error {
				ref, err := find(cmd.Context(), s, args[0])
				if err != nil {
					return fmt.Errorf("cannot tag %s: %w", args[0], err)
				}
				return s.Tag(cmd.Context(), ref, args[1])
			})
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
			o, err := a.registryOptions(cmd)
			if err != nil {
				return err
			}
			kept, err := registry.Login(cmd.Context(), o, args[0], user, password)
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
		return "", errors.Join(errors.New("cannot read the password: the standard input is empty"), ignoreEOF(err))
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
			found, left, err := registry.Logout(args[0])
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
