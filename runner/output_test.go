package runner

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/event"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/secret/redact"
)

// TestOutputInPieces: a program's writes end where they like. Neither the log nor the events have a
// secret that came in two of them.
func TestOutputInPieces(t *testing.T) {
	var events []string
	dir := t.TempDir()
	j := &job{
		run: &run{Options: Options{
			LogDir: dir, Secrets: redact.New("pass", "password123", "first line\nsecond line"),
			Events: func(e event.Event) { events = append(events, e.Text) },
		}},
		image: &fleet.Image{Name: "team/app", Tag: "1", Ref: "team/app:1"},
	}
	if err := j.openLog(); err != nil {
		t.Fatal(err)
	}
	w := &lineWriter{job: j, step: "test"}
	for _, piece := range []string{"hello pa", "ss\n", "password", "123\nsecond ", "line\n10%\r20% pa", "ss\r\n", "no end: passw"} {
		fmt.Fprint(w, piece)
	}
	j.flush()
	j.close()
	data, err := os.ReadFile(filepath.Join(dir, "team_app_1.log"))
	if err != nil {
		t.Fatal(err)
	}
	_, log, _ := strings.Cut(string(data), "\n")
	if want := "hello ***\n***\n***\n10%\r20% ***\r\nno end: ***w"; log != want {
		t.Errorf("log: got %q, want %q", log, want)
	}
	if want := []string{"hello ***", "***", "***", "20% ***", "no end: ***w"}; !slices.Equal(events, want) || !slices.Equal(j.tail.lines(), want) {
		t.Errorf("events: got %q, tail %q, want %q", events, j.tail.lines(), want)
	}
}
