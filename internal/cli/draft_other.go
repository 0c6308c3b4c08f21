//go:build !linux

package cli

import (
	"errors"
	"os"
)

// openUnnamed is for systems that have files without a name.
func openUnnamed(string) *os.File { return nil }

func nameFile(*os.File, string) error { return errors.ErrUnsupported }
