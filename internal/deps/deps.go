
package deps

import (
	_ "github.com/containerd/containerd/v2/client"
	_ "github.com/google/go-cmp/cmp"
	_ "github.com/moby/buildkit/client"
	_ "github.com/moby/buildkit/control"
	_ "github.com/moby/buildkit/worker/runc"
	_ "github.com/moby/buildkit/frontend/dockerfile/builder"
	_ "github.com/moby/buildkit/util/progress/progressui"
	_ "github.com/rogpeppe/go-internal/testscript"
	_ "github.com/spf13/cobra"
	_ "go.yaml.in/yaml/v3"
	_ "github.com/distribution/reference"
	_ "github.com/docker/go-units"
	_ "golang.org/x/term"
	_ "golang.org/x/sync/errgroup"
	_ "github.com/moby/moby/client"
	_ "github.com/moby/moby/api/types/container"
	_ "github.com/google/shlex"
	_ "github.com/tonistiigi/fsutil"
)
