package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain is also another process that fetches, for tests of several and of kills.
func TestMain(m *testing.M) {
	if from := os.Getenv("SOURCE_TEST_FETCH"); from != "" {
		r := New(os.Getenv("SOURCE_TEST_CACHE"), "")
		s, err := Parse(from, "")
		if err == nil {
			_, err = r.Fetch(context.Background(), s.Git, os.Getenv("SOURCE_TEST_COMMIT"), Wish{})
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// another is a process that fetches.
func another(t *testing.T, r *Repositories, from, commit string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(r.Env, "SOURCE_TEST_FETCH="+from, "SOURCE_TEST_CACHE="+r.Cache, "SOURCE_TEST_COMMIT="+commit)
	cmd.Stderr = t.Output()
	return cmd
}

// proxy forwards connections to a git:// server and passes on at most some
// bytes of its answers; then it keeps silent.
func proxy(t *testing.T, to string, most int64) (address string, stuck <-chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	reached := make(chan struct{}, 100)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", strings.TrimPrefix(to, "git://"))
			if err != nil {
				in.Close()
				return
			}
			go func() { _, _ = io.Copy(out, in); out.Close() }()
			go func() {
				if n, _ := io.CopyN(in, out, most); n < most {
					in.Close()
					return
				}
				reached <- struct{}{}
			}()
		}
	}()
	return "git://" + l.Addr().String(), reached
}

// large makes a repository of some megabytes that do not compress.
func large(t *testing.T, dir string) (*repo, string) {
	t.Helper()
	main := newRepo(t, dir)
	data := make([]byte, 4<<20)
	state := uint32(1)
	for i := range data {
		state = state*1664525 + 1013904223
		data[i] = byte(state >> 24)
	}
	return main, main.commit(map[string]string{"large": string(data), "small": "x"})
}

// processes are those that have text in their command line.
func processes(t *testing.T, text string) []int {
	t.Helper()
	out, err := exec.Command("ps", "-Ao", "pid=,stat=,args=").Output()
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		if pid, err := strconv.Atoi(words[0]); err == nil && strings.Contains(line, text) && !strings.HasPrefix(words[1], "Z") {
			pids = append(pids, pid)
		}
	}
	return pids
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 500 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("never: " + what)
}

// TestCancel: in the middle of a fetch all processes end, and nothing stays.
func TestCancel(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, commit := large(t, filepath.Join(dir, "r"))
	server := daemon(t, dir)
	address, stuck := proxy(t, server, 1<<20)
	r := repositories(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	var before int
	go func() {
		<-stuck
		before = len(processes(t, r.Cache))
		cancel(why)
	}()
	_, err := r.Fetch(ctx, parsed(t, address+"/r"), commit, Wish{})
	wantError(t, err, "cannot fetch "+address+"/r: enough")
	if !errors.Is(err, why) || errors.Is(err, ErrTransient) {
		t.Errorf("got %v", err)
	}
	if before == 0 {
		t.Error("no git was running")
	}
	eventually(t, "git ends", func() bool { return len(processes(t, r.Cache)) == 0 })
	if names := unfinished(t, r); len(names) > 0 {
		t.Errorf("left behind: %v", names)
	}
	r.FetchTimeout = 500 * time.Millisecond
	_, err = r.Fetch(t.Context(), parsed(t, address+"/r"), commit, Wish{})
	wantError(t, err, "no end within 500ms")
	if !errors.Is(err, ErrTransient) {
		t.Errorf("not transient: %v", err)
	}
	r.FetchTimeout = 0
	ctx, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer stop()
	if _, err = r.Fetch(ctx, parsed(t, address+"/r"), commit, Wish{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	broken, _ := proxy(t, server, 1<<30)
	if _, err = r.Fetch(t.Context(), parsed(t, broken+"/r"), commit, Wish{}); err != nil {
		t.Error(err)
	}
}

// TestKill: a killed process leaves nothing under a good name, no git behind,
// and the next one goes on.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, commit := large(t, filepath.Join(dir, "r"))
	server := daemon(t, dir)
	address, stuck := proxy(t, server, 1<<20)
	r := repositories(t)
	cmd := another(t, r, address+"/r", commit)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-stuck
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	name := nameOf(parsed(t, address+"/r"), commit, Wish{})
	if _, err := os.Stat(filepath.Join(r.Cache, name)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a checkout: %v", err)
	}
	if len(unfinished(t, r)) != 1 {
		t.Errorf("unfinished: %v", unfinished(t, r))
	}
	eventually(t, "git ends with the process", func() bool { return len(processes(t, r.Cache)) == 0 })
	// The same name again, and it works now.
	l := strings.TrimPrefix(address, "git://")
	config := []string{"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=url." + server + "/.insteadOf", "GIT_CONFIG_VALUE_0=git://" + l + "/"}
	r.Env = append(r.Env, config...)
	c, err := r.Fetch(t.Context(), parsed(t, address+"/r"), commit, Wish{})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if names := unfinished(t, r); len(names) > 0 {
		t.Errorf("left behind: %v", names)
	}
}

// TestTogether: of several processes and goroutines one fetches.
func TestTogether(t *testing.T) {
	t.Parallel()
	main := newRepo(t, filepath.Join(t.TempDir(), "r"))
	_, last := main.fill()
	r := repositories(t)
	count := counting(t, r)
	errs := make(chan error)
	for range 4 {
		go func() {
			c, err := r.Fetch(t.Context(), parsed(t, main.url()), last, Wish{})
			if err == nil {
				defer c.Close() // the others do not wait for this
				_, err = os.Stat(filepath.Join(c.Root, "Dockerfile"))
			}
			errs <- err
		}()
		go func() { errs <- another(t, r, main.url(), last).Run() }()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	// Another process may have been the one; it does not count.
	if n := count(); n != 0 && n != 5 {
		t.Errorf("git was run %d times", n)
	}
	if n, err := r.Prune(t.Context()); n != 1 || err != nil {
		t.Errorf("%d checkouts were made, %v", n, err)
	}
}

// TestNoTerminal: git has no terminal on which it, or ssh, could ask.
func TestNoTerminal(t *testing.T) {
	t.Parallel()
	r := repositories(t, "SSH_ASKPASS=/nonexistent", "DISPLAY=:0")
	dir := t.TempDir()
	r.Program = filepath.Join(dir, "git")
	script := "#!/bin/sh\nps -o sid= -p $$ >&2\necho pid $$ >&2\necho prompt $GIT_TERMINAL_PROMPT askpass $SSH_ASKPASS >&2\n" +
		"(: </dev/tty) 2>/dev/null && echo terminal >&2\nexit 1\n"
	if err := os.WriteFile(r.Program, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := r.Resolve(t.Context(), Git{URL: "file:///x"})
	var e *failure
	if !errors.As(err, &e) || len(e.Lines) != 3 {
		t.Fatalf("got %v", err)
	}
	if "pid "+e.Lines[0] != e.Lines[1] || e.Lines[2] != "prompt 0 askpass" {
		t.Errorf("got %q", e.Lines)
	}
}

// TestCancelEndsAll: what git has started ends with it, also what does not
// notice that git is gone.
func TestCancelEndsAll(t *testing.T) {
	t.Parallel()
	r := repositories(t)
	dir := t.TempDir()
	r.Program = filepath.Join(dir, "git")
	script := "#!/bin/sh\nsleep 98765 >/dev/null 2>&1 </dev/null &\necho $! >'" + dir + "/new'\nmv '" + dir + "/new' '" + dir + "/pid'\nwait\n"
	if err := os.WriteFile(r.Program, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := r.Resolve(ctx, Git{URL: "file:///x"})
		ended <- err
	}()
	var pid int
	eventually(t, "git starts", func() bool {
		data, err := os.ReadFile(filepath.Join(dir, "pid"))
		pid, _ = strconv.Atoi(strings.TrimSpace(string(data)))
		return err == nil
	})
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	eventually(t, "its child ends", func() bool {
		out, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
		return err != nil || strings.HasPrefix(string(out), "Z")
	})
}

// TestWaiterGoesOn: who waits for another's fetch does not wait for its build.
func TestWaiterGoesOn(t *testing.T) {
	t.Parallel()
	main := newRepo(t, filepath.Join(t.TempDir(), "r"))
	_, last := main.fill()
	r := repositories(t)
	g := parsed(t, main.url())
	c, err := r.Fetch(t.Context(), g, last, Wish{})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	// As if that fetch were still going on in another process.
	entry, away := filepath.Dir(c.Root), filepath.Join(t.TempDir(), "away")
	if err := os.Rename(entry, away); err != nil {
		t.Fatal(err)
	}
	lock, err := tryLock(lockName(r.Cache, nameOf(g, last, Wish{})), exclusive)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock(lock)
	r.Program = "/nonexistent/git"
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	ended := make(chan error)
	go func() {
		c, err := r.Fetch(ctx, g, last, Wish{})
		c.Close()
		ended <- err
	}()
	time.Sleep(50 * time.Millisecond)
	if err := os.Rename(away, entry); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(lock.Fd()), shared|syscall.LOCK_NB); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
