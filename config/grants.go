package config

import (
	"fmt"
	"slices"

	"github.com/slipway-build/slipway/secret"
)

// secretsName and sshName are own keys.
const secretsName, sshName = ownPrefix + "secrets", ownPrefix + "ssh"

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
func (r *reader) secrets(k *key) []SecretGrant {
	var list []SecretGrant
	r.grants(k, func(glob, spec string, at secret.Scene) error {
		s, err := secret.Parse(spec, at)
		list = append(list, SecretGrant{glob, s})
		return err
	}, "write 'id=NAME,src=FILE' or 'id=NAME,env=VARIABLE', in quotes: without them a comma ends the item")
	return list
}

func (r *reader) agents(k *key) []AgentGrant {
	var list []AgentGrant
	r.grants(k, func(glob, spec string, at secret.Scene) error {
		a, err := secret.ParseAgent(spec, at)
		list = append(list, AgentGrant{glob, a})
		return err
	}, "write default, default=SOCKET or NAME=KEYFILE; one with a comma needs quotes")
	return list
}

// grants reads a mapping of globs to specifications, each by add.
func (r *reader) grants(k *key, add func(glob, spec string, at secret.Scene) error, hint string) {
	key := k.name
	m, ok := r.value(k).(*Map)
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
			if err := add(glob, text, at); err != nil {
				r.fail(key, fmt.Sprintf("cannot use item %d below %s: %v", i+1, shownGlob(glob), err), hint)
			}
		}
	}
}

func shownGlob(glob any) string { return quote(pythonString(glob)) }

// secretFiles are the files of secrets and of SSH keys that the own keys name, as far as they can be read.
func (l *loader) secretFiles() (files []string) {
	quiet := &loader{sources: l.sources, table: l.table, settings: l.settings, nested: l.nested}
	r := quiet.reader(nil, nil)
	for _, g := range r.secrets(&key{name: secretsName}) {
		files = append(files, g.File)
	}
	for _, g := range r.agents(&key{name: sshName}) {
		if socket := l.sources.Env(secret.AgentVariable); socket == "" || !slices.Equal(g.Paths, []string{socket}) {
			files = append(files, g.Paths...)
		}
	}
	return slices.DeleteFunc(files, func(f string) bool { return f == "" })
}
