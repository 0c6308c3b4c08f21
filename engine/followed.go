package engine

import (
	"context"
	"strings"

	gateway "github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/solver/pb"
	"github.com/opencontainers/go-digest"

	"github.com/slipway-build/slipway/recipe"
)

// contextName is the name under which BuildKit's frontend asks for the build context.
const contextName = "local://context"

// followed reads from a result's build steps what they take of the context. It is not known when there is
// more than one result.
func followed(ctx context.Context, res *gateway.Result) (uses []recipe.Use, known bool) {
	ref, err := res.SingleRef()
	if err != nil {
		return nil, false
	}
	if ref == nil { // FROM scratch, and no step
		return nil, true
	}
	state, err := ref.ToState()
	if err != nil {
		return nil, false
	}
	def, err := state.Marshal(ctx)
	if err != nil {
		return nil, false
	}
	return usesOf(def.Def)
}

// usesOf reads a definition, which is a list of marshalled operations; each is known by its digest.
func usesOf(def [][]byte) (uses []recipe.Use, known bool) {
	ops := make([]*pb.Op, len(def))
	contexts := map[string]bool{}
	for i, data := range def {
		ops[i] = &pb.Op{}
		if err := ops[i].UnmarshalVT(data); err != nil {
			return nil, false
		}
		if s := ops[i].GetSource(); s != nil && s.Identifier == contextName {
			contexts[digest.FromBytes(data).String()] = true
		}
	}
	for _, op := range ops {
		var inputs []int // that are the context
		for i, in := range op.Inputs {
			if contexts[in.Digest] {
				inputs = append(inputs, i)
			}
		}
		for _, i := range inputs {
			uses = append(uses, usesOfInput(op, int64(i))...)
		}
	}
	uses = recipe.Normalize(uses)
	// A pattern that nobody can read is BuildKit's to refuse, with its place.
	return uses, recipe.Check(uses) == nil
}

// usesOfInput is what an operation takes of one of its inputs.
func usesOfInput(op *pb.Op, input int64) []recipe.Use {
	var uses []recipe.Use
	switch {
	case op.GetFile() != nil:
		for _, action := range op.GetFile().Actions {
			if c := action.GetCopy(); c != nil && action.SecondaryInput == input {
				uses = append(uses, copied(c))
			}
			if action.Input == input {
				uses = append(uses, recipe.NewUse("/"))
			}
		}
	case op.GetExec() != nil:
		for _, m := range op.GetExec().Mounts {
			if m.Input == input {
				uses = append(uses, recipe.NewUse(m.Selector))
			}
		}
	}
	if len(uses) == 0 { // a way to use it that was not thought of
		uses = append(uses, recipe.NewUse("/"))
	}
	return uses
}

// copied is what a copy takes. Of names with backslashes BuildKit's parts have different opinions.
func copied(c *pb.FileActionCopy) recipe.Use {
	if strings.ContainsRune(c.Src, '\\') {
		return recipe.NewUse("/")
	}
	u := recipe.NewUse(c.Src)
	u.Wildcard = c.AllowWildcard && strings.ContainsAny(u.Path, "*?[")
	u.Include, u.Exclude = c.IncludePatterns, c.ExcludePatterns
	return u
}
