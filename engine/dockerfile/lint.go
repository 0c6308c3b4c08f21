package dockerfile

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dfgitutil"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/fleet/lint"
)

// Lint finds what lint judges, with BuildKit's own linter. It takes BuildKit's way from a
// Dockerfile to build steps, for all stages and without network: images that bases does not know
// are taken for empty ones. The error is a *fleet.ParseError; what was found before it is returned
// too.
func Lint(ctx context.Context, data []byte, bases lint.Bases) (lint.Dockerfile, error) {
	var out lint.Dockerfile
	used, err := Parse(data)
	if err != nil {
		return out, err
	}
	out.Uses = used.Uses
	tree, err := parser.Parse(strings.NewReader(string(data)))
	if err != nil {
		return out, newError(err)
	}
	stages, meta, err := instructions.Parse(tree.AST, nil)
	if err != nil {
		return out, newError(err)
	}
	l := &facts{out: &out, lines: strings.Split(string(data), "\n")}
	for i := range meta {
		l.args(&meta[i])
	}
	for _, stage := range stages {
		for _, cmd := range stage.Commands {
			l.command(cmd)
		}
	}
	r := &resolver{bases}
	warn := func(rule, _, _, text string, location []parser.Range) {
		out.Warnings = append(out.Warnings, lint.Advice{Rule: rule, Text: text, Line: firstLine(location)})
	}
	result, err := dockerfile2llb.Dockerfile2LLB(ctx, data, dockerfile2llb.ConvertOpt{
		MetaResolver: r, Warn: warn, AllStages: true,
		SourceMap: llb.NewSourceMap(nil, "Dockerfile", "Dockerfile", data),
	})
	known := r.stages(stages)
	out.Warnings = slices.DeleteFunc(out.Warnings, func(w lint.Advice) bool {
		return slices.Contains(notShown, w.Rule) || w.Rule == linter.RuleUndefinedVar.Name && !known[stageAt(stages, w.Line)]
	})
	if err != nil {
		return out, newError(err)
	}
	out.Result = lint.Base{Env: result.Image.Config.Env, Workdir: result.Image.Config.WorkingDir, Known: known[len(stages)-1]}
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
}

func (f *facts) command(cmd instructions.Command) {
	switch c := cmd.(type) {
	case *instructions.ArgCommand:
		f.args(c)
	case *instructions.EnvCommand:
		for _, kv := range c.Env {
			f.variable("ENV", kv.Key, kv.Value, c.Location())
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
	for _, a := range c.Args {
		f.variable("ARG", a.Key, a.ValueString(), c.Location())
	}
}

// variable finds the line of a name in an instruction over several lines.
func (f *facts) variable(instruction, name, value string, at []parser.Range) {
	line := firstLine(at)
	for _, r := range at {
		for n := r.Start.Line; n <= r.End.Line && n <= len(f.lines); n++ {
			if strings.Contains(f.lines[n-1], name+"=") {
				line = n
			}
		}
	}
	f.out.Variables = append(f.out.Variables, lint.Variable{Instruction: instruction, Name: name, Value: value, Line: line})
}

func (f *facts) copies(instruction string, sources []string, checksum string, at []parser.Range) {
	for _, s := range sources {
		c := lint.Copy{Instruction: instruction, Source: s, Line: firstLine(at), Pinned: checksum != ""}
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
func (r *resolver) base(ref string) lint.Base {
	if r.bases == nil {
		return lint.Base{}
	}
	base := r.bases(ref)
	if named, err := reference.ParseNormalizedNamed(ref); err == nil && !base.Known && base.Env == nil {
		base = r.bases(reference.FamiliarString(named))
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
			known[i] = r.base(s.BaseName).Known
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
