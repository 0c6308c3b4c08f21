package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/slipway-build/slipway/problem"
)

// settings hold for every git that is run: nothing of the repository runs, no
// work in the background, the same files whatever the user's settings are.
var settings = []string{
	"core.hooksPath=/dev/null", "core.fsmonitor=false", "core.attributesFile=/dev/null",
	"core.autocrlf=false", "core.eol=lf", "core.symlinks=true", "core.sparseCheckout=false",
	"submodule.recurse=false", "fetch.recurseSubmodules=false", "fetch.prune=false",
	"fetch.unpackLimit=1", // to a file, which watch can see grow, not to memory
	"gc.auto=0", "maintenance.auto=false", "advice.detachedHead=false", "credential.interactive=false",
	"protocol.ext.allow=never", "http.lowSpeedLimit=1", "http.lowSpeedTime=60",
}

// foreign are variables of a git around us, such as one whose hook runs
// slipway: they name its repository. SSH_ASKPASS would open a window.
var foreign = []string{
	"GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_INDEX_VERSION", "GIT_COMMON_DIR",
	"GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_SHALLOW_FILE",
	"GIT_GRAFT_FILE", "GIT_REPLACE_REF_BASE", "GIT_CONFIG", "GIT_INTERNAL_SUPER_PREFIX", "GIT_ATTR_SOURCE",
	"GIT_TEMPLATE_DIR", "GIT_DEFAULT_HASH", "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM",
	"GIT_ALLOW_PROTOCOL", "GIT_PROTOCOL_FROM_USER", "GIT_QUARANTINE_PATH", "GIT_NO_REPLACE_OBJECTS",
	"GIT_LITERAL_PATHSPECS", "GIT_TERMINAL_PROMPT", "GIT_ATTR_NOSYSTEM", "GCM_INTERACTIVE",
	"SSH_ASKPASS", "SSH_ASKPASS_REQUIRE", "LC_ALL", "LANGUAGE", "PWD",
}

// credentialHelper answers from the environment, which other users cannot read.
const credentialHelper = `!f() { test "$1" = get || exit 0; printf 'username=%s\npassword=%s\n' "$SLIPWAY_GIT_USER" "$SLIPWAY_GIT_PASSWORD"; }; f`

// login gives git the user and the password of an http(s) address: where they
// are is on the command line, what they are in the environment.
func (rem *remote) login() (args, env []string) {
	if !rem.web() {
		return nil, nil
	}
	key := "credential." + rem.scope + "."
	switch {
	case rem.hasPassword:
		args = []string{"-c", key + "helper=", "-c", key + "helper=" + credentialHelper}
	case rem.user != "":
		args = []string{"--config-env=" + key + "username=SLIPWAY_GIT_USER"} // git 2.31
	}
	return args, []string{"SLIPWAY_GIT_USER=" + rem.user, "SLIPWAY_GIT_PASSWORD=" + rem.password}
}

// secrets are what no message may have. A user that the address names elsewhere
// too, such as an owner of repositories, is none.
func (rem *remote) secrets() []string {
	secrets := []string{rem.password}
	if rem.web() && !strings.Contains(rem.url, rem.user) {
		secrets = append(secrets, rem.user)
	}
	return secrets
}

// command is one run of git.
type command struct {
	doing  string // begins the error: "cannot fetch …"
	args   []string
	dir    string  // absolute; not the user's nor one a repository fills, whose .git would count
	remote *remote // nil when no repository elsewhere is asked
	stdin  io.Reader
	stdout io.Writer
	lines  func(string) // called with each line of stderr
}

// git runs it, and ends its whole process group with ctx.
func (r *Repositories) git(ctx context.Context, c command) error {
	name := r.Program
	if name == "" {
		name = "git"
	}
	program, err := exec.LookPath(name)
	if err != nil {
		return &failure{Problem: problem.Problem{Text: c.doing, Err: fmt.Errorf("cannot find the program git: %w", err), Hint: "`apt-get install git` installs it"}}
	}
	env, secrets := r.environment(c.dir), []string(nil)
	args := make([]string, 0, 2*len(settings)+len(c.args)+4)
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	if rem := c.remote; rem != nil {
		env = append(env, "GIT_ALLOW_PROTOCOL="+allowed(rem.scheme, r.Env))
		if rem.scheme == "ssh" {
			env = append(env, r.ssh(ctx, program, c.dir, env)...)
		}
		more, values := rem.login()
		args, env, secrets = append(args, more...), append(env, values...), rem.secrets()
	} else {
		env = append(env, "GIT_ALLOW_PROTOCOL=")
	}
	words := &lastWords{secrets: secrets, each: c.lines}
	cmd := exec.CommandContext(ctx, program, append(args, c.args...)...)
	cmd.Env, cmd.Dir = env, c.dir
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.stdin, c.stdout, words
	err = runGroup(cmd)
	words.flush()
	if out, ok := c.stdout.(*records); ok && out.err != nil {
		err = out.err // git itself only says that nobody listens any more
	}
	return r.explain(ctx, c, err, words)
}

// runGroup runs cmd in a session of its own: nothing in it can ask on the
// terminal, and cancelling ends all of it.
func runGroup(cmd *exec.Cmd) error {
	attr, release := ownSession()
	defer release()
	cmd.SysProcAttr = attr
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	// A helper that stays, such as a credential cache, may keep stderr open.
	cmd.WaitDelay = 2 * time.Second
	err := cmd.Run()
	if errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	return err
}

// explain makes a sentence of a failed run.
func (r *Repositories) explain(ctx context.Context, c command, err error, words *lastWords) error {
	if err == nil && ctx.Err() == nil {
		return nil
	}
	e := &failure{Problem: problem.Problem{Text: c.doing, Err: err}}
	var over *timeoutError
	var large *limitError
	switch cause := context.Cause(ctx); {
	case errors.As(cause, &over), errors.As(cause, &large):
		e.Err, e.transient = cause, over != nil
	case cause != nil:
		e.Err = cause
	case errors.As(err, &large):
		e.Err = large
	default:
		e.Lines = words.lines
		e.classify()
		if len(e.Lines) == 0 && c.remote != nil && signalled(err, syscall.SIGPIPE) {
			e.Err, e.transient = fmt.Errorf("the connection broke: %w", err), true
		}
	}
	return e
}

func signalled(err error, signal syscall.Signal) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == signal
}

// timeoutError is the cause of a context that one of the timeouts ended.
type timeoutError struct{ limit time.Duration }

func (e *timeoutError) Error() string { return fmt.Sprintf("no end within %s", e.limit) }

// limitError says what is too large.
type limitError struct{ what string }

func (e *limitError) Error() string { return e.what }

// environment is the user's, so that agent, helpers and proxies work, without
// what belongs to another repository or would ask a person.
func (r *Repositories) environment(dir string) []string {
	env := r.Env
	if env == nil {
		env = os.Environ()
	}
	kept := make([]string, 0, len(env)+12)
	for _, kv := range env {
		name, _, _ := strings.Cut(kv, "=")
		if !slices.Contains(foreign, name) {
			kept = append(kept, kv)
		}
	}
	return append(kept, "LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GCM_INTERACTIVE=never", "SSH_ASKPASS_REQUIRE=never",
		"GIT_ATTR_NOSYSTEM=1", "GIT_NO_REPLACE_OBJECTS=1", "GIT_NO_LAZY_FETCH=1",
		"GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
}

// allowed are the transports that git may use for a URL: its own, and for the
// user's url.*.insteadOf the two that prove who answers. A narrower
// GIT_ALLOW_PROTOCOL of the user stays narrower.
func allowed(scheme string, env []string) string {
	list := []string{"https", "ssh"}
	switch scheme {
	case "file":
		list = []string{"file"}
	case "http", "git":
		list = append(list, scheme)
	}
	if only, ok := lookup(env, "GIT_ALLOW_PROTOCOL"); ok {
		list = slices.DeleteFunc(list, func(s string) bool { return !slices.Contains(strings.Split(only, ":"), s) })
	}
	return strings.Join(list, ":")
}

func lookup(env []string, name string) (string, bool) {
	if env == nil {
		return os.LookupEnv(name)
	}
	for _, kv := range slices.Backward(env) {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			return v, true
		}
	}
	return "", false
}

// ssh adds to the user's own command that nobody is asked, and that no master
// connection stays behind. A program that is not OpenSSH is left as it is.
func (r *Repositories) ssh(ctx context.Context, program, dir string, env []string) []string {
	line, ok := lookup(env, "GIT_SSH_COMMAND")
	line = strings.TrimSpace(line)
	if _, other := lookup(env, "GIT_SSH"); !ok && other {
		return nil
	}
	if !ok {
		cmd := exec.CommandContext(ctx, program, "config", "--get", "core.sshCommand")
		cmd.Env, cmd.Dir = env, dir
		out, _ := cmd.Output() // it fails when there is none
		line = strings.TrimSpace(string(out))
	}
	if line == "" {
		line = "ssh"
	}
	if first := strings.Fields(line)[0]; filepath.Base(first) != "ssh" {
		return nil
	}
	return []string{"GIT_SSH_COMMAND=" + line + " -o BatchMode=yes -o ControlMaster=no"}
}
