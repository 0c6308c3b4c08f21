package config

import (
	"slices"
	"testing"
)

// TestProxyPasswords: what is hidden is the password as the configuration has it and as a program
// may print it, of every key that has one.
func TestProxyPasswords(t *testing.T) {
	for proxy, want := range map[string]string{
		"":                                  "",
		"http://proxy.example:8080":         "",
		"http://me@proxy.example:8080":      "",
		"http://proxy.example/a:b@c":        "",
		"http://me:hunter2@proxy.example/":  "hunter2",
		"http://me:hunt@er2@proxy.example":  "hunt@er2",
		"http://me:p%40ss@proxy.example":    "p%40ss",
		"http://me:100%@proxy.example":      "100%",
		"me:hunter2@proxy.example:3128":     "hunter2",
		"socks5h://me:hunter2@[::1]:1080/x": "hunter2",
	} {
		if got := AddressPassword(proxy); got != want {
			t.Errorf("%s: got %q, want %q", proxy, got, want)
		}
	}
	var got []string
	for _, s := range (&Config{
		Password: "a", HTTPProxy: "http://x:b@h", APTOnlyProxy: "x:c@h", APKOnlyProxy: "http://x:d%41@h", DNFOnlyProxy: "http://x:e@h",
		Slipway: Own{HTTPSProxy: "http://x:f@h"},
	}).Secrets() {
		got = append(got, s.Text.Reveal())
	}
	if want := []string{"b", "c", "d%41", "dA", "e", "a", "f"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
