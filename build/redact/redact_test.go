package redact

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	key := "-----BEGIN KEY-----\n  c0ffee\r\n}\nabadcafe\n"
	for _, tt := range []struct {
		secrets    []string
		text, want string
	}{
		{nil, "all of it", "all of it"},
		{[]string{""}, "all of it", "all of it"},
		{[]string{"pass", "password123"}, "password123 pass passw", "*** *** ***w"},
		{[]string{"password123", "pass"}, "password123 pass passw", "*** *** ***w"},
		{[]string{"xpass", "password"}, "xpassword", "***"},
		{[]string{"aba"}, "ababa aba", "*** ***"},
		{[]string{"a"}, "aab", "******b"},
		{[]string{key}, "key " + key + "end", "key ***end"},
		{[]string{key}, "a c0ffee b } c", "a *** b } c"},
		{[]string{key}, "abadcafe\n", "***\n"},
	} {
		if got := New(tt.secrets...).Text(tt.text); got != tt.want {
			t.Errorf("%q in %q: got %q, want %q", tt.secrets, tt.text, got, tt.want)
		}
	}
	if got := (*Secrets)(nil).Text("as it is"); got != "as it is" {
		t.Error(got)
	}
}

func TestError(t *testing.T) {
	s := New("hunter2")
	plain := errors.New("nothing to hide")
	if got := s.Error(plain); got != plain {
		t.Errorf("another error: %v", got)
	}
	if s.Error(nil) != nil {
		t.Error("nil is an error")
	}
	got := s.Error(errors.Join(plain, fmt.Errorf("a: %w", errors.New("hunter2")), errors.Join(errors.New("hunter2 again"))))
	joined, ok := got.(interface{ Unwrap() []error })
	if !ok || len(joined.Unwrap()) != 3 || !errors.Is(got, plain) || got.Error() != "nothing to hide\na: ***\n*** again" {
		t.Errorf("joined errors: %q", got)
	}
	// Two errors with %w are one sentence, and what is inside does not tell the secret either.
	got = s.Error(fmt.Errorf("%w: %w", errors.New("hunter2"), plain))
	if got.Error() != "***: nothing to hide" || errors.Is(got, plain) {
		t.Errorf("two in one: %q", got)
	}
}

// TestLines: however the output is cut into pieces, no secret is in what comes out, and nothing else is
// lost.
func TestLines(t *testing.T) {
	s := New("pa", "pass", "ss wo", "two\nlines")
	text := "hello pass\nssss wo\r\n" + strings.Repeat("- pass word two ", 9000) + "\nend of it, without a break: pass"
	want := s.Text(text)
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 3))
		var got strings.Builder
		longest := 0
		l := Lines{Secrets: s, Line: func(line string) {
			got.WriteString(line)
			longest = max(longest, len(line))
		}}
		for rest := text; rest != ""; {
			n := min(1+r.IntN(9000), len(rest))
			if r.IntN(2) == 0 {
				n = min(1+r.IntN(5), len(rest))
			}
			l.Add([]byte(rest[:n]))
			rest = rest[n:]
		}
		l.Flush()
		if got.String() != want {
			t.Fatalf("seed %d: %d bytes came out, want %d", seed, got.Len(), len(want))
		}
		if len(l.held) > 0 || longest > maxHeld+9000 {
			t.Fatalf("seed %d: a piece of %d bytes, %d held", seed, longest, len(l.held))
		}
	}
}

// TestLinesAreNotHeldWithoutEnd: what has no line break is given out in parts.
func TestLinesAreNotHeldWithoutEnd(t *testing.T) {
	out := 0
	l := Lines{Secrets: New("secret"), Line: func(line string) { out += len(line) }}
	for range 100 {
		l.Add(make([]byte, 4096))
		if len(l.held) > maxHeld {
			t.Fatalf("%d bytes are held", len(l.held))
		}
	}
	if out == 0 {
		t.Error("nothing came out")
	}
}
