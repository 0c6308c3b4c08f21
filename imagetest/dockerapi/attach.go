package dockerapi

import (
	"io"
	"net/http"
)

func (s *daemon) attachContainer(w http.ResponseWriter, r *http.Request) error {
	c, err := s.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	want := wanted{stdout: flag(r, "stdout"), stderr: flag(r, "stderr")}
	// From here on nothing is missed, so a start that follows may come at once.
	var reader *reader
	if flag(r, "stream") {
		reader = c.output.follow(flag(r, "logs"), true)
	} else {
		reader = c.output.snapshot()
	}
	defer reader.close()
	conn, err := s.hijack(w, r, c.config.Tty)
	if err != nil {
		return err
	}
	defer conn.Close()
	if flag(r, "stdin") && c.config.OpenStdin {
		c.mu.Lock()
		in := c.stdin
		c.mu.Unlock()
		go c.feed(in, conn)
	}
	out := &frames{w: conn, raw: c.config.Tty}
	for {
		chunks := reader.read()
		if len(chunks) == 0 {
			return nil
		}
		for _, chunk := range chunks {
			if want.stream(chunk.stream) && out.write(chunk.stream, chunk.data) != nil {
				return nil
			}
			reader.done(chunk)
		}
	}
}

// feed passes a client's input on. Its end is the input's end only if the
// container was made for one client.
func (c *instance) feed(in *stdin, from io.Reader) {
	_, _ = io.Copy(in.writer, from)
	if c.config.StdinOnce {
		in.writer.Close()
	}
}

// wanted says which outputs a client asked for.
type wanted struct{ stdout, stderr bool }

func (w wanted) stream(s stream) bool {
	return s == stdoutStream && w.stdout || s == stderrStream && w.stderr
}
