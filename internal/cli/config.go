package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/slipway-build/slipway"
	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/problem"
)

const configLong = `Prints what counts for each key of the configuration, and where it is from: the
default, a file with its line, a variable of the environment, or a flag. Below
stand the keys that Slipway does not act on: they are variables for templates.

Passwords, and what looks like a secret among the variables, are ***. Long values
are cut; --json has all of them. With KEY only these are printed.

--schema prints a JSON schema of the configuration, for editors; see
docs/configuration.md.`

const configExample = `  slipway config
  slipway -c other.yaml config registry namespace
  slipway config --json | jq '.keys[] | select(.default | not)'
  slipway config --schema > slipway.schema.json`

func (a *app) configCommand() *cobra.Command {
	var asJSON, schema bool
	cmd := &cobra.Command{
		Use:     "config [KEY...]",
		Short:   "Show what the configuration says, and from where",
		Long:    configLong,
		Example: configExample,
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, keys []string) error {
			if schema {
				if len(keys) > 0 || asJSON {
					return usageError(cmd, errors.New("--schema goes with no KEY and without --json"))
				}
				return a.printSchema()
			}
			session, err := a.fleetSession(cmd)
			if err != nil {
				return err
			}
			s, err := a.settings(cmd, session).only(keys)
			switch {
			case err != nil:
				return err
			case asJSON:
				return printJSON(a.Out, s)
			}
			return a.printSettings(s)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print JSON, with all of long values")
	f.BoolVar(&schema, "schema", false, "print a JSON schema of the configuration, for editors")
	strictFlag(cmd)
	return cmd
}

func (a *app) printSchema() error {
	schema, err := config.Schema()
	if err != nil {
		return fmt.Errorf("cannot write the schema: %w", err)
	}
	_, err = fmt.Fprintf(a.Out, "%s\n", schema)
	return err
}

// settings are what "slipway config" prints.
type settings struct {
	Files     []string  `json:"files"` // the user's own before the project's
	Keys      []setting `json:"keys"`
	Variables []setting `json:"variables"` // what Slipway does not act on
}

type setting struct {
	Key      string `json:"key"` // or a flag that has none: --root
	Value    any    `json:"value"`
	Default  bool   `json:"default"`
	Path     string `json:"path,omitempty"`
	Line     int    `json:"line,omitempty"`
	Of       string `json:"of,omitempty"` // the key that stands at the line, if it is another one
	Variable string `json:"variable,omitempty"`
	Flag     string `json:"flag,omitempty"`
	from     string
	instead  string // of a value that is nothing
}

func shownSettings(list []config.Setting) []setting {
	shown := make([]setting, 0, len(list))
	for _, s := range list {
		o := s.Origin
		shown = append(shown, setting{s.Key, s.Value, o == config.Origin{}, o.Path, o.Line, o.Key, o.Variable, o.Flag, o.String(), cmp.Or(s.Else, "none")})
	}
	return shown
}

func (a *app) settings(cmd *cobra.Command, s *slipway.Session) settings {
	cfg := s.Config()
	return settings{
		Files:     cfg.Files(),
		Keys:      shownSettings(slices.Concat(a.places(cmd, s), cfg.Settings())),
		Variables: shownSettings(cfg.TemplateVariables()),
	}
}

// places are the flags that say where things are.
func (a *app) places(cmd *cobra.Command, session *slipway.Session) []config.Setting {
	given := func(flag, value string) config.Setting {
		s := config.Setting{Key: "--" + flag, Value: value}
		if cmd.Flags().Changed(flag) {
			s.Origin.Flag = s.Key
		}
		return s
	}
	root, err := session.Root()
	if err != nil {
		root = "" // no command that needs it will run either
	}
	state, err := session.StateFolder()
	if err != nil {
		state = ""
	}
	list := []config.Setting{given("configfile", a.configFile), given("root", root), given("state-dir", state)}
	if a.root == "" && os.Getenv(slipway.RootVariable) != "" {
		list[1].Origin.Variable = slipway.RootVariable
	}
	return list
}

// only leaves those of the names; all if there are none.
func (s settings) only(names []string) (settings, error) {
	if len(names) == 0 {
		return s, nil
	}
	unknown := slices.Clone(names)
	other := func(one setting) bool {
		unknown = slices.DeleteFunc(unknown, func(name string) bool { return name == one.Key })
		return !slices.Contains(names, one.Key)
	}
	s.Keys, s.Variables = slices.DeleteFunc(s.Keys, other), slices.DeleteFunc(s.Variables, other)
	if len(unknown) > 0 {
		return s, problem.With(fmt.Errorf("cannot find the key %s: no file has it, and Slipway has none of this name", strings.Join(unknown, ", ")), "`slipway config` shows all")
	}
	return s, nil
}

func (a *app) printSettings(s settings) error {
	w := tabwriter.NewWriter(a.Out, 0, 0, 3, ' ', 0)
	for _, part := range []struct {
		title string
		list  []setting
	}{{"KEY", s.Keys}, {"VARIABLE", s.Variables}} {
		if len(part.list) == 0 {
			continue
		}
		fmt.Fprintf(w, "%s\tFROM\tVALUE\n", part.title)
		for _, one := range part.list {
			value, err := one.line()
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "%s\t%s\t%s\n", one.Key, one.from, value)
		}
	}
	return w.Flush()
}

// line is the value as JSON has it, as much of it as a person reads.
func (s setting) line() (string, error) {
	if s.Value == nil {
		return s.instead, nil
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s.Value); err != nil {
		return "", fmt.Errorf("cannot print %s: %w", s.Key, err)
	}
	return config.Clip(strings.TrimSuffix(text.String(), "\n")), nil
}
