package bounds

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"

	"github.com/slipway-build/slipway/recipe"
)

// step is how many of a byte's copying one of BuildKit's takes that passes a variable on its way to another,
// or compares a part of a pattern with a character.
const step = 64

// command takes one instruction as BuildKit does: expands its words, then carries it out.
func (c *checker) command(s *scope, cmd instructions.Command) error {
	if err := c.count(1); err != nil {
		return err
	}
	s.entries++ // in the history
	switch cmd := cmd.(type) {
	case *instructions.ArgCommand:
		return c.arguments(s, cmd)
	case *instructions.EnvCommand:
		return c.environment(s, cmd)
	case *instructions.LabelCommand:
		s.entries += len(cmd.Labels)
		for _, kv := range cmd.Labels {
			if err := c.words(s, kv.Key, kv.Value); err != nil {
				return err
			}
		}
	case *instructions.VolumeCommand:
		s.entries += len(cmd.Volumes)
		return c.words(s, cmd.Volumes...)
	case *instructions.UserCommand:
		return c.words(s, cmd.User)
	case *instructions.StopSignalCommand:
		return c.words(s, cmd.Signal)
	case *instructions.OnbuildCommand:
		s.onBuild = append(s.onBuild, cmd.Expression)
	case *instructions.ShellCommand:
		s.shell = lengths(cmd.Shell)
	case *instructions.CmdCommand, *instructions.EntrypointCommand:
		return c.become(s.shell)
	case *instructions.ExposeCommand:
		return c.expose(s, cmd)
	case *instructions.WorkdirCommand:
		return c.enter(s, cmd)
	case *instructions.RunCommand:
		return c.run(s, cmd)
	case *instructions.CopyCommand:
		return c.copy(s, cmd.String(), cmd.SourcesAndDest, cmd.ExcludePatterns, cmd.Parents, cmd.Chown, cmd.Chmod)
	case *instructions.AddCommand:
		return c.copy(s, cmd.String(), cmd.SourcesAndDest, cmd.ExcludePatterns, false, cmd.Chown, cmd.Chmod, cmd.Checksum)
	}
	return nil
}

// words counts those of an instruction whose values say nothing of what follows.
func (c *checker) words(s *scope, words ...string) error {
	for _, word := range words {
		c.work = add(c.work, step*s.set)
		n, err := c.measure(word, s.variables)
		if err != nil {
			return err
		}
		if err := c.become(n.known); err != nil { // in the image's history
			return err
		}
	}
	return nil
}

func (c *checker) value(s *scope, word string) (value string, unknown int, err error) {
	c.work = add(c.work, step*s.set)
	return c.expand(word, s.variables)
}

// lengths are the bytes of words in a list.
func lengths(words []string) int {
	n := 0
	for _, w := range words {
		n += len(w) + 16
	}
	return n
}

// environment sets all variables of an ENV with the values of those above it.
func (c *checker) environment(s *scope, cmd *instructions.EnvCommand) error {
	type pair struct {
		name, value string
		unknown     int
	}
	pairs := make([]pair, len(cmd.Env))
	for i, kv := range cmd.Env {
		name, n, err := c.value(s, kv.Key)
		if err != nil {
			return err
		}
		value, m, err := c.value(s, kv.Value)
		if err != nil {
			return err
		}
		pairs[i] = pair{name, value, add(n, m)}
	}
	for _, p := range pairs {
		s.entries++
		c.work = add(c.work, step*len(s.of)) // BuildKit looks for it among all
		if err := c.put(s.variables, p.name, p.value, p.unknown); err != nil {
			return err
		}
		if err := c.become(len(p.value)); err != nil { // in the image's history
			return err
		}
	}
	return c.become(0)
}

func (c *checker) arguments(s *scope, cmd *instructions.ArgCommand) error {
	for _, a := range cmd.Args {
		value, unknown := "", 0
		given, is := c.Args[a.Key]
		global, inherited := c.globals.of[a.Key]
		switch {
		case is:
			value = given
		case a.Value != nil:
			var err error
			if value, unknown, err = c.value(s, *a.Value); err != nil {
				return err
			}
		case inherited:
			value, unknown = global.value, global.unknown
		}
		s.declared++
		s.arguments += len(a.Key) + len(value) + 2
		if is || a.Value != nil || inherited {
			if err := c.put(s.variables, a.Key, value, unknown); err != nil {
				return err
			}
		}
	}
	return nil
}

// name counts what a step is called: its text, with variables.
func (c *checker) name(s *scope, text string) error {
	if strings.IndexByte(text, '$') < 0 {
		return c.plain(text)
	}
	m := newMeasure(text, c.Escape, true, s.variables)
	return c.spend(m, m.whole())
}

func (c *checker) run(s *scope, cmd *instructions.RunCommand) error {
	s.layers++
	if err := c.name(s, cmd.String()); err != nil {
		return err
	}
	if len(instructions.GetMounts(cmd)) > 0 { // whose options have lost their quotes when they are expanded
		m := newMeasure(cmd.String(), 0, false, s.variables)
		if err := c.spend(m, m.whole()); err != nil {
			return err
		}
		c.work = add(c.work, times(step*s.set, strings.Count(cmd.String(), ",")+1))
	}
	c.expanded.unknown = add(c.expanded.unknown, s.unknown)
	if s.open {
		c.expanded.unknown = add(c.expanded.unknown, 1)
	}
	c.work = add(c.work, step*s.set)
	// Its environment, its entry in the history, its command.
	n := s.bytes + s.arguments + s.shell + lengths(cmd.CmdLine)
	for _, file := range cmd.Files {
		n += len(file.Data)
	}
	return c.become(n)
}

func (c *checker) copy(s *scope, text string, what instructions.SourcesAndDest, patterns []string, parents bool, options ...string) error {
	s.layers++
	if err := c.name(s, text); err != nil {
		return err
	}
	if err := c.words(s, options...); err != nil {
		return err
	}
	patterns = slices.Clone(patterns)
	for _, word := range append(slices.Clone(what.SourcePaths), what.DestPath) {
		name, _, err := c.value(s, word)
		switch {
		case err != nil:
			return err
		case len(name) > maxPath && !strings.Contains(name, "://"):
			return c.fail("a path has %d bytes, more than %d", len(name), maxPath)
		case parents:
			patterns = append(patterns, name)
		}
	}
	if err := recipe.CheckPatterns(patterns); err != nil {
		return c.fail("%v", err)
	}
	for _, file := range what.SourceContents {
		if file.Expand {
			m := newMeasure(file.Data, '\\', false, s.variables)
			if err := c.spend(m, m.whole()); err != nil {
				return err
			}
		}
	}
	// Each source is copied with the path and the patterns of all.
	return c.become(times(len(what.SourcePaths)+len(what.SourceContents), len(s.workdir)+len(what.DestPath)+lengths(patterns)))
}

func (c *checker) enter(s *scope, cmd *instructions.WorkdirCommand) error {
	dir, _, err := c.value(s, cmd.Path)
	if err != nil {
		return err
	}
	if !path.IsAbs(dir) {
		dir = path.Join(s.workdir, dir)
	}
	if s.workdir = path.Clean(dir); len(s.workdir) > maxPath {
		return c.fail("the working directory has a path of %d bytes, more than %d", len(s.workdir), maxPath)
	}
	if s.workdir != "/" { // which is there
		s.layers++
	}
	if err := c.name(s, cmd.String()); err != nil {
		return err
	}
	return c.become(len(s.workdir))
}

func (c *checker) expose(s *scope, cmd *instructions.ExposeCommand) error {
	for _, word := range cmd.Ports {
		value, unknown, err := c.value(s, word)
		if err != nil {
			return err
		}
		c.report.Unsure = c.report.Unsure || unknown > 0
		for port := range strings.FieldsSeq(value) {
			n := ports(port)
			c.ports += n
			s.entries += n
		}
	}
	if c.ports > maxPorts {
		return c.fail("it exposes more than %d ports", maxPorts)
	}
	return nil
}

// ports is how many a word of EXPOSE means: "80", "80/tcp", "8000-8999/udp".
func ports(word string) int {
	word, _, _ = strings.Cut(word, "/")
	word = word[strings.LastIndexByte(word, ':')+1:]
	from, to, ok := strings.Cut(word, "-")
	a, err1 := strconv.Atoi(from)
	b, err2 := strconv.Atoi(to)
	if !ok || err1 != nil || err2 != nil || b < a {
		return 1
	}
	return min(b-a+1, 1<<16)
}
