// Package dockerfile reads what a Dockerfile uses, with BuildKit's own parser.
package dockerfile

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"github.com/slipway-build/slipway/engine/dockerfile/bounds"
	"github.com/slipway-build/slipway/fleet"
)

// Parse finds the images that a Dockerfile builds on or copies from, and its
// last USER. References with build arguments are resolved with the defaults of
// the ARGs before the first FROM; stages are not images and are left out. The
// error is a *fleet.ParseError. The build is of the target, a stage's name, empty for the last; args are
// values for build arguments, which replace defaults.
func Parse(data []byte, args map[string]string, target string) (fleet.Dockerfile, error) {
	return parse(data, args, target, nil)
}

// parse is Parse where something is known of the images that the Dockerfile is built on: takes are what
// the ONBUILD instructions of one take files from, which may be stages of this Dockerfile.
func parse(data []byte, given map[string]string, target string, takes func(ref string) []fleet.Use) (out fleet.Dockerfile, err error) {
	defer guard(&err)
	tree, stages, meta, err := read(data)
	if err != nil {
		return out, err
	}
	report, err := bounds.Check(bounds.Dockerfile{Stages: stages, Meta: meta, Escape: tree.EscapeToken, Args: given}, nil)
	if err != nil {
		return out, newError(err)
	}
	s := &scanner{layers: report.Layers, lex: shell.NewLex(tree.EscapeToken), named: map[string]int{}, below: map[int]int{}, bases: make([]string, len(stages)), needs: make([][]int, len(stages)), takes: takes}
	s.out.Instructions = canonical(data, tree)
	if s.args, err = globalArgs(s.lex, meta, given); err != nil {
		return out, err
	}
	for _, stage := range stages {
		uses, secrets := onBuild(stage)
		s.out.Stages = append(s.out.Stages, fleet.Stage{Name: strings.ToLower(stage.Name), OnBuild: uses, OnBuildSecrets: secrets})
	}
	for i, stage := range stages {
		if err := s.stage(i, stage); err != nil {
			return s.out, err
		}
	}
	return s.finish(stages, target)
}

// finish tells apart what the image is made from, and the rest: BuildKit reads the options of RUN --mount,
// and knows ONBUILD instructions, only where it builds.
func (s *scanner) finish(stages []instructions.Stage, target string) (fleet.Dockerfile, error) {
	if len(stages) == 0 {
		return s.out, nil
	}
	final := s.out.Stage(target)
	s.out.Base = s.bases[final]
	built := s.built(final)
	for k, i := range s.stageOf {
		s.out.Uses[k].Idle = !built[i]
	}
	s.out.Uses = slices.DeleteFunc(s.out.Uses, func(u fleet.Use) bool { return u.Idle && strings.HasPrefix(u.Kind, fleet.OnBuildUse) })
	for i, stage := range stages {
		if s.out.Stages[i].Idle = !built[i]; !built[i] {
			continue
		}
		if n := s.layers[i]; n > bounds.MaxLayers {
			return s.out, newError(bounds.TooManyLayers(n, stage))
		}
		if err := s.checkMounts(stage); err != nil {
			return s.out, err
		}
		s.secrets(i, stage)
	}
	return s.out, nil
}

// read is BuildKit's parser.
func read(data []byte) (*parser.Result, []instructions.Stage, []instructions.ArgCommand, error) {
	d, tree, err := bounds.Read(data, nil)
	if err != nil {
		return nil, nil, nil, newError(err)
	}
	return tree, d.Stages, d.Meta, nil
}

type scanner struct {
	out     fleet.Dockerfile
	lex     *shell.Lex
	args    argList
	named   map[string]int // the stages above, which FROM sees
	stageOf []int          // of out.Uses
	// By stage: the image that it begins with in the end, and the stages that it is made from.
	bases []string
	needs [][]int
	below map[int]int                  // the stage that a stage is built FROM
	takes func(ref string) []fleet.Use // see parse
	// By stage: the layers that it has at its end.
	layers []int
}

func (s *scanner) stage(i int, stage instructions.Stage) error {
	line := firstLine(stage.Location)
	base, err := expand(s.lex, stage.BaseName, s.args)
	if err != nil {
		return &fleet.ParseError{Line: line, Err: fmt.Errorf("cannot expand %s: %w", stage.BaseName, err)}
	}
	s.bases[i] = base
	if below, ok := s.named[strings.ToLower(base)]; ok {
		s.bases[i], s.below[i] = s.bases[below], below
		s.needs[i] = append(s.needs[i], below)
		for _, u := range s.out.Stages[below].OnBuild {
			u.Kind = fleet.OnBuildUse + u.Kind
			s.use(i, u)
		}
	} else {
		s.image(i, fleet.Use{Ref: base, Line: line, Kind: fleet.FromUse, Platform: s.asked(stage)})
		s.triggered(i, base)
	}
	for _, cmd := range stage.Commands {
		for _, u := range uses(cmd) {
			s.use(i, u)
		}
		if c, ok := cmd.(*instructions.UserCommand); ok {
			s.out.LastUser, s.out.LastUserLine = c.User, firstLine(c.Location())
		}
	}
	if stage.Name != "" {
		s.named[strings.ToLower(stage.Name)] = i
	}
	return nil
}

// asked is the platform that a stage asks for, empty for none. What cannot be expanded BuildKit says, if it gets
// there.
func (s *scanner) asked(stage instructions.Stage) string {
	if stage.Platform == "" {
		return ""
	}
	p, err := expand(s.lex, stage.Platform, s.args)
	if err != nil {
		return ""
	}
	return p
}

// triggered takes the stages that ONBUILD instructions of an image take files from.
func (s *scanner) triggered(i int, base string) {
	if s.takes == nil {
		return
	}
	for _, u := range s.takes(base) {
		if from, ok := s.out.StageOf(u); ok && from < len(s.needs) {
			s.needs[i] = append(s.needs[i], from)
		}
	}
}

// use takes what a stage copies from: another stage, or an image.
func (s *scanner) use(i int, u fleet.Use) {
	switch from, ok := s.out.StageOf(u); {
	case !ok:
		s.image(i, u)
	case from < len(s.needs):
		s.needs[i] = append(s.needs[i], from)
	}
}

func (s *scanner) image(i int, u fleet.Use) {
	if isImage(u.Ref) {
		s.out.Uses, s.stageOf = append(s.out.Uses, u), append(s.stageOf, i)
	}
}

// built tells of each stage whether the final one is made from it, or is it: BuildKit looks at no others.
func (s *scanner) built(final int) []bool {
	built, next := make([]bool, len(s.needs)), []int{final}
	for len(next) > 0 {
		i := next[len(next)-1]
		next = next[:len(next)-1]
		if !built[i] {
			built[i] = true
			next = append(next, s.needs[i]...)
		}
	}
	return built
}

// uses are the images or stages that an instruction takes files from, as it names them: BuildKit takes
// no variables there.
func uses(cmd instructions.Command) []fleet.Use {
	var found []fleet.Use
	switch c := cmd.(type) {
	case *instructions.CopyCommand:
		found = append(found, fleet.Use{Ref: c.From, Line: firstLine(c.Location()), Kind: fleet.CopyUse})
	case *instructions.RunCommand:
		for _, m := range instructions.GetMounts(c) {
			found = append(found, fleet.Use{Ref: m.From, Line: firstLine(c.Location()), Kind: fleet.MountUse})
		}
	}
	return found
}

// onBuild is what the ONBUILD instructions of a stage use in a stage that is built FROM it. One that
// cannot be read is an error there, not here.
func onBuild(stage instructions.Stage) (found []fleet.Use, secrets []fleet.SecretUse) {
	for _, cmd := range stage.Commands {
		c, ok := cmd.(*instructions.OnbuildCommand)
		if !ok {
			continue
		}
		tree, err := parser.Parse(strings.NewReader(c.Expression))
		if err != nil || len(tree.AST.Children) != 1 {
			continue
		}
		trigger, err := instructions.ParseCommand(tree.AST.Children[0])
		if err != nil {
			continue
		}
		for _, u := range uses(trigger) {
			if u.Line = firstLine(c.Location()); isImage(u.Ref) {
				found = append(found, u)
			}
		}
		if run, ok := trigger.(*instructions.RunCommand); ok && expandMounts(run, shell.NewLex(tree.EscapeToken)) == nil {
			secrets = append(secrets, secretsOf(run, firstLine(c.Location()))...)
		}
	}
	return found, secrets
}

// isImage tells whether a reference can be an image's.
func isImage(ref string) bool { return ref != "" && ref != "scratch" && ref != "context" }

// expand puts values in the place of build arguments. BuildKit knows the platform and the date, too:
// what is refused without them is tried with them.
func expand(lex *shell.Lex, word string, args argList) (string, error) {
	out, _, err := lex.ProcessWord(word, args)
	if err != nil {
		arch := runtime.GOARCH
		known := argList{
			"BUILDPLATFORM=linux/" + arch, "BUILDOS=linux", "BUILDOSVERSION=", "BUILDARCH=" + arch, "BUILDVARIANT=",
			"TARGETPLATFORM=linux/" + arch, "TARGETOS=linux", "TARGETOSVERSION=", "TARGETARCH=" + arch, "TARGETVARIANT=",
			"TARGETSTAGE=default", "SOURCE_DATE_EPOCH=0",
		}
		out, _, err = lex.ProcessWord(word, append(known, args...))
	}
	return out, err
}

// globalArgs are the ARGs before the first FROM, as given or by default; each
// default may use those before it.
func globalArgs(lex *shell.Lex, meta []instructions.ArgCommand, given map[string]string) (argList, error) {
	args := automatic(given)
	for _, cmd := range meta {
		for _, a := range cmd.Args {
			if value, ok := given[a.Key]; ok {
				args = append(args, a.Key+"="+value)
				continue
			}
			if a.Value == nil {
				continue
			}
			value, err := expand(lex, *a.Value, args)
			if err != nil {
				return nil, &fleet.ParseError{Line: firstLine(cmd.Location()), Err: fmt.Errorf("cannot expand %s: %w", *a.Value, err)}
			}
			args = append(args, a.Key+"="+value)
		}
	}
	return args, nil
}

// automatic are those of BuildKit's own arguments that are given: what the platforms are.
func automatic(given map[string]string) (args argList) {
	if len(given) == 0 {
		return nil
	}
	for _, prefix := range []string{"BUILD", "TARGET"} {
		for _, part := range []string{"PLATFORM", "OS", "ARCH", "VARIANT"} {
			if value, ok := given[prefix+part]; ok {
				args = append(args, prefix+part+"="+value)
			}
		}
	}
	return args
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
	if much := (*bounds.Error)(nil); errors.As(err, &much) {
		return &fleet.ParseError{Line: much.Line, Err: much}
	}
	return &fleet.ParseError{Err: err}
}
