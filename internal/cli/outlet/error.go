package outlet

import (
	"errors"
	"io/fs"
)

// Error is that output could not be written: a full disk, or nobody who reads.
type Error struct{ Err error }

// Error implements error.
func (e *Error) Error() string { return "cannot write output: " + e.Err.Error() }

// Unwrap is what the system said.
func (e *Error) Unwrap() error { return e.Err }

// Err is the first error of all writes, an *Error. A command whose text is lost has failed, whoever
// looked at the errors of its writes.
func (o *Writer) Err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		return nil
	}
	return o.err
}

// send is the only way out.
func (o *Writer) send(data []byte) error {
	_, err := o.w.Write(data)
	if err == nil {
		return nil
	}
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		err = path.Err // it is the standard output, not the file that the system names
	}
	if o.err == nil {
		o.err = &Error{err}
	}
	return o.err
}
