package source

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fmt"
	"github.com/slipway-build/slipway/problem"
)

func TestResolveFollows(t *testing.T) {
	t.Parallel()
	main := newRepo(t, filepath.Join(t.TempDir(), "r"))
	first, last := main.fill()
	r := repositories(t)
	resolve := func(ref, want string) {
		t.Helper()
		if got, err := r.Resolve(t.Context(), parsed(t, main.url()+ref)); err != nil || got != want {
			t.Errorf("%s: got %s, %v; want %s", ref, got, err, want)
		}
	}
	resolve("#old", first)
	main.git("branch", "--force", "old", last)
	resolve("#old", last)
	main.git("reset", "--quiet", "--hard", first)
	resolve("#main", first)
	// A branch goes before a tag of the same name.
	main.git("tag", "both", first)
	main.git("branch", "both", last)
	resolve("#both", last)
	resolve("#tags/both", first)
	main.git("update-ref", "refs/pull/7/head", last)
	resolve("#pull/7/head", last)
	// The end of a name is not the name.
	main.git("branch", "feature/wanted")
	_, err := r.Resolve(t.Context(), parsed(t, main.url()+"#wanted"))
	wantError(t, err, "no branch or tag is called wanted")
	// A branch may look like a shortened commit id.
	main.git("branch", "deadbeef", first)
	resolve("#deadbeef", first)
	main.git("branch", "--delete", "--force", "old")
	_, err = r.Resolve(t.Context(), parsed(t, main.url()+"#old:sub"))
	wantError(t, err, "cannot look up "+main.url()+"#old:sub: no branch or tag is called old\nhint: its branches: both, deadbeef, feature/wanted, main")
	_, err = r.Resolve(t.Context(), parsed(t, main.url()+"#"+first[:10]))
	wantError(t, err, "a shortened commit id cannot be looked up\nhint: write the whole commit id")
	main.git("symbolic-ref", "HEAD", "refs/heads/gone")
	_, err = r.Resolve(t.Context(), parsed(t, main.url()))
	wantError(t, err, "no default branch (HEAD)\nhint: its branches: ")
	empty := newRepo(t, filepath.Join(t.TempDir(), "e"))
	_, err = r.Resolve(t.Context(), parsed(t, empty.url()))
	wantError(t, err, "the repository has no commits yet\nhint: ")
	_, err = r.Resolve(t.Context(), parsed(t, empty.url()+"-none"))
	wantError(t, err, "does not appear to be a git repository", "\nhint: compare the address")
	if errors.Is(err, ErrTransient) {
		t.Error("a missing repository is no transient fault")
	}
}

// counting is a git that notes each run in a file.
func counting(t *testing.T, r *Repositories) (count func() int) {
	t.Helper()
	dir := t.TempDir()
	log, program := filepath.Join(dir, "log"), filepath.Join(dir, "git")
	script := "#!/bin/sh\necho run >>'" + log + "'\nexec git \"$@\"\n"
	if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	r.Program = program
	return func() int {
		data, err := os.ReadFile(log)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		return strings.Count(string(data), "\n")
	}
}

func TestResolveAll(t *testing.T) {
	dir := t.TempDir()
	main := newRepo(t, filepath.Join(dir, "r"))
	first, last := main.fill()
	other := newRepo(t, filepath.Join(dir, "o"))
	only := other.commit(map[string]string{"a": "b"})
	r := repositories(t)
	count := counting(t, r)
	sha := strings.Repeat("ab", 20)
	var list []Git
	for _, from := range []string{main.url(), main.url() + "#old", main.url() + "#none", other.url(), "file:///none", "file:///none#x", "https://example.com/never-asked#" + sha} {
		list = append(list, parsed(t, from))
	}
	results := r.ResolveAll(t.Context(), list)
	var got []string
	for _, res := range results {
		got = append(got, res.Commit)
	}
	if diff := cmp.Diff([]string{last, first, "", only, "", "", sha}, got); diff != "" {
		t.Error(diff)
	}
	wantError(t, results[2].Err, "cannot look up "+main.url()+"#none: ")
	wantError(t, results[4].Err, "cannot look up file:///none: ")
	wantError(t, results[5].Err, "cannot look up file:///none#x: ")
	if n := count(); n != 3 {
		t.Errorf("git was run %d times for 3 repositories", n)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	newRepo(t, filepath.Join(dir, "r")).fill()
	server := smart(t, dir, "s3cret", false)
	status := func(code int) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }))
		t.Cleanup(s.Close)
		return s.URL
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() }) // it accepts, and never answers
	silent := listener.Addr().String()
	hangUp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hangUp.Close() })
	go func() {
		for {
			c, err := hangUp.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	for name, test := range map[string]struct {
		from      string
		transient bool
		want      []string
	}{
		"wrong password":     {strings.Replace(server.URL, "://", "://me:wr0ng-one@", 1) + "/r", false, []string{"Authentication failed", "\nhint: give git the credentials"}},
		"no password":        {server.URL + "/r", false, []string{"could not read Username", "\nhint: give git the credentials"}},
		"no repository":      {strings.Replace(server.URL, "://", "://me:s3cret@", 1) + "/none", false, []string{"not found", "\nhint: compare the address"}},
		"no repository, git": {daemon(t, dir) + "/none", false, []string{"access denied or repository not exported", "\nhint: compare the address"}},
		"forbidden":          {status(403) + "/r", false, []string{"403", "\nhint: give git the credentials"}},
		"server error":       {status(503) + "/r", true, []string{"503"}},
		"too many requests":  {status(429) + "/r", true, []string{"429"}},
		"nobody, http":       {"http://127.0.0.1:" + freePort(t) + "/r", true, []string{"connect"}},
		"nobody, git":        {"git://127.0.0.1:" + freePort(t) + "/r", true, []string{"Connection refused"}},
		"silent, http":       {"http://" + silent + "/r", true, []string{"no end within 300ms"}},
		"silent, git":        {"git://" + silent + "/r", true, []string{"no end within 300ms"}},
		"hangs up, http":     {"http://" + hangUp.Addr().String() + "/r", true, []string{""}},
		"hangs up, git":      {"git://" + hangUp.Addr().String() + "/r", true, []string{""}},
		"no such name":       {"https://none.invalid/r", true, []string{"Could not resolve host"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := repositories(t)
			if strings.HasPrefix(name, "silent") {
				r.ResolveTimeout = 300 * time.Millisecond
			}
			g := parsed(t, test.from)
			_, err := r.Resolve(t.Context(), g)
			wantError(t, err, append(test.want, "cannot look up "+g.String()+": ")...)
			if errors.Is(err, ErrTransient) != test.transient {
				t.Errorf("transient: %t, of %v", !test.transient, err)
			}
			if strings.Contains(err.Error(), "wr0ng") || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the password is in %v", err)
			}
		})
	}
}

// What the user's git adds to an address, and what a server says, is cleaned too.
func TestWords(t *testing.T) {
	var lines []string
	w := &lastWords{secrets: []string{"hunter2"}, each: func(s string) { lines = append(lines, s) }}
	for _, s := range []string{
		"remote: Counting objects: 100% (3/3)\rremote: Counting objects: 100% (3/3), done.\n", "Receiving objects:  10% (1/9)\r",
		"remote: \x1b[31mevil\x1b]0;title\a\n", "fatal: unable to access 'https://u:s3c", "ret@host/x/': it says hunter2\nerror: last", "",
	} {
		if _, err := w.Write([]byte(s)); err != nil {
			t.Fatal(err)
		}
	}
	w.flush()
	if diff := cmp.Diff([]string{"remote:  [31mevil ]0;title", "unable to access 'https://host/x/': it says ***", "last"}, w.lines); diff != "" {
		t.Error(diff)
	}
	if len(lines) != 6 || lines[2] != "Receiving objects:  10% (1/9)" {
		t.Errorf("progress: %q", lines)
	}
	for range 100 {
		_, _ = w.Write([]byte(strings.Repeat("x", 3000) + "\n"))
	}
	if len(w.lines) != maxLines || len(w.lines[0]) > maxLine+len("…") {
		t.Errorf("%d lines are kept", len(w.lines))
	}
}

// What git says does not always come from a server that a test can run.
func TestClassify(t *testing.T) {
	for text, transient := range map[string]bool{
		"ssh: connect to host example.com port 22: Connection timed out\nfatal: Could not read from remote repository.": true,
		"kex_exchange_identification: Connection closed by remote host":                                                 true,
		"error: RPC failed; curl 92 HTTP/2 stream 5 was not closed cleanly\nfatal: early EOF":                           true,
		"error: RPC failed; curl 28 HTTP code = 0\nfatal: the end":                                                      true,
		"fatal: unable to access 'https://h/x/': The requested URL returned error: 521":                                 true,
		"fatal: unable to access 'https://h/x/': The requested URL returned error: 502":                                 true,
		"fatal: unable to access 'https://h/x/': The requested URL returned error: 401":                                 false,
		"git@h: Permission denied (publickey).\nfatal: The remote end hung up unexpectedly":                             false,
		"fatal: remote error: access denied or repository not exported: /x\nfatal: the remote end hung up":              false,
		"ERROR: Repository not found.\nfatal: Could not read from remote repository.":                                   false,
		"fatal: unable to access 'https://h/x/': SSL certificate problem: unable to get local issuer certificate":       false,
	} {
		e := &failure{Lines: strings.Split(text, "\n")}
		if e.classify(); errors.Is(e, ErrTransient) != transient {
			t.Errorf("%s\ntransient: %t", text, !transient)
		}
	}
}

// TestHintOfOwner: the command works as it is printed.
func TestHintOfOwner(t *testing.T) {
	e := &failure{Problem: problem.Problem{Text: "cannot look up file:///srv/r"}, Lines: []string{"detected dubious ownership in repository at '/srv/r'", "To add an exception for this directory, call:"}}
	e.classify()
	wantError(t, e, "\nhint: `git config --global --add safe.directory '/srv/r'`, if you trust its owner")
	if text, hint := problem.Split(fmt.Errorf("cannot go on: %w", e)); hint != e.Hint || strings.Contains(text, "hint") || !strings.HasSuffix(text, "call:") {
		t.Errorf("text %q, hint %q", text, hint)
	}
}
