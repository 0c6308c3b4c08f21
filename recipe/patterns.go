package recipe

import (
	"fmt"
	"strings"
)

// Bounds of patterns in the syntax of .dockerignore: those of the file itself, and of --exclude and
// --parents. The library makes a regular expression of each, which takes thousands of times its bytes.
const (
	// MaxPatterns is how many one list may have. The longest that people write have some hundred.
	MaxPatterns = 10_000
	// MaxPattern is the length of one in bytes: Linux' PATH_MAX, so no longer one fits a file.
	MaxPattern = 4096
	// MaxWildcards is how many *, ? and [ one may have. No path has more parts: PATH_MAX again, halved.
	MaxWildcards = 100
	// MaxAllWildcards is how many all of a list may have together.
	MaxAllWildcards = 20_000
)

// CheckPatterns refuses patterns that would take more time and memory to compare with than any that
// people write.
func CheckPatterns(patterns []string) error {
	if len(patterns) > MaxPatterns {
		return fmt.Errorf("there are %d patterns, more than %d", len(patterns), MaxPatterns)
	}
	all := 0
	for _, p := range patterns {
		if len(p) > MaxPattern {
			return fmt.Errorf("the pattern %.40q… has %d bytes, more than %d", p, len(p), MaxPattern)
		}
		n := strings.Count(p, "*") + strings.Count(p, "?") + strings.Count(p, "[")
		if n > MaxWildcards {
			return fmt.Errorf("the pattern %.40q… has %d wildcards, more than %d", p, n, MaxWildcards)
		}
		if all += n; all > MaxAllWildcards {
			return fmt.Errorf("the patterns have more than %d wildcards together", MaxAllWildcards)
		}
	}
	return nil
}
