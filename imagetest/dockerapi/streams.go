package dockerapi

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"sync"
)

// Media types of streams, as in Docker's API: several outputs in frames, or the
// one output of a terminal as it is.
const (
	multiplexedType = "application/vnd.docker.multiplexed-stream"
	rawType         = "application/vnd.docker.raw-stream"
)

func streamType(tty bool) string {
	if tty {
		return rawType
	}
	return multiplexedType
}

// frames writes outputs in Docker's multiplexed format: a byte for the stream,
// three zero bytes, the length in big-endian order, the data.
type frames struct {
	mu  sync.Mutex
	w   io.Writer
	raw bool
}

func (f *frames) write(s stream, data []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.raw {
		var head [8]byte
		head[0] = byte(s)
		binary.BigEndian.PutUint32(head[4:], uint32(len(data)))
		data = append(head[:], data...)
	}
	_, err := f.w.Write(data)
	return err
}

// frameWriter writes one of the streams.
type frameWriter struct {
	frames *frames
	stream stream
}

// Write implements io.Writer.
func (w frameWriter) Write(p []byte) (int, error) {
	if err := w.frames.write(w.stream, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// hijacked is a connection taken over from HTTP.
type hijacked struct {
	net.Conn
	in *bufio.Reader
	s  *daemon
}

// Read implements io.Reader, beginning with what HTTP has read ahead.
func (h *hijacked) Read(p []byte) (int, error) { return h.in.Read(p) }

// Close ends the connection: writing first, so that the client gets the last bytes.
func (h *hijacked) Close() error {
	if c, ok := h.Conn.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite()
	}
	h.s.mu.Lock()
	delete(h.s.conns, h.Conn)
	h.s.mu.Unlock()
	return h.Conn.Close()
}

// hijack takes the connection over and answers as Docker does.
func (s *daemon) hijack(w http.ResponseWriter, r *http.Request, tty bool) (*hijacked, error) {
	control := http.NewResponseController(w)
	conn, rw, err := control.Hijack()
	if err != nil {
		return nil, failf(http.StatusInternalServerError, "cannot take over connection: %v", err)
	}
	answer := "HTTP/1.1 200 OK\r\nContent-Type: " + rawType + "\r\n"
	if r.Header.Get("Upgrade") != "" {
		answer = "HTTP/1.1 101 UPGRADED\r\nContent-Type: " + streamType(tty) + "\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
	}
	answer += "Api-Version: " + apiVersion + "\r\n\r\n"
	s.mu.Lock()
	s.conns[conn] = struct{}{}
	s.mu.Unlock()
	h := &hijacked{Conn: conn, in: rw.Reader, s: s}
	// A client that has left is found out by the stream that follows.
	_, _ = io.WriteString(conn, answer)
	return h, nil
}
