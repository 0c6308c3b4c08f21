package dockercmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway/problem"
)

// refusedCommands are docker's commands that are not done here, and what to do instead.
func refusedCommands() []*cobra.Command {
	const (
		noImages   = "the store of images is Slipway's: a test gets its image and adds none"
		noRegistry = "images come from Slipway's store, not from registries"
		noNetworks = "containers share the host's network, or have none"
		noPause    = "containers run or are stopped"
	)
	var out []*cobra.Command
	for _, c := range []struct{ name, reason string }{
		{"load", noImages}, {"import", noImages},
		{"push", noRegistry}, {"login", noRegistry}, {"logout", noRegistry}, {"search", noRegistry}, {"manifest", noRegistry},
		{"network", noNetworks}, {"compose", noNetworks + "; docker's compose plugin works with DOCKER_HOST for what needs no other"},
		{"pause", noPause}, {"unpause", noPause}, {"update", "limits are set when a container is made"},
		{"attach", "use docker logs -f, or docker start -a"}, {"events", "ask docker inspect"}, {"stats", "ask docker top"},
		{"system", "nothing of a test is left when it ends"}, {"builder", "images are built by slipway build"}, {"buildx", "images are built by slipway build"},
		{"context", "DOCKER_HOST says where the server is"}, {"plugin", "there are no plugins"},
		{"swarm", "there is one machine"}, {"service", "there is one machine"}, {"stack", "there is one machine"}, {"node", "there is one machine"},
		{"secret", "there is one machine"}, {"config", "there is one machine"},
	} {
		out = append(out, &cobra.Command{
			Use: c.name, Short: "Not done here: " + c.reason, Hidden: true, DisableFlagParsing: true,
			RunE: func(*cobra.Command, []string) error {
				return problem.With(fmt.Errorf("cannot do docker %s: Slipway's stand-in for docker does not have it", c.name), c.reason)
			},
		})
	}
	return out
}
