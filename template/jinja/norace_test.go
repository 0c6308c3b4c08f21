//go:build !race

package jinja_test

const raceDetector = false
