package outlet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"

	"github.com/slipway-build/slipway/secret/redact"
)

// isControl tells the letters that a terminal obeys, or that hide others.
func isControl(r rune) bool {
	return unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Bidi_Control, r) ||
		unicode.In(r, unicode.Zl, unicode.Zp) || r >= 0xe0000 && r <= 0xe007f
}

// escape writes a letter's number behind a backslash and the letter of its kind.
func escape(w io.Writer, kind byte, r rune, digits int) { fmt.Fprintf(w, `\%c%0*x`, kind, digits, r) }

// writeString writes a JSON string, quotes included, without secrets and control characters.
func writeString(out *bytes.Buffer, quoted []byte, secrets *redact.Secrets) {
	var plain string
	if json.Unmarshal(quoted, &plain) == nil {
		if hidden := secrets.Text(plain); hidden != plain {
			var b bytes.Buffer
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(false)
			_ = enc.Encode(hidden) // a string can be encoded
			quoted = bytes.TrimSuffix(b.Bytes(), []byte("\n"))
		}
	}
	for len(quoted) > 0 {
		i := bytes.IndexFunc(quoted, isControl)
		if i < 0 {
			out.Write(quoted)
			return
		}
		out.Write(quoted[:i])
		r := bytes.Runes(quoted[i : i+min(4, len(quoted)-i)])[0]
		for _, unit := range utf16.Encode([]rune{r}) {
			escape(out, 'u', rune(unit), 4)
		}
		quoted = quoted[i+len(string(r)):]
	}
}
