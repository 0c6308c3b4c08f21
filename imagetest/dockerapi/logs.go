package dockerapi

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	api "github.com/moby/moby/api/types/container"
)

// logOptions are the query of a request for logs.
type logOptions struct {
	wanted
	timestamps   bool
	tail         int // -1 is all
	since, until time.Time
}

func parseLogOptions(r *http.Request) (logOptions, error) {
	q := r.URL.Query()
	o := logOptions{wanted: wanted{flag(r, "stdout"), flag(r, "stderr")}, timestamps: flag(r, "timestamps"), tail: -1}
	if !o.stdout && !o.stderr {
		return o, badRequest("Bad parameters: you must choose at least one stream")
	}
	if n, err := strconv.Atoi(q.Get("tail")); err == nil && n >= 0 {
		o.tail = n
	}
	var err error
	if o.since, err = parseTime(q.Get("since")); err != nil {
		return o, err
	}
	o.until, err = parseTime(q.Get("until"))
	return o, err
}

// parseTime reads seconds since 1970 with a fraction, as Docker's clients send them.
func parseTime(text string) (time.Time, error) {
	if text == "" || text == "0" {
		return time.Time{}, nil
	}
	whole, fraction, _ := strings.Cut(text, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return time.Time{}, badRequest("cannot read time %q", text)
	}
	nanos, err := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
	if err != nil {
		return time.Time{}, badRequest("cannot read time %q", text)
	}
	return time.Unix(seconds, nanos), nil
}

func (s *daemon) containerLogs(w http.ResponseWriter, r *http.Request) error {
	c, err := s.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	o, err := parseLogOptions(r)
	if err != nil {
		return err
	}
	if c.host.LogConfig.Type == noLogs {
		return failf(http.StatusNotImplemented, "configured logging driver does not support reading")
	}
	news := c.output.snapshot()
	c.mu.Lock()
	if flag(r, "follow") && c.state == api.StateRunning {
		news = c.output.follow(true, false)
	}
	c.mu.Unlock()
	defer news.close()
	defer context.AfterFunc(r.Context(), news.close)()
	w.Header().Set("Content-Type", streamType(c.config.Tty))
	w.WriteHeader(http.StatusOK)
	out := &logWriter{frames: frames{w: w, raw: c.config.Tty}, options: o, middle: map[stream]bool{}}
	// Every batch goes at once, the headers too: clients may wait for them.
	flush := http.NewResponseController(w).Flush
	if out.writeAll(lastLines(news.present(), o)) != nil || flush() != nil {
		return nil
	}
	for chunks := news.read(); len(chunks) > 0; chunks = news.read() {
		for _, chunk := range chunks {
			news.done(chunk)
		}
		if out.writeAll(chunks) != nil || flush() != nil {
			return nil
		}
	}
	return nil
}

// lastLines cuts chunks down to the last lines of the wanted streams.
func lastLines(chunks []chunk, o logOptions) []chunk {
	if o.tail < 0 {
		return chunks
	}
	var mine []chunk
	for _, c := range chunks {
		if o.stream(c.stream) && len(c.data) > 0 {
			mine = append(mine, c)
		}
	}
	if o.tail == 0 || len(mine) == 0 {
		return nil
	}
	breaks := o.tail
	if bytes.HasSuffix(mine[len(mine)-1].data, []byte("\n")) {
		breaks++
	}
	for i, c := range slices.Backward(mine) {
		for at := bytes.LastIndexByte(c.data, '\n'); at >= 0; at = bytes.LastIndexByte(c.data[:at], '\n') {
			if breaks--; breaks == 0 {
				c.data = c.data[at+1:]
				return append([]chunk{c}, mine[i+1:]...)
			}
		}
	}
	return mine
}

// logWriter writes chunks as log lines.
type logWriter struct {
	frames  frames
	options logOptions
	// middle says for each stream that its last line is not complete.
	middle map[stream]bool
}

func (l *logWriter) writeAll(chunks []chunk) error {
	for _, c := range chunks {
		if err := l.write(c); err != nil {
			return err
		}
	}
	return nil
}

func (l *logWriter) write(c chunk) error {
	o := l.options
	if !o.stream(c.stream) || len(c.data) == 0 || c.at.Before(o.since) || !o.until.IsZero() && c.at.After(o.until) {
		return nil
	}
	if !o.timestamps {
		return l.frames.write(c.stream, c.data)
	}
	var text bytes.Buffer
	for _, line := range bytes.SplitAfter(c.data, []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		if !l.middle[c.stream] {
			text.WriteString(c.at.Format(time.RFC3339Nano))
			text.WriteByte(' ')
		}
		l.middle[c.stream] = line[len(line)-1] != '\n'
		text.Write(line)
	}
	return l.frames.write(c.stream, text.Bytes())
}
