//go:build !linux

package imagetest

// Supervise does nothing: there is no engine for tests on this system.
func Supervise() int { return superviseUsage }
