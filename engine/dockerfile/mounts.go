package dockerfile

import (
	"path"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/shell"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/secret"
)

// checkMounts finds out whether the options of RUN --mount can be read. If they have variables, which
// may come from an image that the stage is built on, only a build knows.
func (s *scanner) checkMounts(stage instructions.Stage) error {
	for _, cmd := range stage.Commands {
		if c, ok := cmd.(*instructions.RunCommand); ok {
			if err := expandMounts(c, s.lex); err != nil {
				return &fleet.ParseError{Line: firstLine(c.Location()), Err: err}
			}
		}
	}
	return nil
}

// expandMounts reads the options of RUN --mount. Words with variables stay as they are; an error that may be
// theirs is none.
func expandMounts(c *instructions.RunCommand, lex *shell.Lex) error {
	variable := false
	err := c.Expand(func(word string) (string, error) {
		if strings.Contains(word, "$") {
			variable = true
			return word, nil
		}
		out, _, err := lex.ProcessWord(word, argList(nil))
		return out, err
	})
	if variable {
		return nil
	}
	return err
}

// secrets are what the steps of a stage ask for; what ONBUILD instructions of a stage below ask for stands
// at the FROM.
func (s *scanner) secrets(i int, stage instructions.Stage) {
	if below, ok := s.below[i]; ok {
		for _, u := range s.out.Stages[below].OnBuildSecrets {
			u.Line = firstLine(stage.Location)
			s.out.Secrets = append(s.out.Secrets, u)
		}
	}
	for _, cmd := range stage.Commands {
		if c, ok := cmd.(*instructions.RunCommand); ok {
			s.out.Secrets = append(s.out.Secrets, secretsOf(c, firstLine(c.Location()))...)
		}
	}
}

// secretsOf are what one RUN asks for, by the ids that BuildKit gives to what has none. Ids with variables
// are for a build to find out.
func secretsOf(c *instructions.RunCommand, line int) []fleet.SecretUse {
	var found []fleet.SecretUse
	for _, m := range instructions.GetMounts(c) {
		u := fleet.SecretUse{ID: m.CacheID, Required: m.Required, Line: line}
		switch m.Type {
		case instructions.MountTypeSSH:
			u.SSH = true
			if u.ID == "" {
				u.ID = secret.DefaultAgent
			}
		case instructions.MountTypeSecret:
			if m.Source != "" {
				u.ID = m.Source
			}
			if u.ID == "" {
				u.ID = path.Base(m.Target)
			}
		default:
			continue
		}
		if !strings.Contains(u.ID, "$") {
			found = append(found, u)
		}
	}
	return found
}
