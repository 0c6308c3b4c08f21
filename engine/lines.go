package engine

import (
	"bytes"
	"slices"

	"github.com/moby/buildkit/client"
	"github.com/opencontainers/go-digest"
)

// maxHeld bounds a line that does not end, in bytes: more than the longest secret has.
const maxHeld = 1 << 20

// lines holds what steps print back until the line ends, or the step does. BuildKit's display repeats the last
// lines of a step that fails, but of a line that came in parts the last part alone: who looks for a secret
// in its text does not find the rest of one.
type lines map[digest.Digest][]*client.VertexLog // by step, one for each stream

// whole is a status with whole lines.
func (l lines) whole(s *client.SolveStatus) *client.SolveStatus {
	out := *s
	out.Logs = nil
	for _, log := range s.Logs {
		log = l.join(log)
		end := bytes.LastIndexByte(log.Data, '\n') + 1
		if len(log.Data) > maxHeld {
			end = len(log.Data)
		}
		if rest := *log; end < len(log.Data) {
			rest.Data = slices.Clone(log.Data[end:])
			l[log.Vertex] = append(l[log.Vertex], &rest)
		}
		if log.Data = log.Data[:end]; end > 0 {
			out.Logs = append(out.Logs, log)
		}
	}
	for _, v := range s.Vertexes {
		if v.Completed != nil {
			out.Logs = append(out.Logs, l.take(v.Digest)...)
		}
	}
	return &out
}

// join puts what is held of a stream before what comes now.
func (l lines) join(now *client.VertexLog) *client.VertexLog {
	joined := *now
	l[now.Vertex] = slices.DeleteFunc(l[now.Vertex], func(h *client.VertexLog) bool {
		if h.Stream != now.Stream {
			return false
		}
		joined.Data = append(h.Data, now.Data...)
		return true
	})
	return &joined
}

// take ends what is held of a step.
func (l lines) take(step digest.Digest) []*client.VertexLog {
	held := l[step]
	delete(l, step)
	for _, log := range held {
		log.Data = append(log.Data, '\n')
	}
	return held
}

// rest is what steps have left that did not end.
func (l lines) rest() *client.SolveStatus {
	var out client.SolveStatus
	for step := range l {
		out.Logs = append(out.Logs, l.take(step)...)
	}
	return &out
}
