package secret

import (
	"errors"
	"strconv"
	"strings"
)

// DefaultAgent is the id of an agent that neither the Dockerfile nor --ssh names.
const DefaultAgent = "default"

// AgentVariable has the socket of the agent that is meant where no path is given.
const AgentVariable = "SSH_AUTH_SOCK"

// Agent is one SSH agent that steps may use: a socket, or one that is made of private keys.
type Agent struct {
	ID string
	// Paths are absolute: one socket, or files of private keys.
	Paths []string
	// Raw passes the socket on as it is, whatever speaks there.
	Raw    bool
	Origin string // as Source.Origin
}

// ParseAgent reads what --ssh takes: ID[=SOCKET|KEY[,KEY]][,raw=true]. Without a path it is the agent of
// AgentVariable; if that is not set, Paths is empty.
func ParseAgent(spec string, at Scene) (Agent, error) {
	id, list, _ := strings.Cut(spec, "=")
	a := Agent{ID: id, Origin: at.Name + " env " + AgentVariable}
	if id == "" {
		return Agent{}, errors.New("it has no id; the usual one is " + DefaultAgent)
	}
	var given []string
	for _, part := range strings.Split(list, ",") {
		if raw, ok := strings.CutPrefix(part, "raw="); ok {
			var err error
			if a.Raw, err = strconv.ParseBool(raw); err != nil {
				return Agent{}, errors.New("raw is neither true nor false")
			}
			continue
		}
		if part != "" {
			given = append(given, part)
		}
	}
	if len(given) > 0 {
		a.Origin = at.Name + " " + strings.Join(given, ",")
	} else if socket := at.env(AgentVariable); socket != "" {
		given = []string{socket}
	}
	if a.Raw && len(given) > 1 {
		return Agent{}, errors.New("raw goes with one socket")
	}
	for _, name := range given {
		path, err := at.path(name)
		if err != nil {
			return Agent{}, err
		}
		a.Paths = append(a.Paths, path)
	}
	return a, nil
}

// Set is what one build is given, each id once.
type Set struct {
	Values []Value
	Agents []Agent
}
