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

// TestDocumentsEnd: of very many findings documents have the worst, in the order of places, and say how many
// are left out.
func TestDocumentsEnd(t *testing.T) {
	r := &Report{}
	for i := range 30_000 {
		severity := Note
		if i%10_000 == 9_999 {
			severity = Error
		}
		r.Findings = append(r.Findings, Finding{Rule: "unpinned-add", Severity: severity, File: "f", Line: i + 1})
	}
	out := r.JSON(Note)
	if len(out.Findings) != maxListed || out.Omitted != 5_000 || out.Summary[Note] != 29_997 {
		t.Errorf("%d findings, %d omitted, %v", len(out.Findings), out.Omitted, out.Summary)
	}
	if last := out.Findings[maxListed-1]; last.Line != 30_000 || last.Severity != Error {
		t.Errorf("%+v", last)
	}
	r.Suppressed = []Suppressed{{Finding: Finding{Severity: Note}}}
	run := r.SARIF("1", Note).Runs[0]
	if len(run.Results) != maxResults || run.Extra == nil || run.Extra.Omitted != 20_001 {
		t.Errorf("%d results, %+v", len(run.Results), run.Extra)
	}
	if out := r.JSON(Error); len(out.Findings) != 3 || out.Omitted != 0 {
		t.Errorf("%d errors, %d omitted", len(out.Findings), out.Omitted)
	}
	if run := r.SARIF("1", Error).Runs[0]; len(run.Results) != 3 || run.Extra != nil {
		t.Errorf("%d errors, %+v", len(run.Results), run.Extra)
	}
}
