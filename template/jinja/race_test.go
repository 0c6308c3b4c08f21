//go:build race

package jinja_test

// raceDetector: its own memory, and sync.Pool which it makes forgetful, are more than what a test
// that counts memory is about. Those tests run without it.
const raceDetector = true
