package dockerapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/moby/moby/api/types/common"
	"github.com/slipway-build/slipway/engine/container"
)

// apiError is an error with the HTTP status that Docker's clients expect for it.
type apiError struct {
	status int
	text   string
}

// Error implements error.
func (e *apiError) Error() string { return e.text }

func failf(status int, format string, args ...any) error {
	return &apiError{status, fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) error {
	return failf(http.StatusBadRequest, format, args...)
}

func notFound(format string, args ...any) error {
	return failf(http.StatusNotFound, format, args...)
}

func conflict(format string, args ...any) error {
	return failf(http.StatusConflict, format, args...)
}

// notDone is the answer to what Slipway's containers leave out.
func notDone(format string, args ...any) error {
	return failf(http.StatusNotImplemented, "Slipway's containers do not have this: "+format, args...)
}

// errNotModified is Docker's answer to a start of a running container and a stop
// of one that does not run: no error, no body.
var errNotModified = &apiError{http.StatusNotModified, "not modified"}

func writeError(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	var known *apiError
	var start *container.StartError
	switch {
	case errors.As(err, &known):
		status = known.status
	case errors.As(err, &start):
		status = http.StatusBadRequest
	case errors.Is(err, container.ErrNoImage):
		status = http.StatusNotFound
	}
	if status == http.StatusNotModified {
		w.WriteHeader(status)
		return
	}
	writeJSON(w, status, common.ErrorResponse{Message: err.Error()})
}

// writeJSON ignores a failed write: its only cause is a client that has left.
func writeJSON(w http.ResponseWriter, status int, value any) {
	data, err := json.Marshal(value)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"message":"internal error: cannot encode answer"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(data, '\n'))
}

func readJSON(r *http.Request, value any) error {
	if err := json.NewDecoder(r.Body).Decode(value); err != nil {
		return badRequest("cannot read request: %v", err)
	}
	return nil
}
