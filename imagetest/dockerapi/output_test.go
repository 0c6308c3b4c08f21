package dockerapi

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func text(chunks []chunk) string {
	var out bytes.Buffer
	for _, c := range chunks {
		out.Write(c.data)
	}
	return out.String()
}

func write(t *testing.T, o *output, s stream, data string) {
	t.Helper()
	if _, err := o.writer(s).Write([]byte(data)); err != nil {
		t.Fatal(err)
	}
}

func TestOutputDropsTheOldest(t *testing.T) {
	o := newOutput()
	o.limit = 3 * (10 + chunkOverhead)
	early := o.follow(true, false)
	for _, c := range "abcde" {
		write(t, o, stdoutStream, strings.Repeat(string(c), 10))
	}
	want := strings.Repeat("c", 10) + strings.Repeat("d", 10) + strings.Repeat("e", 10)
	if diff := cmp.Diff(want, text(o.snapshot().read())); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, text(early.read())); diff != "" {
		t.Errorf("reader that is not lossless: %s", diff)
	}
}

func TestOutputKeepsTheLastChunk(t *testing.T) {
	o := newOutput()
	o.limit = 10
	write(t, o, stdoutStream, "more than the limit")
	if got := text(o.snapshot().read()); got != "more than the limit" {
		t.Errorf("got %q", got)
	}
}

func TestLosslessReaderSlowsTheWriterDown(t *testing.T) {
	o := newOutput()
	o.limit, o.lag = 10*(1+chunkOverhead), 2*(1+chunkOverhead)
	r := o.follow(false, true)
	written := make(chan struct{})
	go func() {
		defer close(written)
		for _, c := range "0123456789" {
			write(t, o, stdoutStream, string(c))
		}
		o.finish()
	}()
	var got strings.Builder
	for chunks := r.read(); len(chunks) > 0; chunks = r.read() {
		if len(chunks) > 3 {
			t.Errorf("the writer is %d chunks ahead", len(chunks))
		}
		for _, c := range chunks {
			got.Write(c.data)
			r.done(c)
		}
	}
	<-written
	if got.String() != "0123456789" {
		t.Errorf("got %q", got.String())
	}
}

func TestReleaseFreesTheWriter(t *testing.T) {
	for name, free := range map[string]func(*output, *reader){
		"release":     func(o *output, _ *reader) { o.release() },
		"reader gone": func(_ *output, r *reader) { r.close() },
		"removal":     func(o *output, _ *reader) { o.close() },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOutput()
			o.lag = 1
			r := o.follow(false, true)
			write(t, o, stdoutStream, "a")
			written := make(chan struct{})
			go func() { write(t, o, stdoutStream, "b"); close(written) }()
			select {
			case <-written:
				t.Fatal("the writer does not wait")
			case <-time.After(50 * time.Millisecond):
			}
			free(o, r)
			<-written
		})
	}
}

func TestLastLines(t *testing.T) {
	chunks := func(texts ...string) []chunk {
		var out []chunk
		for _, s := range texts {
			c := chunk{stream: stdoutStream, data: []byte(strings.TrimPrefix(s, "!"))}
			if strings.HasPrefix(s, "!") {
				c.stream = stderrStream
			}
			out = append(out, c)
		}
		return out
	}
	both := wanted{true, true}
	for name, test := range map[string]struct {
		in   []chunk
		o    logOptions
		want string
	}{
		"all":                 {chunks("a\nb\n"), logOptions{wanted: both, tail: -1}, "a\nb\n"},
		"none":                {chunks("a\nb\n"), logOptions{wanted: both, tail: 0}, ""},
		"one":                 {chunks("a\nb\n"), logOptions{wanted: both, tail: 1}, "b\n"},
		"more than there are": {chunks("a\nb\n"), logOptions{wanted: both, tail: 9}, "a\nb\n"},
		"line not ended":      {chunks("a\nb\nc"), logOptions{wanted: both, tail: 2}, "b\nc"},
		"line over chunks":    {chunks("a\nb", "b", "b\nc\n"), logOptions{wanted: both, tail: 2}, "bbb\nc\n"},
		"empty lines":         {chunks("a\n\n\n"), logOptions{wanted: both, tail: 2}, "\n\n"},
		"other stream is not": {chunks("a\n", "!x\n", "b\n"), logOptions{wanted: wanted{stdout: true}, tail: 2}, "a\nb\n"},
		"nothing":             {nil, logOptions{wanted: both, tail: 2}, ""},
	} {
		if got := text(lastLines(test.in, test.o)); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestLogTimestamps(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var out bytes.Buffer
	w := &logWriter{frames: frames{w: &out, raw: true}, options: logOptions{wanted: wanted{true, true}, timestamps: true}, middle: map[stream]bool{}}
	err := w.writeAll([]chunk{{stdoutStream, at, []byte("a\nb")}, {stderrStream, at, []byte("e\n")}, {stdoutStream, at.Add(time.Second), []byte("c\nd\n")}})
	if err != nil {
		t.Fatal(err)
	}
	const stamp, later = "2026-01-02T03:04:05Z ", "2026-01-02T03:04:06Z "
	if diff := cmp.Diff(stamp+"a\n"+stamp+"b"+stamp+"e\n"+"c\n"+later+"d\n", out.String()); diff != "" {
		t.Error(diff)
	}
}
