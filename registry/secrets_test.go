package registry

import "testing"

// TestScrubShort: the letters of a short password stay in all other words.
func TestScrubShort(t *testing.T) {
	s := &secrets{}
	s.addLogin("ann", "a")
	s.addLogin("bea", "long enough")
	for text, want := range map[string]string{
		"cannot pull a base: access refused":  "cannot pull a base: access refused",
		`the user "ann" has the password "a"`: `the user "ann" has the password ***`,
		"https://ann:a@host/?password=a&b=a":  "https://***@host/?password***b=a",
		"Basic YW5uOmE=":                      "Basic ***",
		"long enough, long%20enough":          "***, ***",
	} {
		if got := s.scrub(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
