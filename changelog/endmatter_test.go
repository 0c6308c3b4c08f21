package changelog

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// betweenEntries are lines that end a changelog, and some that come close.
var betweenEntries = []string{
	"Tue Jan  2 03:04:05 GMT 1996  A B <a@example.org>", "Tue Jan 2 03:04:05 1996  A B (a@example.org)", "Tue Jan 2 3:4:5 1996 A B <a@b",
	"Tue Jan 2, 1996  A B <a@example.org>", "Jan 2, 1996  A B <a@example.org>", "Tue Jan 12 1996 <a>", "Tue Jan 12 1996  <a>",
	"web (1.0)", "web (1.0);", "web (1.0) unstable", "web (1.0); urgency=low", "web  (1.0)", "web (1 0)", "wéb (1.0)", "web (1.0) x ; urgency=low",
	"web-1.0 Debian 2", "web 1.0 debian 2.3", "web 1.0 Debian", "Changes from version 1 to 2:", "changes from version 1 to 2",
	"Changes for web-1.0", "Changes for web-1.0: ", "Changes for web", "Old Changelog:", "Old changelog", "old changelog: x",
	"1:2.3-4", "2.3", "2.3:", "Fixed", "Fixed!", "fixed it", "1:", "x:2", "_", "-", "=======", "<<<<<<< HEAD", "",
	"vim: set ts=2", " vim: x", "Vim:", ";; Local variables:", ";;Local Variables:", "Local variables: x", "# comment", "$Id: x $", "/* x */",
}

// TestEndMatterAgainstDpkgAndPythonDebian puts lines between two entries: where dpkg and python-debian
// agree whether the second is read, so does this package; elsewhere it sides with one of them.
func TestEndMatterAgainstDpkgAndPythonDebian(t *testing.T) {
	dpkg(t)
	interpreter := python(t)
	const entry = "web (%d) stable; urgency=low\n\n  * x\n\n -- A B <a@example.org>  Thu, 01 Jan 2026 00:00:00 +0000\n\n"
	var lines, texts []string
	for _, line := range append(betweenEntries, randomLines()...) {
		lines, texts = append(lines, line), append(texts, fmt.Sprintf(entry, 2)+line+"\n\n"+fmt.Sprintf(entry, 1))
	}
	input, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	var byDpkg, byPython []int
	for script, into := range map[string]*[]int{"perl testdata/entries.pl": &byDpkg, interpreter + " testdata/entries.py": &byPython} {
		command := strings.Fields(script)
		if err := json.Unmarshal([]byte(run(t, input, command[0], command[1:]...)), into); err != nil {
			t.Fatal(err)
		}
	}
	ended, disagreed := 0, 0
	for i, text := range texts {
		f, err := Parse("changelog", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(f.Entries); n != byDpkg[i] && n != byPython[i] {
			t.Errorf("below %q: %d entries, dpkg reads %d, python-debian %d", lines[i], n, byDpkg[i], byPython[i])
		}
		if byDpkg[i] != byPython[i] {
			disagreed++
		}
		if len(f.Entries) == 1 {
			ended++
			if len(f.Warnings) != 1 || !strings.Contains(f.Warnings[0].Text, "entry web (1) in line 9 is not read") {
				t.Errorf("%q ends the changelog, with the warnings %v", lines[i], f.Warnings)
			}
		}
	}
	if ended < 200 || ended > len(texts)-200 || disagreed > 20 {
		t.Errorf("%d of %d lines end it, about %d the judges disagree: the test tests too little", ended, len(texts), disagreed)
	}
}

// randomLines are the lines above with something left out, twice there, or of another.
func randomLines() []string {
	r := rand.New(rand.NewPCG(18, 1996))
	var all []string
	for range 2000 {
		words := strings.SplitAfter(betweenEntries[r.IntN(len(betweenEntries))], " ")
		other := strings.SplitAfter(betweenEntries[r.IntN(len(betweenEntries))], " ")
		at := r.IntN(len(words))
		switch r.IntN(4) {
		case 0:
			words = append(words[:at:at], words[at+1:]...)
		case 1:
			words = append(words[:at:at], words[max(0, at-1):]...)
		case 2:
			words = append(words[:at:at], other[r.IntN(len(other)):]...)
		case 3:
			if word := words[at]; word != "" {
				cut := r.IntN(len(word))
				words[at] = word[:cut] + string("0aZ. -+~:;()<>_"[r.IntN(15)]) + word[cut:]
			}
		}
		all = append(all, strings.ToValidUTF8(strings.Join(words, ""), "?"))
	}
	return all
}
