package engine

import (
	"context"
	"fmt"
	"io/fs"
	"testing"
	"testing/fstest"
	"time"
)

func manyFiles(n int) contextFS {
	files := fstest.MapFS{}
	for i := range n {
		files[fmt.Sprintf("d%d/f%d", i%7, i)] = &fstest.MapFile{Data: []byte("x")}
	}
	return newContextFS(files, time.Unix(0, 0))
}

// TestFilesAreOfferedAsTheyAreTaken: of a context with many files few wait at a time, and all come.
func TestFilesAreOfferedAsTheyAreTaken(t *testing.T) {
	c := manyFiles(5 * maxPending)
	queue := make(chan string, 10*maxPending)
	most := 0
	go func() {
		defer close(queue)
		if err := c.Walk(t.Context(), "/", func(p string, d fs.DirEntry, err error) error {
			if _, err := d.Info(); err != nil || d.IsDir() {
				return err
			}
			queue <- p
			return err
		}); err != nil {
			t.Error(err)
		}
	}()
	taken := 0
	for p := range queue {
		most = max(most, len(queue)+1)
		f, err := c.Open(p)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		taken++
	}
	if taken != 5*maxPending || most > maxPending+1 {
		t.Errorf("%d files of %d came, at most %d waited", taken, 5*maxPending, most)
	}
}

// TestFilesThatNobodyAsksFor: neither files that the Dockerfile leaves out nor a transfer that was given up
// holds up another, and who waits can be interrupted.
func TestFilesThatNobodyAsksFor(t *testing.T) {
	c := manyFiles(2 * maxPending)
	walk := func(ctx context.Context, look bool) (files int, err error) {
		err = c.Walk(ctx, "/", func(_ string, d fs.DirEntry, err error) error {
			if look && err == nil {
				_, err = d.Info()
			}
			if err == nil && !d.IsDir() {
				files++
			}
			return err
		})
		return files, err
	}
	if files, err := walk(t.Context(), false); files != 2*maxPending || err != nil || len(c.pending) > 0 {
		t.Errorf("left out: %d files, %v, %d wait", files, err, len(c.pending))
	}
	if files, err := walk(t.Context(), true); files != 2*maxPending || err != nil {
		t.Errorf("given up: %d files, %v", files, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second/10)
	defer cancel()
	if files, err := walk(ctx, true); files == 2*maxPending || err == nil {
		t.Errorf("interrupted: %d files, %v", files, err)
	}
}
