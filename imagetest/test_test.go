package imagetest

import "testing"

func TestFill(t *testing.T) {
	if got := Fill("{{x}} {path} {image} {other}", "/d", "app:1"); got != "{x} /d app:1 {other}" {
		t.Errorf("got %q", got)
	}
}
