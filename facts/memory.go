package facts

import (
	"context"

	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/state"
)

// Memory is a registry's answers in the state, where the next process finds them. What the state cannot
// tell or take is asked for again.
type Memory struct{ State *state.DB }

// Load implements registry.Memory.
func (m Memory) Load(ctx context.Context, refs []string) (map[string]registry.Remembered, error) {
	known, err := m.State.Remote(ctx, refs)
	if err != nil {
		return nil, harmless(ctx, err)
	}
	found := make(map[string]registry.Remembered, len(known))
	for ref, r := range known {
		inside := make(map[string]registry.Inside, len(r.Inside))
		for platform, i := range r.Inside {
			inside[platform] = registry.Inside(i)
		}
		found[ref] = registry.Remembered{Digest: r.Digest, ETag: r.ETag, At: r.At, Inside: inside}
	}
	return found, nil
}

// Save implements registry.Memory.
func (m Memory) Save(ctx context.Context, answers map[string]registry.Remembered) error {
	list := make(map[string]state.Remote, len(answers))
	for ref, r := range answers {
		inside := make(map[string]state.Inside, len(r.Inside))
		for platform, i := range r.Inside {
			inside[platform] = state.Inside(i)
		}
		list[ref] = state.Remote{Digest: r.Digest, ETag: r.ETag, At: r.At, Inside: inside}
	}
	return harmless(ctx, m.State.SaveRemote(ctx, list))
}

// harmless lets pass only what the state's owner mends, and the end of the work.
func harmless(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil || state.Damaged(err) {
		return err
	}
	return nil
}
