package dockercmd

import (
	"fmt"
	"io"
)

// careful notes the first error of all writes: a command whose output is lost has failed.
type careful struct {
	w   io.Writer
	err error
}

// Write implements io.Writer.
func (c *careful) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("cannot write output: %w", err)
	}
	return n, err
}
