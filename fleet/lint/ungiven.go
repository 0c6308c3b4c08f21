package lint

// secrets looks at what the steps of the image ask for.
func (c *check) secrets() {
	if c.Given == nil {
		return
	}
	for _, use := range c.img.Secrets {
		if c.Given(c.img, use) {
			continue
		}
		how := "asks for"
		if use.Required {
			how = "needs"
		}
		c.addRendered(ungivenSecret, use.File, use.Line, use.Hint(), "a step %s %s, and nobody gives it", how, use)
		if !use.Required {
			c.findings[len(c.findings)-1].Severity = Note
		}
	}
}
