package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/opencontainers/go-digest"
)

// bases is a BuildKit that only knows images.
type bases struct {
	gateway.Client
	configs map[string]string
	asked   int
}

func (b *bases) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	b.asked++
	config, ok := b.configs[ref]
	if !ok {
		return "", "", nil, errors.New("not found")
	}
	return ref, "", []byte(config), nil
}

func TestWeigh(t *testing.T) {
	layers := func(n int) string {
		return fmt.Sprintf(`{"rootfs":{"type":"layers","diff_ids":[%s"x"]}}`, strings.Repeat(`"x",`, n-1))
	}
	known := map[string]string{
		"docker.io/library/long:1":    `{"config":{"Env":["A=` + strings.Repeat("a", 60_000) + `"]}}`,
		"docker.io/library/high:1":    layers(490),
		"docker.io/library/trigger:1": `{"config":{"Env":["A=x"],"OnBuild":["ENV A=$A$A$A$A$A$A$A$A$A$A$A$A","ENV A=$A$A$A$A$A$A$A$A$A$A$A$A","ENV A=$A$A$A$A$A$A$A$A$A$A$A$A","ENV A=$A$A$A$A$A$A$A$A$A$A$A$A"]}}`,
	}
	many := strings.Repeat("LABEL a=$A\n", 100)
	for _, tt := range []struct {
		name, dockerfile string
		asked            int
		want             string // empty for nothing
	}{
		{"nothing to ask for", "FROM long:1\nENV B=$A$A$A\nRUN echo $A\n", 0, ""},
		{"a base that matters", "FROM long:1\n" + many, 1, ""},
		{"a base that is too much", "FROM long:1\n" + many + "ENV B=$A$A$A\n", 1, "Dockerfile line 102 (ENV B=$A$A$A): the variable B gets a value of 180000 bytes, more than 131072"},
		{"by a name", "ARG N=long\nFROM ${N}:1 AS x\nFROM x\n" + many + "ENV B=$A$A$A\n", 1, "Dockerfile line 104 (ENV B=$A$A$A): the variable B gets a value of 180000 bytes, more than 131072"},
		{"a base that nobody knows", "FROM elsewhere:1\n" + many, 1, ""},
		{"triggers", "FROM trigger:1\n" + many + "ENV B=$A$A$A$A$A$A$A\n", 1, "Dockerfile line 102 (ENV B=$A$A$A$A$A$A$A): the variable B gets a value of 145152 bytes, more than 131072"},
		{"layers", "FROM high:1\n" + strings.Repeat("RUN x\n", 128), 1, "Dockerfile line 1 (FROM high:1): it would have 618 layers, more than the 501 that can be mounted over each other"},
		{"few layers of its own", "FROM high:1\n" + strings.Repeat("RUN x\n", 10), 0, ""},
		{"layers of another stage", "FROM high:1\n" + strings.Repeat("RUN x\n", 128) + "FROM scratch\nCOPY a /\n", 1, ""},
		{"what is wrong is BuildKit's to say", "FROM\n", 0, ""},
		{"no stage", "ARG A\n", 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &bases{configs: known}
			err := weigh(t.Context(), c, []byte(tt.dockerfile), map[string]string{})
			got := ""
			if err != nil {
				got = stepError(err, "Dockerfile").Error()
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if c.asked != tt.asked {
				t.Errorf("asked for %d images, want %d", c.asked, tt.asked)
			}
		})
	}
}

func TestTooManyLayersBelow(t *testing.T) {
	raw := errors.New(`process "x" did not complete successfully: mount source: "overlay", data: "lowerdir=` + strings.Repeat("12345/fs:", 400) + `1/fs", err: invalid argument`)
	err := stepError(raw, "Dockerfile")
	const want = "cannot mount the layers below it: they are too many; no image can have more than 501, in an engine that has made many images some fewer; write several steps as one"
	if err.Error() != want || !errors.Is(err, raw) {
		t.Errorf("%v", err)
	}
}
