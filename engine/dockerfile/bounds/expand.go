package bounds

import "strings"

// expand expands a word with the lexer, when it is known how long it gets at most. What cannot be expanded
// is BuildKit's to refuse.
func (c *checker) expand(text string, vars *variables) (value string, unknown int, err error) {
	if !strings.ContainsAny(text, "$\"'<\\`") {
		return text, 0, c.become(len(text))
	}
	n, err := c.measure(text, vars)
	if err != nil {
		return "", 0, err
	}
	if value, _, err = c.lex.ProcessWord(text, vars); err != nil {
		value = text
	}
	return value, n.unknown, nil
}

// measure counts what a word takes that is expanded.
func (c *checker) measure(text string, vars *variables) (size, error) {
	if strings.IndexByte(text, '$') < 0 {
		return size{known: len(text)}, c.plain(text)
	}
	m := newMeasure(text, c.Escape, true, vars)
	n := m.whole()
	c.work = add(c.work, times(m.absent, vars.names)) // BuildKit looks for names like those that are not there
	return n, c.spend(m, n)
}

// plain counts what a text takes that has no variables.
func (c *checker) plain(text string) error {
	c.work = add(c.work, len(text))
	return c.become(len(text))
}

// spend counts what an expansion takes.
func (c *checker) spend(m *measure, n size) error {
	if m.deep > maxNesting+1 {
		return c.fail("variables stand in each other more than %d deep", maxNesting)
	}
	if m.long > maxReplaced {
		return c.fail("a variable has a pattern of %d bytes, more than %d", m.long, maxReplaced)
	}
	c.expanded = c.expanded.plus(n)
	c.report.Unsure = c.report.Unsure || m.unsure
	c.work = add(c.work, m.work)
	return c.become(0)
}

// become counts bytes that an instruction becomes.
func (c *checker) become(n int) error {
	if c.work > maxWork {
		return c.fail("its variables take too many steps to replace")
	}
	if c.expanded.known = add(c.expanded.known, n); c.expanded.known > maxExpanded {
		return c.fail("with all variables in place it becomes longer than %d bytes", maxExpanded)
	}
	return nil
}

// put sets a variable.
func (c *checker) put(v *variables, name, value string, unknown int) error {
	if len(value) > maxVariable {
		return c.fail("the variable %.40s gets a value of %d bytes, more than %d", name, len(value), maxVariable)
	}
	v.put(name, value, unknown)
	if v.bytes > maxEnvironment {
		return c.fail("its variables have more than %d bytes", maxEnvironment)
	}
	return nil
}
