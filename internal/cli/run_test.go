package cli

import (
	"io"
	"strings"
	"testing"
)

// TestRunArguments: the docker command gets the flags of run in one order, whatever a map would give.
func TestRunArguments(t *testing.T) {
	var o runOptions
	cmd := (&app{Streams: Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}}).runCommand()
	o.interactive, o.tty, o.readOnly = true, true, true
	o.user, o.workdir, o.network = "u", "/w", "none"
	o.env, o.volumes, o.publish = []string{"B=1", "A=2"}, []string{"/v:/v"}, []string{"1:2"}
	if err := cmd.Flags().Set("entrypoint", ""); err != nil {
		t.Fatal(err)
	}
	const want = "run --rm -i -t --read-only --entrypoint= --user=u --workdir=/w --network=none --env=B=1 --env=A=2 --volume=/v:/v --publish=1:2 --"
	for range 50 {
		if got := strings.Join(o.args(cmd), " "); got != want {
			t.Fatalf("got  %s\nwant %s", got, want)
		}
	}
}
