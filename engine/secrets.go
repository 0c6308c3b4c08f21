package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/secrets/secretsprovider"
	"github.com/moby/buildkit/session/sshforward/sshprovider"

	"github.com/slipway-build/slipway/engine/scope"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/secret"
)

// CheckAgent tells whether builds can use an SSH agent: its socket is there, or its keys can be read.
func CheckAgent(a secret.Agent) error {
	_, err := agents([]secret.Agent{a})
	return err
}

// attachables serve what a build is given to its steps. Each id has its origin in it, see package scope.
func attachables(given secret.Set) ([]session.Attachable, error) {
	var out []session.Attachable
	if len(given.Values) > 0 {
		values := make(map[string][]byte, len(given.Values))
		for _, v := range given.Values {
			values[scope.ID(v.ID, v.Origin)] = v.Data
		}
		out = append(out, secretsprovider.FromMap(values))
	}
	if len(given.Agents) > 0 {
		provider, err := agents(given.Agents)
		if err != nil {
			return nil, err
		}
		out = append(out, provider)
	}
	return out, nil
}

func agents(list []secret.Agent) (session.Attachable, error) {
	var configs []sshprovider.AgentConfig
	for _, a := range list {
		what := "the SSH agent " + a.ID
		if len(a.Paths) == 0 {
			return nil, problem.Withf(fmt.Errorf("cannot use %s: %s is not set", what, secret.AgentVariable), "start an agent, or name its socket or a private key behind %s=", a.ID)
		}
		if err := checkKeys(a.Paths); err != nil {
			return nil, fmt.Errorf("cannot use %s of %s: %w", what, strings.Join(a.Paths, ", "), err)
		}
		c := sshprovider.AgentConfig{ID: scope.ID(a.ID, a.Origin), Paths: a.Paths, Raw: a.Raw}
		if _, err := sshprovider.NewSSHAgentProvider([]sshprovider.AgentConfig{c}); err != nil {
			return nil, fmt.Errorf("cannot use %s of %s: %w", what, strings.Join(a.Paths, ", "), agentCause(err))
		}
		configs = append(configs, c)
	}
	return sshprovider.NewSSHAgentProvider(configs)
}

// checkKeys refuses what is neither a file nor a socket: each build reads a key anew, and would wait for a pipe.
func checkKeys(paths []string) error {
	for _, path := range paths {
		info, err := os.Stat(path)
		if err == nil && !info.Mode().IsRegular() && info.Mode().Type() != fs.ModeSocket {
			return errors.New("it is neither a socket nor a file with a private key")
		}
	}
	return nil // what is not there is told of by who opens it
}

// agentCause is what is wrong with a socket or a key, without what BuildKit puts around it.
func agentCause(err error) error {
	text := err.Error()
	if strings.Contains(text, "passphrase protected") {
		return problem.New("the key has a passphrase", "add it to an agent with ssh-add, and name the agent's socket")
	}
	cause := err
	for errors.Unwrap(cause) != nil {
		cause = errors.Unwrap(cause)
	}
	return cause
}

// scopes tell the frontend the origins of what the build is given.
func scopes(given secret.Set, attrs map[string]string) {
	for _, v := range given.Values {
		attrs[scope.Secret+v.ID] = v.Origin
	}
	for _, a := range given.Agents {
		attrs[scope.Agent+a.ID] = a.Origin
	}
}
