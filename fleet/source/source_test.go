package source

import (
	"context"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// environ is one that depends on no user's settings.
func environ(t *testing.T, more ...string) []string {
	t.Helper()
	return append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
	}, more...)
}

// repo is a repository with a work tree, made by git itself.
type repo struct {
	t   *testing.T
	dir string
}

func newRepo(t *testing.T, dir string) *repo {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	r := &repo{t, dir}
	r.git("init", "--quiet", "--initial-branch=main", "--template=")
	return r
}

func (r *repo) git(args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "protocol.file.allow=always"}, args...)...)
	cmd.Dir = r.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + r.dir, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_AUTHOR_DATE=1700000000 +0000",
		"GIT_COMMITTER_NAME=C", "GIT_COMMITTER_EMAIL=c@example.com", "GIT_COMMITTER_DATE=1700000100 +0200"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit writes files and returns the id: "->x" is a link to x, a name that
// ends in * is executable.
func (r *repo) commit(files map[string]string) string {
	r.t.Helper()
	for name, data := range files {
		mode := fs.FileMode(0o644)
		if n, ok := strings.CutSuffix(name, "*"); ok {
			name, mode = n, 0o755
		}
		path := filepath.Join(r.dir, name)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if target, ok := strings.CutPrefix(data, "->"); ok && err == nil {
			err = os.Symlink(target, path)
		} else if err == nil {
			err = os.WriteFile(path, []byte(data), mode)
		}
		if err != nil {
			r.t.Fatal(err)
		}
	}
	r.git("add", "--all")
	r.git("commit", "--quiet", "--message=text", "--allow-empty")
	return r.git("rev-parse", "HEAD")
}

func (r *repo) url() string { return "file://" + r.dir }

// fill makes the repository that most tests read.
func (r *repo) fill() (first, last string) {
	first = r.commit(map[string]string{"Dockerfile": "FROM scratch\n", "run.sh*": "#!/bin/sh\n", "sub/Dockerfile": "FROM sub\n"})
	r.git("tag", "light")
	r.git("tag", "--annotate", "--message=text", "heavy")
	r.git("branch", "old")
	last = r.commit(map[string]string{"Dockerfile": "FROM last\n", "link": "->sub"})
	return first, last
}

// repositories are with a cache of their own.
func repositories(t *testing.T, env ...string) *Repositories {
	t.Helper()
	r := New(filepath.Join(t.TempDir(), "cache"), "")
	r.Env = environ(t, env...)
	return r
}

func parsed(t *testing.T, from string) Git {
	t.Helper()
	s, err := Parse(from, "/base")
	if err != nil {
		t.Fatal(err)
	}
	if !s.IsGit() {
		t.Fatalf("%s is a folder", from)
	}
	return s.Git
}

// fetched resolves and fetches, and returns the files that are not hidden by links.
func fetched(t *testing.T, r *Repositories, from string) (Checkout, map[string]string) {
	t.Helper()
	g := parsed(t, from)
	commit, err := r.Resolve(t.Context(), g)
	if err != nil {
		t.Fatal(err)
	}
	c, err := r.Fetch(t.Context(), g, commit, Wish{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, tree(t, c.Dir)
}

// tree lists files with their contents, links with their targets.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		switch {
		case e.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			files[rel] = "->" + target
			return err
		case e.Type().IsRegular():
			data, err := os.ReadFile(path)
			files[rel] = string(data)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// wantError looks for parts of an error's text.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q\nlacks %q", err, part)
		}
	}
}

// unfinished are the names in a cache that should not stay.
func unfinished(t *testing.T, r *Repositories) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(r.Cache, tempPrefix+"*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// freePort is one that was free a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// serve runs a server until the test ends, and waits until it listens.
func serve(t *testing.T, port string, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = env
	var words strings.Builder
	cmd.Stderr = &words
	attr, release := ownSession()
	cmd.SysProcAttr = attr
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		release()
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
		release()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			c.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s ended: %v\n%s", name, err, words.String())
		case <-ctx.Done():
			t.Fatalf("%s does not listen", name)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// daemon serves the repositories below a folder with git://.
func daemon(t *testing.T, dir string) string {
	t.Helper()
	port := freePort(t)
	serve(t, port, environ(t), "git", "daemon", "--listen=127.0.0.1", "--port="+port, "--reuseaddr", "--export-all", "--base-path="+dir, dir)
	return "git://127.0.0.1:" + port
}
