package dockerfile

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dfgitutil"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/lint"
	"github.com/slipway-build/slipway/ref"
)

// Lint finds what lint judges, with BuildKit's own linter. It takes BuildKit's way from a
// Dockerfile to build steps, for all stages and without network: images that bases does not know
// are taken for empty ones. The error is a *fleet.ParseError; what was found before it is returned
// too. A Dockerfile that BuildKit builds has none. Args and target are those of Parse.
func Lint(ctx context.Context, data []byte, args map[string]string, target string, bases lint.Bases) (out lint.Dockerfile, err error) {
	defer guard(&err)
	r := &resolver{bases}
	used, err := parse(data, args, target, func(ref string) []fleet.Use { return r.base(ref).Takes })
	if err != nil {
		return out, err
	}
	out.Uses = used.Uses
	tree, stages, meta, err := read(data)
	if err != nil {
		return out, err
	}
	l := &facts{out: &out, lines: strings.Split(string(data), "\n"), lex: shell.NewLex(tree.EscapeToken)}
	for i := range meta {
		l.args(&meta[i])
	}
	for i, stage := range stages {
		l.idle = used.Stages[i].Idle
		for _, cmd := range stage.Commands {
			l.command(cmd)
		}
	}
	j := &judge{data: data, args: args, target: target, stages: stages, nodes: tree.AST.Children, known: r.stages(stages), resolver: r, escape: byte(tree.EscapeToken), told: map[lint.Advice]bool{}}
	err = j.all(ctx)
	out.Warnings, out.Unused = j.warnings(), j.unused
	if err != nil {
		return out, newError(err)
	}
	if config := j.config; config != nil {
		last := used.Stage(target)
		out.Result = lint.Base{Env: config.Env, Workdir: config.WorkingDir, Known: j.known[last], OnBuild: len(config.OnBuild) > 0, Takes: used.Stages[last].OnBuild}
	}
	return out, nil
}

// notShown are BuildKit's rules that say nothing here, or that lint has a better one for.
var notShown = []string{
	linter.RuleSecretsUsedInArgOrEnv.Name,
	linter.RuleInvalidBaseImagePlatform.Name,
	linter.RuleInvalidDefinitionDescription.Name,
	linter.RuleCopyIgnoredFile.Name,
}

// facts collects what instructions say.
type facts struct {
	out   *lint.Dockerfile
	lines []string
	lex   *shell.Lex
	idle  bool // the image is not made from the stage
}

func (f *facts) command(cmd instructions.Command) {
	switch c := cmd.(type) {
	case *instructions.ArgCommand:
		f.args(c)
	case *instructions.EnvCommand:
		lines := f.linesOf(c.Location())
		for _, kv := range c.Env {
			f.variable("ENV", kv.Key, kv.Value, lines, c.Location())
		}
	case *instructions.CopyCommand:
		if c.From == "" {
			f.copies("COPY", c.SourcePaths, "", c.Location())
		}
	case *instructions.AddCommand:
		f.copies("ADD", c.SourcePaths, c.Checksum, c.Location())
	}
}

func (f *facts) args(c *instructions.ArgCommand) {
	lines := f.linesOf(c.Location())
	for _, a := range c.Args {
		f.variable("ARG", a.Key, a.ValueString(), lines, c.Location())
	}
}

// variable finds the line of a name in an instruction over several lines.
func (f *facts) variable(instruction, name, value string, lines map[string]int, at []parser.Range) {
	line, ok := lines[name]
	if !ok {
		line = firstLine(at)
	}
	f.out.Variables = append(f.out.Variables, lint.Variable{Instruction: instruction, Name: name, Value: value, Line: line})
}

// linesOf finds the last line of each name that stands before an equals sign in an instruction.
func (f *facts) linesOf(at []parser.Range) map[string]int {
	lines := map[string]int{}
	for _, r := range at {
		for n := max(r.Start.Line, 1); n <= r.End.Line && n <= len(f.lines); n++ {
			for word := range strings.FieldsSeq(f.lines[n-1]) {
				if name, _, ok := strings.Cut(word, "="); ok {
					lines[name] = n
				}
			}
		}
	}
	return lines
}

func (f *facts) copies(instruction string, sources []string, checksum string, at []parser.Range) {
	for _, s := range sources {
		s = f.plain(s)
		c := lint.Copy{Instruction: instruction, Source: s, Line: firstLine(at), Pinned: checksum != "", Idle: f.idle}
		if instruction == "ADD" {
			ref, isGit, _ := dfgitutil.ParseGitRef(s)
			switch {
			case isGit && ref != nil && !ref.IndistinguishableFromLocal:
				c.Remote = "git repository"
				c.Pinned = c.Pinned || ref.Checksum != "" || commit.MatchString(ref.Ref) || strings.Contains(ref.Ref, "$")
			case strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://"):
				c.Remote = "URL"
			}
		}
		f.out.Copies = append(f.out.Copies, c)
	}
}

// plain is a source without the quotes around it. What has variables stays as it is.
func (f *facts) plain(source string) string {
	if strings.ContainsAny(source, `$\`) {
		return source
	}
	if out, _, err := f.lex.ProcessWord(source, argList(nil)); err == nil {
		return out
	}
	return source
}

// commit is a whole commit id, SHA-1 or SHA-256; a part of one could become ambiguous.
var commit = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)

// resolver answers BuildKit's question for the configuration of a base image.
type resolver struct{ bases lint.Bases }

// ResolveImageConfig implements sourceresolver.ImageMetaResolver.
func (r *resolver) ResolveImageConfig(_ context.Context, ref string, o sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	base := r.base(ref)
	img := ocispecs.Image{Config: ocispecs.ImageConfig{Env: base.Env, WorkingDir: base.Workdir}}
	if o.ImageOpt != nil && o.ImageOpt.Platform != nil {
		img.Platform = *o.ImageOpt.Platform
	}
	data, err := json.Marshal(img)
	if err != nil {
		return "", "", nil, fmt.Errorf("internal error: %w", err)
	}
	return ref, "", data, nil
}

// base asks for the reference as people write it, too: docker.io/library/x:1 is x:1.
func (r *resolver) base(written string) lint.Base {
	if r.bases == nil {
		return lint.Base{}
	}
	base := r.bases(written)
	if short := ref.Familiar(written); short != written && !base.Known && base.Env == nil {
		base = r.bases(short)
	}
	return base
}

// stages says of each stage whether all of what is below it is known.
func (r *resolver) stages(stages []instructions.Stage) []bool {
	known := make([]bool, len(stages))
	byName := map[string]bool{}
	for i, s := range stages {
		below, isStage := byName[strings.ToLower(s.BaseName)]
		switch {
		case isStage:
			known[i] = below
		case s.BaseName == "scratch":
			known[i] = true
		default:
			base := r.base(s.BaseName)
			known[i] = base.Known && !base.OnBuild // its instructions may set variables
		}
		if s.Name != "" {
			byName[strings.ToLower(s.Name)] = known[i]
		}
	}
	return known
}

// stageAt is the index of the stage that a line belongs to.
func stageAt(stages []instructions.Stage, line int) int {
	at := 0
	for i, s := range stages {
		if firstLine(s.Location) <= line {
			at = i
		}
	}
	return at
}
