package cli

import (
	"errors"
	"testing"

	"github.com/spf13/pflag"
)

// typedAs is an invocation with these global flags.
func typedAs(t *testing.T, program, directory string, args ...string) *invocation {
	t.Helper()
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.StringP("configfile", "c", "config.yaml", "")
	f.String("root", "", "")
	f.StringP("state-dir", "s", "", "")
	if err := f.Parse(args); err != nil {
		t.Fatal(err)
	}
	return &invocation{program: program, flags: f, directory: directory}
}

// TestComplete: the commands in hints do what they say where they are printed.
func TestComplete(t *testing.T) {
	plain := typedAs(t, "slipway", "images")
	all := typedAs(t, "./slipway", "my images", "-c", "my.yaml", "--root", "/r r", "-s", "it's")
	none := typedAs(t, "slipway", "")
	dash := typedAs(t, "slipway", "-d", "-c", "-c.yaml")
	for _, tt := range []struct {
		typed      *invocation
		text, want string
	}{
		{nil, "`slipway update a`", "`slipway update a`"},
		{plain, "no command", "no command"},
		{plain, "`slipway update app --reason TEXT` adds an entry", "`slipway update app --reason TEXT images` adds an entry"},
		{plain, "x\nhint: `slipway du` shows, `slipway prune --cache` frees", "x\nhint: `slipway du` shows, `slipway prune --cache images` frees"},
		{plain, "hint: `slipway plan --help` shows the usage", "hint: `slipway plan --help` shows the usage"},
		{all, "`slipway update app`", "`./slipway -c my.yaml update app 'my images'`"},
		{all, "`slipway render app my images` prints it", "`./slipway -c my.yaml render app 'my images'` prints it"},
		{all, "`slipway images`", "`./slipway --root '/r r' images`"},
		{all, "`slipway history`", `./slipway --root '/r r' --state-dir 'it'\''s' history`},
		{all, "`slipway plan`", `./slipway -c my.yaml --root '/r r' --state-dir 'it'\''s' plan 'my images'`},
		{all, "`slipway login registry.example`", "`./slipway -c my.yaml login registry.example`"},
		{all, "hint: `slipway --help` shows the commands", "hint: `./slipway --help` shows the commands"},
		{all, "hint: `slipway update --help` shows the usage", "hint: `./slipway update --help` shows the usage"},
		{plain, "hint: slipway does so itself", "hint: slipway does so itself"},
		{dash, "`slipway update app --reason TEXT`, `slipway render app -d`", "`slipway -c ./-c.yaml update app --reason TEXT ./-d`, `slipway -c ./-c.yaml render app ./-d`"},
		{none, "`slipway plan` says, `slipway prune` frees, `slipway images` lists", "`slipway plan` says, `slipway prune DIRECTORY` frees, `slipway images` lists"},
		{plain, "the next slipway build `rm -r slipway images`", "the next slipway build `rm -r slipway images`"},
	} {
		want := tt.want
		if want[0] == '.' {
			want = "`" + want + "`"
		}
		got := tt.typed.complete(tt.text)
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if again := tt.typed.complete(got); again != got {
			t.Errorf("completed twice: %s", again)
		}
	}
	inner := errors.New("plain")
	if err := plain.error(inner); err != inner || plain.error(nil) != nil {
		t.Errorf("another error: %v", err)
	}
	joined, ok := plain.error(errors.Join(inner, errors.New("x\nhint: `slipway plan`"))).(interface{ Unwrap() []error })
	if !ok || len(joined.Unwrap()) != 2 || !errors.Is(joined.Unwrap()[0], inner) || joined.Unwrap()[1].Error() != "x\nhint: `slipway plan images`" {
		t.Errorf("joined errors: %v", joined)
	}
}
