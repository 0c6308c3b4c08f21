package lint

import (
	"fmt"
	"testing"
)

// TestWorst: of too many findings the worst are told, in their order, and how many more there are.
func TestWorst(t *testing.T) {
	var findings []Finding
	for i := range 1500 {
		findings = append(findings, Finding{Rule: "r", Severity: []Severity{Note, Warning}[i%2], File: "f", Line: i + 1, Text: fmt.Sprint(i)})
	}
	findings = append(findings, Finding{Rule: "e", Severity: Error, File: "f", Line: 2000, Text: "bad"})
	got := worst(findings)
	if len(got) != maxFindings || got[0].Rule != "e" || got[1].Severity != Warning || got[750].Severity != Warning || got[751].Severity != Note {
		t.Errorf("%d findings: %+v, %+v, %+v", len(got), got[0], got[1], got[751])
	}
	if last := got[maxFindings-1]; last.Text != "502 more findings of the image are not told" || last.Severity != Note || last.File != "f" {
		t.Errorf("%+v", last)
	}
	if few := worst(findings[:maxFindings]); len(few) != maxFindings || few[999].Text != "999" {
		t.Errorf("%d findings, the last %+v", len(few), few[len(few)-1])
	}
}
