package registry

import (
	"context"
	"slices"
	"sync"

	"github.com/opencontainers/go-digest"
)

// flights lets one of several pushes send a blob that they share, and the others mount it. It
// remembers for the life of the client which repositories have which blobs.
type flights struct {
	mu  sync.Mutex
	out map[digest.Digest]chan struct{}
	in  map[digest.Digest][]string
}

func (f *flights) init() {
	f.out, f.in = map[digest.Digest]chan struct{}{}, map[digest.Digest][]string{}
}

// take waits until nobody else sends the blob. The returned function must be called at the end.
func (f *flights) take(ctx context.Context, d digest.Digest) (release func(), err error) {
	for {
		f.mu.Lock()
		other := f.out[d]
		if other == nil {
			mine := make(chan struct{})
			f.out[d] = mine
			f.mu.Unlock()
			return func() {
				f.mu.Lock()
				delete(f.out, d)
				f.mu.Unlock()
				close(mine)
			}, nil
		}
		f.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (f *flights) landed(d digest.Digest, repo string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Contains(f.in[d], repo) {
		f.in[d] = append(f.in[d], repo)
	}
}

// at returns repositories that had the blob a moment ago, one is enough.
func (f *flights) at(d digest.Digest) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if all := f.in[d]; len(all) > 0 {
		return all[len(all)-1:]
	}
	return nil
}
