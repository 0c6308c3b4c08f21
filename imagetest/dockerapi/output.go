package dockerapi

import (
	"sync"
	"time"
)

const (
	// outputLimit is how much of a container's output is kept; the oldest goes first.
	outputLimit = 16 << 20
	// attachLag is how far an attached client may fall behind before the
	// container waits for it. It is less than outputLimit, so nothing is lost.
	attachLag = 4 << 20
	// chunkOverhead accounts for the memory of a chunk beside its data.
	chunkOverhead = 64
)

// stream tells a container's outputs apart, with the numbers of Docker's
// multiplexed stream format.
type stream byte

const (
	stdoutStream stream = 1
	stderrStream stream = 2
)

// chunk is one write of the container.
type chunk struct {
	stream stream
	at     time.Time
	data   []byte
}

// output keeps what a container wrote, over all its runs. Logs and attached
// clients all read from it, each at its own pace.
type output struct {
	limit, lag int
	now        func() time.Time

	mu      sync.Mutex
	changed *sync.Cond
	chunks  []chunk
	// first is the number of chunks that were dropped, start and end the sizes
	// of all that was dropped and written.
	first      int
	start, end int
	// runs counts the runs that have ended; closed is set when no more can come.
	runs    int
	closed  bool
	hurry   bool
	readers map[*reader]struct{}
}

func newOutput() *output {
	o := &output{limit: outputLimit, lag: attachLag, now: time.Now, readers: map[*reader]struct{}{}}
	o.changed = sync.NewCond(&o.mu)
	return o
}

// outputWriter writes one of the streams.
type outputWriter struct {
	output *output
	stream stream
}

func (o *output) writer(s stream) outputWriter { return outputWriter{o, s} }

// Write implements io.Writer. It waits for attached readers that are far behind.
func (w outputWriter) Write(p []byte) (int, error) {
	o := w.output
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.slowReader() {
		o.changed.Wait()
	}
	o.chunks = append(o.chunks, chunk{w.stream, o.now().UTC(), append([]byte(nil), p...)})
	o.end += len(p) + chunkOverhead
	drop := 0
	for drop < len(o.chunks)-1 && o.end-o.start > o.limit {
		o.start += len(o.chunks[drop].data) + chunkOverhead
		o.chunks[drop] = chunk{}
		drop++
	}
	o.chunks = o.chunks[drop:]
	o.first += drop
	o.changed.Broadcast()
	return len(p), nil
}

// slowReader says whether a lossless reader holds the container up.
func (o *output) slowReader() bool {
	if o.hurry || o.closed {
		return false
	}
	for r := range o.readers {
		if r.lossless && o.end-r.offset > o.lag {
			return true
		}
	}
	return false
}

// release lets the container write on without waiting for anybody: it is about
// to be killed.
func (o *output) release() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hurry = true
	o.changed.Broadcast()
}

// begin starts a run, finish ends it.
func (o *output) begin() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.hurry = false
}

func (o *output) finish() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.runs++
	o.changed.Broadcast()
}

// close ends all readers: the container is removed.
func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.changed.Broadcast()
}

// reader reads an output from some point on.
type reader struct {
	output *output
	next   int // number of the next chunk, counted from the container's first
	offset int
	// until is the number of ended runs at which the reader ends; -1 ends it at
	// the present end of the output.
	until    int
	lossless bool
	closed   bool
}

// snapshot reads what is there and ends.
func (o *output) snapshot() *reader {
	o.mu.Lock()
	defer o.mu.Unlock()
	return &reader{output: o, next: o.first, offset: o.start, until: -1}
}

// follow reads until the present run, or the next if none is, has ended. With
// past it begins with all that is kept. A lossless reader slows the container
// down instead of missing anything.
func (o *output) follow(past, lossless bool) *reader {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := &reader{output: o, next: o.first, offset: o.start, until: o.runs + 1, lossless: lossless}
	if !past {
		r.next, r.offset = o.first+len(o.chunks), o.end
	}
	o.readers[r] = struct{}{}
	return r
}

// read returns the next chunks, waiting for them if need be; none at the end.
func (r *reader) read() []chunk {
	o := r.output
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		if r.closed {
			return nil
		}
		if r.next < o.first {
			r.next, r.offset = o.first, o.start
		}
		if ready := o.chunks[r.next-o.first:]; len(ready) > 0 {
			return append([]chunk(nil), ready...)
		}
		if r.until < 0 || o.runs >= r.until || o.closed {
			return nil
		}
		o.changed.Wait()
	}
}

// present returns the chunks that are there, as delivered.
func (r *reader) present() []chunk {
	o := r.output
	o.mu.Lock()
	defer o.mu.Unlock()
	ready := append([]chunk(nil), o.chunks[max(r.next, o.first)-o.first:]...)
	r.next, r.offset = o.first+len(o.chunks), o.end
	return ready
}

// done says that a chunk was delivered.
func (r *reader) done(c chunk) {
	o := r.output
	o.mu.Lock()
	defer o.mu.Unlock()
	r.next++
	r.offset += len(c.data) + chunkOverhead
	o.changed.Broadcast()
}

// close ends the reader; the container no longer waits for it.
func (r *reader) close() {
	o := r.output
	o.mu.Lock()
	defer o.mu.Unlock()
	r.closed = true
	delete(o.readers, r)
	o.changed.Broadcast()
}
