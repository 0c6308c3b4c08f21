package dockerfile

import (
	"fmt"

	"github.com/slipway-build/slipway/fleet"
)

// guard makes a panic of BuildKit's the error of the Dockerfile that it was about, for the rest of the
// fleet is none the worse for it. It is to be deferred.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = &fleet.ParseError{Err: fmt.Errorf("BuildKit cannot read it: internal error: %v", r)}
	}
}
