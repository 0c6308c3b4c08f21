package runner

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/event"
	"github.com/slipway-build/slipway/secret/redact"
)

// progress turns BuildKit's status into events.
func (j *job) progress(u engine.Update) {
	if j.seen == nil {
		j.seen = map[string]bool{}
	}
	for _, s := range u.Steps {
		if !s.Started.IsZero() && !j.seen[s.ID] {
			j.seen[s.ID] = true
			j.run.emit(event.Event{Kind: event.StepBegan, Image: j.image.Ref, Platform: platformOf(j.image), Text: s.Name, Cached: s.Cached})
		}
	}
	for _, o := range u.Logs {
		j.output(o.StepID, o.Data)
	}
}

// output cuts what a step printed into lines.
func (j *job) output(step string, data []byte) {
	if j.partial == nil {
		j.partial = map[string]*redact.Lines{}
	}
	if j.partial[step] == nil {
		j.partial[step] = &redact.Lines{Secrets: j.run.Secrets, Line: j.line}
	}
	j.partial[step].Add(data)
}

// flush gives out what has no line break at its end.
func (j *job) flush() {
	for step, lines := range j.partial {
		lines.Flush()
		delete(j.partial, step)
	}
}

// line takes a line without secrets.
func (j *job) line(s string) {
	// A progress display overwrites its line: only the last state is kept.
	s = strings.TrimSuffix(strings.TrimSuffix(s, "\n"), "\r")
	s = s[strings.LastIndexByte(s, '\r')+1:]
	j.tail.add(s)
	j.run.emit(event.Event{Kind: event.Output, Image: j.image.Ref, Platform: platformOf(j.image), Text: s})
}

// lineWriter sends a test's output to the log and, line by line, to the events.
type lineWriter struct {
	job  *job
	step string
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.job.output(w.step, p)
	return w.job.log().Write(p)
}

// maxLog bounds a log file, in bytes: an image that prints without end must not
// fill the disk.
const maxLog = 64 << 20

// logWriter writes to the log file, without secrets. What exceeds maxLog is
// dropped, with a word. A line is written when it ends, the last by job.close.
type logWriter struct{ job *job }

func (w *logWriter) Write(p []byte) (int, error) {
	j := w.job
	j.logMu.Lock()
	defer j.logMu.Unlock()
	j.logText.Add(p)
	if j.logErr != nil {
		return 0, j.logErr
	}
	return len(p), nil
}

// writeLog takes a line without secrets.
func (j *job) writeLog(line string) {
	if j.logged > maxLog {
		return
	}
	if j.logged += int64(len(line)); j.logged > maxLog {
		line = fmt.Sprintf("\n(the log ends here: more than %d MiB)\n", maxLog>>20)
	}
	_, j.logErr = j.logFile.WriteString(line)
}

// tailWidth cuts the lines of a tail, in bytes.
const tailWidth = 500

// tail keeps the last lines of an output.
type tail struct{ kept []string }

func (t *tail) add(s string) {
	if len(s) > tailWidth {
		s = strings.ToValidUTF8(s[:tailWidth], "") + "…"
	}
	if len(t.kept) == tailLines {
		copy(t.kept, t.kept[1:])
		t.kept = t.kept[:tailLines-1]
	}
	t.kept = append(t.kept, s)
}

func (t *tail) lines() []string { return slices.Clone(t.kept) }

// log is where the image's output goes, without secrets and up to a size;
// before openLog that is nowhere.
func (j *job) log() io.Writer {
	if j.logFile == nil {
		return io.Discard
	}
	return &logWriter{job: j}
}
