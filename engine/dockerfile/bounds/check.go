package bounds

import (
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// Dockerfile is what BuildKit's parser made of a text that checkText let pass.
type Dockerfile struct {
	Stages []instructions.Stage
	Meta   []instructions.ArgCommand // before the first FROM
	Escape rune
	Args   map[string]string // build arguments that are given
}

// Report is what is left to know of a Dockerfile that is within the bounds.
type Report struct {
	// Layers is how many each stage has, with those of its base as far as they are known.
	Layers []int
	// Unsure tells that the Dockerfile may be too much with what its bases have.
	Unsure bool
}

// Check refuses a Dockerfile that would take too much. Bases tells what images have, and is false for
// those that are not known; nil knows none. The error is an *Error.
func Check(d Dockerfile, bases func(ref string) (Base, bool)) (Report, error) {
	c := &checker{
		Dockerfile: d, bases: bases, lex: shell.NewLex(d.Escape), globals: newVariables(), byName: map[string]*scope{},
	}
	for i := range d.Meta {
		if err := c.global(&d.Meta[i]); err != nil {
			return Report{}, err
		}
	}
	for i := range d.Stages {
		if err := c.stage(&d.Stages[i]); err != nil {
			return Report{}, err
		}
	}
	if err := c.become(0); err != nil {
		return Report{}, err
	}
	c.report.Unsure = c.report.Unsure || times(c.expanded.unknown, maxEnvironment) > maxExpanded
	return c.report, nil
}

type checker struct {
	Dockerfile
	bases   func(string) (Base, bool)
	lex     *shell.Lex
	globals *variables
	byName  map[string]*scope
	report  Report

	line         int // of the instruction
	instructions int
	entries      int
	ports        int
	work         int
	expanded     size
}

func (c *checker) fail(format string, args ...any) error { return tooMuch(c.line, format, args...) }

func (c *checker) global(cmd *instructions.ArgCommand) error {
	c.line = lineOf(cmd.Location())
	c.instructions++
	for _, a := range cmd.Args {
		value, given := c.Args[a.Key]
		unknown := 0
		if !given && a.Value == nil {
			continue
		}
		if !given {
			var err error
			if value, unknown, err = c.expand(*a.Value, c.globals); err != nil {
				return err
			}
		}
		if err := c.put(c.globals, a.Key, value, unknown); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) stage(stage *instructions.Stage) error {
	c.line = lineOf(stage.Location)
	base, unknown, err := c.expand(stage.BaseName, c.globals)
	if err != nil {
		return err
	}
	c.report.Unsure = c.report.Unsure || unknown > 0
	if _, err := c.measure(stage.Platform, c.globals); err != nil {
		return err
	}
	s, triggers, err := c.begin(base)
	if err != nil {
		return err
	}
	for _, cmd := range triggers {
		if err := c.command(s, cmd); err != nil {
			return err
		}
	}
	for _, cmd := range stage.Commands {
		c.line = lineOf(cmd.Location())
		if err := c.command(s, cmd); err != nil {
			return err
		}
	}
	c.report.Layers = append(c.report.Layers, s.layers)
	if stage.Name != "" {
		c.byName[strings.ToLower(stage.Name)] = s
	}
	return nil
}

// begin is what a stage has at its beginning, and the instructions that ONBUILD brings into it.
func (c *checker) begin(base string) (*scope, []instructions.Command, error) {
	var s *scope
	var onBuild []string
	if below, ok := c.byName[strings.ToLower(base)]; ok {
		s, onBuild = below.below(), below.onBuild
	} else {
		s = &scope{variables: newVariables(), workdir: "/"}
		known := Base{}
		if s.open = base != "scratch"; s.open && c.bases != nil {
			var is bool
			known, is = c.bases(base)
			s.open = !is
		}
		s.add(known.Env)
		s.layers, onBuild = known.Layers, known.OnBuild
	}
	// What BuildKit copies, or goes through, for each stage.
	if c.entries += s.entries + len(s.of) + s.declared + len(c.globals.of); c.entries > maxEntries {
		return nil, nil, c.fail("its stages inherit more than %d variables, labels and other entries", maxEntries)
	}
	if len(onBuild) > maxInstructions-c.instructions {
		return nil, nil, c.count(len(onBuild))
	}
	triggers, err := c.parse(onBuild)
	return s, triggers, err
}

// add takes variables as an image has them.
func (s *scope) add(env []string) {
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		s.put(name, value, 0)
	}
}

// parse reads instructions that ONBUILD keeps. One that cannot be read is BuildKit's to refuse.
func (c *checker) parse(onBuild []string) (commands []instructions.Command, err error) {
	for _, text := range onBuild {
		if err := checkText([]byte(text)); err != nil {
			return nil, err
		}
		tree, err := parser.Parse(strings.NewReader(text))
		if err != nil || len(tree.AST.Children) != 1 {
			continue
		}
		if cmd, err := instructions.ParseCommand(tree.AST.Children[0]); err == nil {
			commands = append(commands, cmd)
		}
	}
	return commands, nil
}

func (c *checker) count(n int) error {
	if c.instructions += n; c.instructions > maxInstructions {
		return c.fail("it has more than %d instructions, with those that ONBUILD brings", maxInstructions)
	}
	return nil
}

func lineOf(ranges []parser.Range) int {
	if len(ranges) == 0 {
		return 0
	}
	return ranges[0].Start.Line
}
