package redact

import (
	"errors"
	"fmt"
	"io/fs"
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
		{[]string{"abcab"}, "abcabcab abcab", "*** ***"},
		{[]string{"aaaa"}, "aaaaab", "***b"},
		{[]string{key}, "key " + key + "end", "key ***end"},
		{[]string{key}, "a c0ffee b } c", "a *** b } c"},
		{[]string{key}, "abadcafe\n", "***\n"},
		{[]string{"  in spaces "}, "  in spaces |in spaces|", "***|***|"},
		{[]string{"o'neill's"}, `+ login 'o'\''neill'\''s' or 'o'"'"'neill'"'"'s'`, "+ login '***' or '***'"},
		{[]string{"one\nit's two"}, `+ echo 'it'\''s two'`, "+ echo '***'"},
		{[]string{"by\xff\xfetes"}, "by\xff\xfetes by\ufffd\ufffdtes", "*** ***"},
	} {
		if got := New(tt.secrets...).Text(tt.text); got != tt.want {
			t.Errorf("%q in %q: got %q, want %q", tt.secrets, tt.text, got, tt.want)
		}
	}
	if got := (*Secrets)(nil).Text("as it is"); got != "as it is" {
		t.Error(got)
	}
}

// TestShortSecrets: a secret of one letter is hidden where it is a value, and not in every word.
func TestShortSecrets(t *testing.T) {
	for _, tt := range []struct{ secret, text, want string }{
		{"a", "a", "***"},
		{"a", "cannot read a file: a name\na\nmade at a place", "cannot read a file: a name\n***\nmade at a place"},
		{"a", "#5 0.072 a\n#5 0.073 a b\n", "#5 0.072 ***\n#5 0.073 a b\n"},
		{"a", "  a \r\n", "  *** \r\n"},
		{"a", "PASSWORD=a b=a&c=ab", "PASSWORD=*** b=***&c=ab"},
		{"a", `cannot use "a" and 'a', not "ab" or "a'`, `cannot use "***" and '***', not "ab" or "a'`},
		{"a", "http://a:a@a.example:80/a?a", "http://a:***@a.example:80/a?a"},
		{"a", "login -p a --user a -a", "login -p *** --user *** -a"},
		{"a", `{"password":a, "db_password": a, name: a}`, `{"password":***, "db_password": ***, name: a}`},
		{"1", "Dockerfile:1: exit code 1, base:1 in 1.1s", "Dockerfile:1: exit code 1, base:1 in 1.1s"},
		{"1", "token: 1", "token: ***"},
		{"a", `said "ENV PW \"a\" and \'a\'", not \"ab\" nor \"a b\"`, `said "ENV PW \"***\" and \'***\'", not \"ab\" nor \"a b\"`},
		{"a", `"{\"password\":\"a\"}" and "\\\"a\\\""`, `"{\"password\":\"***\"}" and "\\\"***\\\""`},
		{"a", `"{\"password\":a}", "\"PW=a\"", "PW=a\n", C:\"a"`, `"{\"password\":***}", "\"PW=***\"", "PW=***\n", C:\"***"`},
		{`a"b`, `error: "a\"b" is said, a"b is not`, `error: "***" is said, a"b is not`},
		{"abc", "abcd abc=abc", "abcd abc=***"},
		{"abcd", "abcde", "***e"},
	} {
		if got := New(tt.secret).Text(tt.text); got != tt.want {
			t.Errorf("%s in %q: got %q, want %q", tt.secret, tt.text, got, tt.want)
		}
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
	// Two errors with %w are one sentence. What they are is known still, and what is inside does not tell the secret.
	got = s.Error(fmt.Errorf("%w: %w", &fs.PathError{Op: "open", Path: "hunter2", Err: fs.ErrExist}, plain))
	if got.Error() != "open ***: file already exists: nothing to hide" || !errors.Is(got, plain) || !errors.Is(got, fs.ErrExist) || errors.Is(got, fs.ErrClosed) {
		t.Errorf("two in one: %q", got)
	}
	if path := (*fs.PathError)(nil); errors.As(got, &path) {
		t.Errorf("it hands out %q", path.Path)
	}
}

// TestLines: however the output is cut into pieces, no secret is in what comes out, and nothing else is
// lost.
func TestLines(t *testing.T) {
	s := New("pass", "passage", "ss wo", "two\nlines")
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

// TestClipped: where BuildKit leaves out a part of what a step prints, it may cut a secret.
func TestClipped(t *testing.T) {
	const said = "[output clipped, log limit 200KiB/s reached]\n"
	text := "a tok-0123\n" + said + "456789 b tok-01\nc\n#5 1.2 d tok-012\n#5 1.2 " + said + "#5 2.2 0123456\n" +
		said + "e\n1.3 f t\n1.3 " + said + said + "2.3 89\n"
	want := "a ***\n" + said + "*** b tok-01\nc\n#5 1.2 d ***\n#5 1.2 " + said + "#5 2.2 ***\n" +
		said + "e\n1.3 f t\n1.3 " + said + said + "2.3 89\n"
	for _, s := range []*Secrets{New("tok-0123456789"), nil} {
		var got strings.Builder
		l := Lines{Secrets: s, Line: func(line string) { got.WriteString(line) }}
		for line := range strings.Lines(text + "tok-0\n" + said + "6789") { // as BuildKit writes its log
			l.Add([]byte(line[:1]))
			l.Add([]byte(line[1:]))
		}
		l.Flush()
		want := want + "***\n" + said + "***"
		if s == nil {
			want = text + "tok-0\n" + said + "6789"
		}
		if got.String() != want {
			t.Errorf("got %q, want %q", got.String(), want)
		}
	}
}
