package config

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/slipway-build/slipway/secret"
)

// secretsName and sshName are own keys.
const secretsName, sshName = "secrets", "ssh"

// SecretGrant gives images a secret, AgentGrant an SSH agent.
type (
	SecretGrant struct {
		Images string // glob, as that of --select
		secret.Source
	}
	AgentGrant struct {
		Images string
		secret.Agent
	}
)

// maxGrants is how many secrets, or agents, a configuration may give.
const maxGrants = 10_000

// secrets reads what the key gives. What a specification holds may be a secret in the wrong place: it is
// not shown.
func (r *reader) secrets(key string) []SecretGrant {
	var list []SecretGrant
	r.grants(key, func(glob, spec string, at secret.Scene) error {
		s, err := secret.Parse(spec, at)
		list = append(list, SecretGrant{glob, s})
		return err
	}, "write 'id=NAME,src=FILE' or 'id=NAME,env=VARIABLE', in quotes: without them a comma ends the item")
	return list
}

func (r *reader) agents(key string) []AgentGrant {
	var list []AgentGrant
	r.grants(key, func(glob, spec string, at secret.Scene) error {
		a, err := secret.ParseAgent(spec, at)
		list = append(list, AgentGrant{glob, a})
		return err
	}, "write default, default=SOCKET or NAME=KEYFILE; one with a comma needs quotes")
	return list
}

// grants reads a mapping of globs to specifications, each by add.
func (r *reader) grants(key string, add func(glob, spec string, at secret.Scene) error, hint string) {
	m, ok := r.vars[key].(*Map)
	if !ok {
		return
	}
	dir, err := r.relative(key, ".")
	if err != nil {
		r.fail(key, "has no folder: "+err.Error(), "")
		return
	}
	at := secret.Scene{Name: key, Dir: dir, Env: r.l.sources.Env}
	count := 0
	for _, item := range m.Items() {
		glob, _ := item.Key.(string)
		specs, _ := item.Value.([]any)
		if count += len(specs); count > maxGrants {
			r.fail(key, fmt.Sprintf("has more than %d items", maxGrants), "remove those that are not needed")
			return
		}
		for i, spec := range specs {
			text, _ := spec.(string)
			if len(r.l.errs) >= maxProblems {
				return
			}
			if err := add(glob, text, at); err != nil {
				r.fail(key, fmt.Sprintf("cannot use item %d below %s: %v", i+1, shownGlob(glob), err), hint)
			}
		}
	}
}

func shownGlob(glob any) string {
	text := pythonString(glob)
	if len(text) > 100 {
		text = text[:100] + "…"
	}
	return strconv.Quote(text)
}

// secretFiles are the files of secrets and of SSH keys that the own keys name, as far as they can be read.
func (l *loader) secretFiles() (files []string) {
	r := &reader{l: &loader{sources: l.sources, settings: l.settings, nested: l.nested}, vars: map[string]any{}}
	for _, name := range []string{secretsName, sshName} {
		if value := l.nested[ownName(name)].value; listsByGlob.fault(value) == nil {
			r.vars[ownName(name)] = value
		}
	}
	for _, g := range r.secrets(ownName(secretsName)) {
		files = append(files, g.File)
	}
	for _, g := range r.agents(ownName(sshName)) {
		if socket := l.sources.Env(secret.AgentVariable); socket == "" || !slices.Equal(g.Paths, []string{socket}) {
			files = append(files, g.Paths...)
		}
	}
	return slices.DeleteFunc(files, func(f string) bool { return f == "" })
}
