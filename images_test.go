package slipway_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipway-build/slipway"
)

func ExampleSession_Images() {
	root, err := os.MkdirTemp("", "images")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(root)
	s, err := slipway.Open(slipway.Options{
		Root:   root,
		Notify: func(n slipway.Notice) { fmt.Println(n.Kind + ": " + "nothing was built yet") },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	images, err := s.Images(context.Background())
	for _, i := range images {
		fmt.Println(i.Name, i.Tag, i.Digest)
	}
	fmt.Println(len(images), err)
	_, err = s.Inspect(context.Background(), "base:1.0")
	fmt.Println(errors.Is(err, slipway.ErrNotFound))
	// Output:
	// note: nothing was built yet
	// 0 <nil>
	// true
}

func ExampleHelper() {
	ctx, args := context.Background(), []string{"/usr/bin/fleet-service"} // os.Args
	if code, is := slipway.Helper(ctx, args, slipway.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}); is {
		os.Exit(code)
	}
	fmt.Println("what the program does")
	// Output: what the program does
}

// TestHelper: under docker's name a program is the docker of image tests.
func TestHelper(t *testing.T) {
	var out bytes.Buffer
	code, is := slipway.Helper(t.Context(), []string{"/tests/docker", "--version"}, slipway.Streams{In: strings.NewReader(""), Out: &out, Err: io.Discard})
	if code != 0 || !is || !strings.HasPrefix(out.String(), "Docker version ") {
		t.Errorf("%d, %t: %s", code, is, &out)
	}
	if _, is := slipway.Helper(t.Context(), nil, slipway.Streams{}); is {
		t.Error("a program without a name is called by a test")
	}
}

// TestNothingThere: calls that look at a folder of images that nobody has made tell so, and make none; those
// that need an image say that it is not there.
func TestNothingThere(t *testing.T) {
	root := filepath.Join(t.TempDir(), "root")
	var notices []string
	s, err := slipway.Open(slipway.Options{Root: root, Notify: func(n slipway.Notice) { notices = append(notices, n.Text) }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, none := t.Context(), slipway.ErrNotFound
	for what, tt := range map[string]struct {
		call func() error
		want error
		note string
	}{
		"images":         {func() error { _, err := s.Images(ctx); return err }, nil, "nothing was built or fetched into " + root + " yet"},
		"disk usage":     {func() error { _, err := s.DiskUsage(ctx); return err }, nil, "nothing was built or fetched into " + root + " yet"},
		"check":          {func() error { _, err := s.Check(ctx, slipway.CheckOptions{}); return err }, nil, "nothing was built or fetched into " + root + " yet"},
		"history":        {func() error { _, err := s.History(ctx, slipway.HistoryOptions{}); return err }, nil, "nothing was built with the state in " + root + " yet"},
		"history of one": {func() error { _, err := s.History(ctx, slipway.HistoryOptions{Image: "app"}); return err }, none, "nothing was built with the state in " + root + " yet"},
		"log":            {func() error { return s.Log(ctx, "app", io.Discard) }, none, "nothing was built with the state in " + root + " yet"},
		"inspect":        {func() error { _, err := s.Inspect(ctx, "app"); return err }, none, ""},
		"tag":            {func() error { return s.Tag(ctx, "app", "app:stable") }, none, ""},
		"save":           {func() error { return s.Save(ctx, io.Discard, "app") }, none, ""},
		"remove":         {func() error { _, err := s.Remove(ctx, "app"); return err }, none, ""},
		"push":           {func() error { return s.Push(ctx, []string{"app"}, slipway.PushOptions{}) }, none, ""},
		"run":            {func() error { _, err := s.Run(ctx, slipway.RunOptions{Image: "app"}); return err }, none, ""},
	} {
		notices = nil
		if err := tt.call(); !errors.Is(err, tt.want) {
			t.Errorf("%s: got the error %v", what, err)
		}
		if got := strings.Join(notices, "\n"); got != tt.note {
			t.Errorf("%s: got %q, want %q", what, got, tt.note)
		}
		if _, err := os.Lstat(root); err == nil {
			t.Fatalf("%s makes the folder", what)
		}
	}
}
