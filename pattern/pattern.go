// Package pattern has regular expressions that are compiled when they are first used. A command needs few of
// those that Slipway has, and compiling all of them takes longer than many a command.
package pattern

import (
	"regexp"
	"sync"
)

// Pattern is a regular expression of package regexp, in a variable of a package.
type Pattern struct {
	text     string
	compiled func() *regexp.Regexp
}

// New returns the pattern of a text. The first use panics if it is none, which TestPatterns of the house finds before.
func New(text string) Pattern {
	return Pattern{text, sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })}
}

// String returns the text.
func (p Pattern) String() string { return p.text }

// MatchString is regexp.Regexp's.
func (p Pattern) MatchString(s string) bool { return p.compiled().MatchString(s) }

// FindString is regexp.Regexp's.
func (p Pattern) FindString(s string) string { return p.compiled().FindString(s) }

// FindStringSubmatch is regexp.Regexp's.
func (p Pattern) FindStringSubmatch(s string) []string { return p.compiled().FindStringSubmatch(s) }

// FindStringSubmatchIndex is regexp.Regexp's.
func (p Pattern) FindStringSubmatchIndex(s string) []int {
	return p.compiled().FindStringSubmatchIndex(s)
}

// FindAllStringSubmatch is regexp.Regexp's.
func (p Pattern) FindAllStringSubmatch(s string, n int) [][]string {
	return p.compiled().FindAllStringSubmatch(s, n)
}

// ReplaceAllString is regexp.Regexp's.
func (p Pattern) ReplaceAllString(s, by string) string { return p.compiled().ReplaceAllString(s, by) }

// ReplaceAllStringFunc is regexp.Regexp's.
func (p Pattern) ReplaceAllStringFunc(s string, by func(string) string) string {
	return p.compiled().ReplaceAllStringFunc(s, by)
}

// ExpandString is regexp.Regexp's.
func (p Pattern) ExpandString(to []byte, template, s string, match []int) []byte {
	return p.compiled().ExpandString(to, template, s, match)
}
