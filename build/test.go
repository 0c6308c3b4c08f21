package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/google/shlex"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/buildcontext"
)

// Test is the command that verifies images, as docker-pkg's verify_command and
// verify_args say it: "{path}" stands for the image's folder, "{image}" for its
// full reference.
type Test struct {
	Command string
	Args    []string
	// Timeout ends a test that hangs; zero sets none.
	Timeout time.Duration
	// Env is the whole environment of the command.
	Env []string

	named bool     // the list names the script
	root  string   // of a checkout: no file outside is read; empty for the user's own files
	known []string // what names returns, if it was asked before
}

// script is the same with another script than test.sh.
func (t Test) script(name string) Test {
	t.Command, t.Args, t.named = "/bin/bash", []string{"-c", `"$0" "$1"`, "{path}/" + name, "{image}"}, true
	t.known = nil
	return t
}

// TestOf is the test of one image: that of all, or the script that the list names for it.
func (t Test) TestOf(img *fleet.Image) Test {
	l := img.Listed
	if l == nil {
		return t
	}
	if l.Test != "" {
		t = t.script(l.Test)
	}
	if l.Commit != "" {
		t.root = l.Root
	}
	return t
}

// Digest is "sha256:…" of the image's test: the command and the files that its arguments name with
// {path}. It is empty for an image that has none. A script that the list names must exist.
func (t Test) Digest(dir string) (string, error) {
	files, err := t.files(dir)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q %q\n", t.Command, t.Args)
	for _, name := range files {
		err := t.hash(h, name)
		switch {
		case errors.Is(err, fs.ErrNotExist) && !t.named:
			return "", nil
		case err != nil:
			return "", fmt.Errorf("cannot read the test: %s: %w", name, err)
		}
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}

// maxTestFile is the largest file of a test, in bytes.
const maxTestFile = 1 << 30

// hash writes a file's length and content. Of a folder the length is none: what is in it is the test's
// business.
func (t Test) hash(w io.Writer, name string) error {
	f, err := t.open(name)
	if errors.Is(err, buildcontext.ErrFolder) {
		fmt.Fprintln(w, 0)
		return nil
	}
	if err != nil {
		return bare(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return bare(err)
	}
	if info.Size() > maxTestFile {
		return fmt.Errorf("it is larger than %d bytes, the most that is read", maxTestFile)
	}
	fmt.Fprintln(w, info.Size())
	n, err := io.Copy(w, io.LimitReader(f, info.Size()+1))
	if err == nil && n != info.Size() {
		err = errors.New("it changes while it is read")
	}
	return bare(err)
}

// open follows links as the test's run does, but out of no checkout.
func (t Test) open(name string) (*os.File, error) {
	dir, file := t.root, ""
	var err error
	if dir != "" {
		file, err = filepath.Rel(dir, name)
	} else if name, err = filepath.EvalSymlinks(name); err == nil {
		dir, file = filepath.Split(name)
	}
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close() // an open file stays open
	return buildcontext.OpenRegular(root, file)
}

// bare drops the path, which the message has already.
func bare(err error) error {
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// Prepared is the same test, for many images: what its arguments name is found out once.
func (t Test) Prepared() (Test, error) {
	names, err := t.names()
	t.known = append([]string{}, names...)
	return t, err
}

// files are those that the arguments name with {path}.
func (t Test) files(dir string) ([]string, error) {
	names, err := t.known, error(nil)
	if names == nil {
		names, err = t.names()
	}
	files := make([]string, len(names))
	for i, name := range names {
		files[i] = fill(name, dir, "")
	}
	return files, err
}

// names are the words with {path} in the arguments.
func (t Test) names() ([]string, error) {
	var names []string
	for _, arg := range t.Args {
		if !strings.Contains(arg, "{path}") {
			continue
		}
		words, err := shlex.Split(arg)
		if err != nil {
			return nil, fmt.Errorf("cannot read verify_args %q: %w", arg, err)
		}
		for _, w := range words {
			if strings.Contains(w, "{path}") {
				names = append(names, w)
			}
		}
	}
	return names, nil
}

// run executes the test. Its process group is killed when ctx or the time ends.
func (t Test) run(ctx context.Context, dir, ref string, out io.Writer) error {
	program, err := lookPath(t.Command, t.Env)
	if err != nil {
		return fmt.Errorf("cannot find verify_command %q: %w", t.Command, err)
	}
	args := make([]string, len(t.Args))
	for i, a := range t.Args {
		args[i] = fill(a, dir, ref)
	}
	hung := errors.New("time is up")
	if t.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, t.Timeout, hung)
		defer cancel()
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Args[0] = t.Command
	cmd.Env = t.Env
	cmd.Stdout, cmd.Stderr = out, out
	attr, release := ownGroup()
	defer release()
	cmd.SysProcAttr = attr
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	if cmd.Process != nil {
		// What the test left in the background ends with it, and is no failure.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil
	}
	line := strings.Join(append([]string{t.Command}, args...), " ")
	switch {
	case err == nil:
		return nil
	case errors.Is(context.Cause(ctx), hung):
		return fmt.Errorf("%q did not end within %s\nhint: verify_timeout in the configuration sets the limit", line, t.Timeout)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return fmt.Errorf("%q: %w", line, err)
}

// fill replaces the two fields the way Python's str.format does, doubled braces included.
func fill(s, dir, ref string) string {
	return strings.NewReplacer("{path}", dir, "{image}", ref, "{{", "{", "}}", "}").Replace(s)
}

// lookPath finds a command on the PATH of env, not on this process's own.
func lookPath(name string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, kv := range env {
		list, ok := strings.CutPrefix(kv, "PATH=")
		if !ok {
			continue
		}
		for _, dir := range strings.Split(list, ":") {
			if p, err := exec.LookPath(dir + "/" + name); dir != "" && err == nil {
				return p, nil
			}
		}
	}
	return "", exec.ErrNotFound
}
