// Package scope keeps apart the secrets and SSH agents that have one id and different origins.
//
// BuildKit runs a step once that several builds have in common, with the secrets of any of them, and keeps
// its result for later ones. So an id that a step names gets the origin of what the build is given under
// it: steps are the same only if their secrets come from the same place. Nothing of a secret itself is in
// the steps, so a secret that changed is no other step.
package scope

import (
	"fmt"
	"strings"

	"github.com/moby/buildkit/solver/pb"
	"github.com/opencontainers/go-digest"

	"github.com/slipway-build/slipway/secret"
)

// Secret and Agent, with an id behind it, are the frontend's attributes that hold origins.
const (
	Secret = "slipway-secret:"
	Agent  = "slipway-ssh:"
)

// ID is the id with its origin.
func ID(id, origin string) string { return id + " (" + origin + ")" }

// Origins are the origins by ids.
type Origins struct{ secrets, agents map[string]string }

// Of reads them from a frontend's attributes.
func Of(attrs map[string]string) Origins {
	o := Origins{map[string]string{}, map[string]string{}}
	for name, origin := range attrs {
		if id, ok := strings.CutPrefix(name, Secret); ok {
			o.secrets[id] = origin
		} else if id, ok := strings.CutPrefix(name, Agent); ok {
			o.agents[id] = origin
		}
	}
	return o
}

// Apply returns the definition with origins in its ids. It is the same one if there are none.
func (o Origins) Apply(def *pb.Definition) (*pb.Definition, error) {
	if def == nil || len(o.secrets)+len(o.agents) == 0 {
		return def, nil
	}
	out, moved := def.CloneVT(), map[string]string{}
	for i, data := range out.Def { // each operation comes after those that it takes
		var op pb.Op
		if err := op.Unmarshal(data); err != nil {
			return nil, fmt.Errorf("cannot read a build step: %w", err)
		}
		changed := o.rename(op.GetExec())
		for _, in := range op.Inputs {
			if to, ok := moved[in.Digest]; ok {
				in.Digest, changed = to, true
			}
		}
		if !changed {
			continue
		}
		written, err := op.Marshal()
		if err != nil {
			return nil, fmt.Errorf("cannot write a build step: %w", err)
		}
		out.Def[i] = written
		moved[digest.FromBytes(data).String()] = digest.FromBytes(written).String()
	}
	move(out.Metadata, moved)
	if out.Source != nil {
		move(out.Source.Locations, moved)
	}
	return out, nil
}

// move gives what is known of operations to those in their place.
func move[T any](of map[string]T, moved map[string]string) {
	found := map[string]T{}
	for from, to := range moved {
		if v, ok := of[from]; ok {
			found[to] = v
			delete(of, from)
		}
	}
	for to, v := range found {
		of[to] = v
	}
}

// rename puts origins into the ids of one step, and tells whether there were any.
func (o Origins) rename(exec *pb.ExecOp) (changed bool) {
	if exec == nil {
		return false
	}
	put := func(id *string, unnamed string, origins map[string]string) {
		name := *id
		if name == "" {
			name = unnamed
		}
		if origin, ok := origins[name]; ok {
			*id, changed = ID(name, origin), true
		}
	}
	for _, m := range exec.Mounts {
		if m.SecretOpt != nil {
			put(&m.SecretOpt.ID, "", o.secrets)
		}
		if m.SSHOpt != nil {
			put(&m.SSHOpt.ID, secret.DefaultAgent, o.agents)
		}
	}
	for _, e := range exec.Secretenv {
		put(&e.ID, "", o.secrets)
	}
	return changed
}
