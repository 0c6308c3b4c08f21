// Package dockerfile reads what a Dockerfile uses, with BuildKit's own parser.
package dockerfile

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"github.com/slipway-build/slipway/fleet"
)

// Parse finds the images that a Dockerfile builds on or copies from, and its
// last USER. References with build arguments are resolved with the defaults of
// the ARGs before the first FROM; stages are not images and are left out. The
// error is a *fleet.ParseError.
func Parse(data []byte) (fleet.Dockerfile, error) { return ParseWith(data, nil) }

// ParseWith is Parse with values for build arguments, which replace defaults.
func ParseWith(data []byte, given map[string]string) (fleet.Dockerfile, error) {
	var out fleet.Dockerfile
	tree, err := parser.Parse(bytes.NewReader(data))
	if err != nil {
		return out, newError(err)
	}
	out.Instructions = canonical(data, tree)
	stages, meta, err := instructions.Parse(tree.AST, nil)
	if err != nil {
		return out, newError(err)
	}
	lex := shell.NewLex(tree.EscapeToken)
	args, err := globalArgs(lex, meta, given)
	if err != nil {
		return out, err
	}
	s := &scanner{out: &out, lex: lex, args: args, stages: map[string]bool{}, all: map[string]bool{}, bases: map[string]string{}}
	for i, stage := range stages {
		s.all[strconv.Itoa(i)] = true
		s.all[strings.ToLower(stage.Name)] = true
	}
	for _, stage := range stages {
		if err := s.stage(stage); err != nil {
			return out, err
		}
	}
	out.Base = s.base
	return out, nil
}

type scanner struct {
	out    *fleet.Dockerfile
	lex    *shell.Lex
	args   argList
	stages map[string]bool // those above: FROM sees them only
	all    map[string]bool // COPY and RUN --mount see every stage, and their numbers

	bases map[string]string // of the named stages: the image that they begin with
	base  string            // of the stage that was read last
}

func (s *scanner) stage(stage instructions.Stage) error {
	line := firstLine(stage.Location)
	base, _, err := s.lex.ProcessWord(stage.BaseName, s.args)
	if err != nil {
		return &fleet.ParseError{Line: line, Err: fmt.Errorf("cannot expand %s: %w", stage.BaseName, err)}
	}
	s.use(base, line, "FROM")
	s.base = base
	if earlier, ok := s.bases[strings.ToLower(base)]; ok {
		s.base = earlier
	}
	for _, cmd := range stage.Commands {
		switch c := cmd.(type) {
		case *instructions.CopyCommand:
			s.use(c.From, firstLine(c.Location()), "COPY --from")
		case *instructions.RunCommand:
			if err := s.mounts(c); err != nil {
				return err
			}
		case *instructions.UserCommand:
			s.out.LastUser, s.out.LastUserLine = c.User, firstLine(c.Location())
		}
	}
	if stage.Name != "" {
		s.stages[strings.ToLower(stage.Name)] = true
		s.bases[strings.ToLower(stage.Name)] = s.base
	}
	return nil
}

// mounts reads RUN --mount. Their values may hold variables that only a build
// knows; a reference that still has one names no image of the fleet.
func (s *scanner) mounts(c *instructions.RunCommand) error {
	line := firstLine(c.Location())
	err := c.Expand(func(word string) (string, error) {
		out, _, err := s.lex.ProcessWord(word, s.args)
		return out, err
	})
	if err != nil {
		return &fleet.ParseError{Line: line, Err: err}
	}
	for _, m := range instructions.GetMounts(c) {
		s.use(m.From, line, "RUN --mount")
	}
	return nil
}

func (s *scanner) use(ref string, line int, kind string) {
	stages := s.all
	if kind == "FROM" {
		stages = s.stages
	}
	if ref == "" || ref == "scratch" || ref == "context" || stages[strings.ToLower(ref)] {
		return
	}
	s.out.Uses = append(s.out.Uses, fleet.Use{Ref: ref, Line: line, Kind: kind})
}

// globalArgs are the ARGs before the first FROM, as given or by default; each
// default may use those before it.
func globalArgs(lex *shell.Lex, meta []instructions.ArgCommand, given map[string]string) (argList, error) {
	var args argList
	for _, cmd := range meta {
		for _, a := range cmd.Args {
			if value, ok := given[a.Key]; ok {
				args = append(args, a.Key+"="+value)
				continue
			}
			if a.Value == nil {
				continue
			}
			value, _, err := lex.ProcessWord(*a.Value, args)
			if err != nil {
				return nil, &fleet.ParseError{Line: firstLine(cmd.Location()), Err: fmt.Errorf("cannot expand %s: %w", *a.Value, err)}
			}
			args = append(args, a.Key+"="+value)
		}
	}
	return args, nil
}

// argList is the environment that references are expanded with.
type argList []string

// Get implements shell.EnvGetter; the last definition wins.
func (l argList) Get(key string) (string, bool) {
	for i := len(l) - 1; i >= 0; i-- {
		if k, v, _ := strings.Cut(l[i], "="); k == key {
			return v, true
		}
	}
	return "", false
}

// Keys implements shell.EnvGetter.
func (l argList) Keys() []string {
	keys := make([]string, len(l))
	for i, kv := range l {
		keys[i], _, _ = strings.Cut(kv, "=")
	}
	return keys
}

func firstLine(ranges []parser.Range) int {
	if len(ranges) == 0 {
		return 0
	}
	return ranges[0].Start.Line
}

func newError(err error) error {
	var at *parser.LocationError
	if errors.As(err, &at) && len(at.Locations) > 0 {
		return &fleet.ParseError{Line: firstLine(at.Locations[0]), Err: at.Unwrap()}
	}
	return &fleet.ParseError{Err: err}
}
