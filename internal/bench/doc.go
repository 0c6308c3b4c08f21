// Package bench has no code: its benchmarks measure the whole program, as hack/bench runs them.
package bench
