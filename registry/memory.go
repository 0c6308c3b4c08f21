package registry

import (
	"context"
	"time"
)

// Memory keeps what registries answered, for the next process. It is a cache: what it forgets is
// asked again. A Client makes one call of it at a time. Its errors are those of what needs it: a push
// moves no tag that cannot be forgotten first, so return nil where a stale answer does no harm.
type Memory interface {
	// Load returns what is known of these references; unknown ones are left out. References are in
	// their canonical form: docker.io/library/base:1.0.
	Load(ctx context.Context, refs []string) (map[string]Remembered, error)
	// Save keeps answers, all or none. An entry without a digest says: forget this reference.
	Save(ctx context.Context, answers map[string]Remembered) error
}

// Remembered is an answer of a registry.
type Remembered struct {
	Digest string    // of the manifest or index
	ETag   string    // as the registry wrote it; "" when it gave none
	At     time.Time // when it was last seen to be so

	// Inside is what Look found in it, by platform. It has nothing when only Digests asked.
	Inside map[string]Inside
}

// Inside is what a manifest or index has for a platform.
type Inside struct {
	Looked      string            // which annotations were asked for, as a JSON list of their names
	ID          string            // see Published
	Annotations map[string]string // see Published
}

// load asks Memory what is known.
func (c *Client) load(ctx context.Context, refs []string) (map[string]Remembered, error) {
	if c.opts.Memory == nil || len(refs) == 0 {
		return nil, nil
	}
	c.memory.Lock()
	defer c.memory.Unlock()
	return c.opts.Memory.Load(ctx, refs)
}

// save keeps what was asked for since a time. What this client has changed meanwhile is forgotten
// instead: the answer may be from before the change.
func (c *Client) save(ctx context.Context, news map[string]Remembered, since time.Time) error {
	if c.opts.Memory == nil || len(news) == 0 {
		return nil
	}
	c.memory.Lock()
	defer c.memory.Unlock()
	for ref := range news {
		if ch := c.changed[ref]; ch.underWay > 0 || ch.last.After(since) {
			news[ref] = Remembered{}
		}
	}
	return c.opts.Memory.Save(ctx, news)
}

// change is what this client does to a reference: several pushes may move the same tag at a time.
type change struct {
	underWay int
	last     time.Time // when one began or ended
}

// changing forgets references before they are changed, so that a process which is killed right after
// leaves nothing stale. The caller calls done when the change was tried.
func (c *Client) changing(ctx context.Context, refs ...string) (done func(), err error) {
	if c.opts.Memory == nil {
		return func() {}, nil
	}
	forget := map[string]Remembered{}
	for _, ref := range refs {
		forget[ref] = Remembered{}
	}
	mark := func(n int) {
		c.memory.Lock()
		defer c.memory.Unlock()
		for ref := range forget {
			c.changed[ref] = change{underWay: c.changed[ref].underWay + n, last: time.Now()}
		}
	}
	mark(1)
	done = func() { mark(-1) }
	if err := c.save(ctx, forget, time.Now()); err != nil {
		done()
		return nil, err
	}
	return done, nil
}
