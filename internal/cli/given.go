package cli

import (
	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway"
)

// givenFlags are the flags that give secrets and SSH agents to builds.
func givenFlags(cmd *cobra.Command, to *slipway.Given) {
	f := cmd.Flags()
	f.StringArrayVar(&to.Secrets, "secret", nil, "give RUN --mount=type=secret of all images a secret: `id=ID[,src=FILE|,env=VARIABLE]`; by images with slipway.secrets in the configuration")
	f.StringArrayVar(&to.Agents, "ssh", nil, "give RUN --mount=type=ssh of all images an agent or keys: `default|ID[=SOCKET|KEY[,KEY]]`; by images with slipway.ssh")
}
