package outlet_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/internal/cli/outlet"
	"github.com/slipway-build/slipway/secret/redact"
)

// TestPieces cuts one text at every place: a secret is found wherever it is cut.
func TestPieces(t *testing.T) {
	secrets := redact.New("hunter2", "hunter22", "xhunt", "two\nlines")
	const text = "a hunter2 b hunter22 xhunter2 hunte\nhunter2two\nlines\nhunt"
	want := secrets.Text(text)
	for i := range text {
		for j := i; j <= len(text); j++ {
			var b bytes.Buffer
			o := outlet.New(&b)
			o.Hide(secrets)
			for _, piece := range []string{text[:i], text[i:j], text[j:]} {
				if n, err := o.Write([]byte(piece)); err != nil || n != len(piece) {
					t.Fatalf("Write is %d, %v", n, err)
				}
			}
			if err := o.Flush(); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(b.String(), "hunter2") {
				t.Fatalf("cut at %d and %d: %q", i, j, b.String())
			}
			if i == 0 && j == len(text) && b.String() != want {
				t.Fatalf("in one piece: %q; want %q", b.String(), want)
			}
		}
	}
}

// TestNothingWaits tells that what begins no secret is written at once: prompts have no line end.
func TestNothingWaits(t *testing.T) {
	var b bytes.Buffer
	o := outlet.New(&b)
	o.Hide(redact.New("hunter2"))
	if _, err := o.Write([]byte("user: ")); err != nil || b.String() != "user: " {
		t.Fatalf("%q, %v", b.String(), err)
	}
}

func TestFilesKeepWhatWasSaid(t *testing.T) {
	var b bytes.Buffer
	const text = "\x1b[2J\u202e\x9b\r\n"
	if _, err := outlet.New(&b).Write([]byte(text)); err != nil || b.String() != text {
		t.Fatalf("%q, %v", b.String(), err)
	}
}

func TestVisible(t *testing.T) {
	for text, want := range map[string]string{
		"plain\ttext\n":      "plain\ttext\n",
		"größer, 日本, 👩‍👩‍👧":  "größer, 日本, 👩‍👩‍👧",
		"\x1b[31mred":        `\x1b[31mred`,
		"\u009b2J":           `\u009b2J`,
		"a\u202eb\u2066c":    `a\u202eb\u2066c`,
		"one\r\ntwo\rthree":  "one\ntwo\\rthree",
		"\a\b\x00\x7f":       `\x07\x08\x00\x7f`,
		"\x9b1;2H\xff":       `\x9b1;2H\xff`,
		"a\u2028b\U000e0041": `a\u2028b\U000e0041`,
	} {
		if got := outlet.Visible(text); got != want {
			t.Errorf("Visible(%q) is %q; want %q", text, got, want)
		}
	}
}

// TestJSON tells that a document stays one and says the same, but for the secret.
func TestJSON(t *testing.T) {
	type document map[string]any
	for _, test := range []struct {
		secret     string
		said, want document
	}{
		{"true", document{"a": true, "b": "is true"}, document{"a": true, "b": "is ***"}},
		{`q"uo\te`, document{"b": `a q"uo\te b`}, document{"b": "a *** b"}},
		{"none", document{"b": "\x1b[2J \u009b \u202e \u2028 \U000e0041 \\ \" 日"}, document{"b": "\x1b[2J \u009b \u202e \u2028 \U000e0041 \\ \" 日"}},
	} {
		said, err := json.Marshal(test.said)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		o := outlet.New(&b)
		o.Hide(redact.New(test.secret))
		if err := o.JSON(said); err != nil {
			t.Fatal(err)
		}
		if outlet.Visible(b.String()) != b.String() {
			t.Errorf("%q has letters that a terminal obeys", b.String())
		}
		want, _ := json.Marshal(test.want)
		var got document
		if err := json.Unmarshal(b.Bytes(), &got); err != nil {
			t.Fatalf("%q: %v", b.String(), err)
		}
		if again, _ := json.Marshal(got); !bytes.Equal(again, want) {
			t.Errorf("%s\nis %s; want %s", said, again, want)
		}
	}
}

// FuzzPieces: nothing but secrets gets lost, however a text is cut.
func FuzzPieces(f *testing.F) {
	f.Add("a hunter2 b", "hunter2", uint8(4))
	f.Fuzz(func(t *testing.T, text, secret string, at uint8) {
		if len(secret) < redact.MinLength || strings.ContainsAny(secret, "\r\n*") {
			return // a secret of another kind
		}
		var b bytes.Buffer
		o := outlet.New(&b)
		secrets := redact.New(secret)
		o.Hide(secrets)
		i := min(int(at), len(text))
		_, _ = o.Write([]byte(text[:i]))
		_, _ = o.Write([]byte(text[i:]))
		_ = o.Flush()
		if strings.Contains(b.String(), secret) {
			t.Errorf("%q is in %q", secret, b.String())
		}
		if secrets.Text(text) == text && b.String() != text {
			t.Errorf("%q is not %q", b.String(), text)
		}
	})
}
