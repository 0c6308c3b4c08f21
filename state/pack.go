package state

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
)

// pack compresses what is large and mostly the same.
func pack(data []byte) ([]byte, error) {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err != nil {
		return nil, fmt.Errorf("internal error: %w", err)
	}
	if _, err := w.Write(data); err != nil {
		return nil, fmt.Errorf("internal error: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("internal error: %w", err)
	}
	return packed.Bytes(), nil
}

// unpack reverses pack. What cannot be unpacked is damaged.
func unpack(packed []byte) ([]byte, error) {
	data, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	return data, spoiled(err)
}
