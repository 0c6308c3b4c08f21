package deb822

import (
	"regexp"
	"strings"
)

// armor is what a signature around the paragraphs, as in InRelease files, means for the lines in it.
// Nothing is verified: a control file has none.
type armor struct {
	skip   string // the part that is passed over: the PGP word for it; empty for fields
	signed bool   // empty lines do not end the paragraph
	begun  bool   // the paragraph has lines
	told   bool
}

const signedMessage = "SIGNED MESSAGE"

var armorLine = regexp.MustCompile(`^-----(BEGIN|END) PGP ([^-]+)-----[\r\t ]*$`)

// armored takes the lines that belong to a signature.
func (p *parser) armored(line string) bool {
	a := &p.armor
	var m []string
	if strings.HasPrefix(line, "-") {
		m = armorLine.FindStringSubmatch(line)
	}
	if m == nil {
		return a.passesOver(line)
	}
	if !a.told {
		a.told = true
		p.fail("control file has PGP lines: a signature means nothing here", "leave nothing but the fields")
	}
	if m[1] == "END" {
		p.endParagraph()
		return true
	}
	a.skip, a.signed = m[2], a.signed || !a.begun
	return true
}

// passesOver tells that a line is within a signature, or above what is signed.
func (a *armor) passesOver(line string) bool {
	switch {
	case a.skip == "":
		a.begun = a.begun || line != ""
		return false
	case a.skip == signedMessage && line == "":
		a.skip = ""
	case a.skip == signedMessage:
		a.signed = true
	}
	return true
}
