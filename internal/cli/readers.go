package cli

import (
	"os"
	"os/signal"
	"syscall"
)

// outliveReaders lets a command that changes something come to its end when nobody reads its output any
// more, as in "slipway build | head". Then it fails; others end at once, by SIGPIPE, as usual. Children
// get the signal as usual, too.
func outliveReaders() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
}
