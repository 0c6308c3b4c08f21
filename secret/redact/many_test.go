package redact

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestManyWords: many secrets are found as few are, however they overlap and wherever a text is cut.
func TestManyWords(t *testing.T) {
	r := rand.New(rand.NewPCG(12, 6))
	letters := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte("abc"[r.IntN(3)])
		}
		return b.String()
	}
	hidden := 0
	for range 300 {
		few := make([]string, 6)
		for i := range few {
			few[i] = letters(4 + r.IntN(4))
		}
		few[0] = letters(8) // the longest, as the others below
		many := append([]string{}, few...)
		for i := range 100 { // of other letters
			many = append(many, fmt.Sprintf("%04dword", i))
		}
		text := letters(200)
		small, large := New(few...), New(many...)
		want := small.Text(text)
		if got := large.Text(text); got != want {
			t.Fatalf("%q in %s: got %s, want %s", few, text, got, want)
		}
		if small.Complete(text) != large.Complete(text) || small.cut(text) != large.cut(text) {
			t.Fatalf("%q in %s: cut elsewhere", few, text)
		}
		hidden += strings.Count(want, stars)
	}
	if hidden < 1000 {
		t.Errorf("only %d secrets were hidden", hidden)
	}
}

// TestLargeSecret: a secret as long as BuildKit takes, of very many lines, takes no time to speak of where much is
// printed; and one that is all one line is hidden, too.
func TestLargeSecret(t *testing.T) {
	var b strings.Builder
	for i := range 30_000 {
		fmt.Fprintf(&b, "line-%09d\n", i*7919)
	}
	s := New(b.String())
	begun, shown := time.Now(), 0
	l := Lines{Secrets: s, Line: func(line string) {
		if strings.Contains(line, "7919") {
			shown++
		}
	}}
	for i := range 5_000 {
		l.Add(fmt.Appendf(nil, "a step prints this, and then line-%09d, %c times\n", 7919, 'a'+i%26))
		_ = s.Complete("a step prints this, and lin")
	}
	if took := time.Since(begun); shown > 0 || took > 20*time.Second {
		t.Errorf("shown %d times, in %v", shown, took)
	}
	one := strings.Repeat("0123456789", 20_000)
	got := ""
	l = Lines{Secrets: New(one), Line: func(line string) { got += line }}
	for i := 0; i < len(one); i += 4096 {
		l.Add([]byte(one[i:min(len(one), i+4096)]))
	}
	l.Add([]byte(" ends\n"))
	if l.Flush(); got != "*** ends\n" {
		t.Errorf("%.80q", got)
	}
}
