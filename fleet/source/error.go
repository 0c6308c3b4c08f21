package source

import (
	"errors"
	"strings"

	"github.com/slipway-build/slipway/pattern"
	"github.com/slipway-build/slipway/problem"
)

// ErrTransient is what errors.Is finds in an error that may be gone at the next
// attempt: nobody answers, the connection broke, the server is overloaded.
var ErrTransient = errors.New("transient fault")

// failure is a failure of git. It names no credentials. Text is what git was to do: "cannot fetch
// https://example.com/repository#main". Err is the cause when git said nothing, or the end of the context.
type failure struct {
	problem.Problem
	Lines []string // git's last words, without "fatal: "

	transient bool
}

// Error returns the sentence, git's further lines indented, and the hint.
func (e *failure) Error() string {
	p := e.Problem
	if len(e.Lines) > 0 {
		p.Text, p.Err = p.Text+": "+strings.Join(e.Lines, "\n  "), nil
	}
	return p.Error()
}

// Unwrap returns the problem.
func (e *failure) Unwrap() error { return e.Problem }

// Is finds ErrTransient.
func (e *failure) Is(target error) bool { return target == ErrTransient && e.transient }

// forGit is the same failure, of one of several references that were asked for together.
func (e *failure) forGit(doing string) *failure {
	other := *e
	other.Text = doing
	return &other
}

// transientWords are what git, curl and ssh say, in the C locale, of faults that pass.
var transientWords = pattern.New(`(?i)connection (refused|timed out|reset|closed|was reset)|operation timed out|` +
	`could not resolve host|temporary failure in name resolution|could not connect|couldn't connect|failed to connect|` +
	`unable to connect to|empty reply from server|returned error: (5\d\d|408|429)|early eof|unexpected disconnect|` +
	`the remote end hung up|broken pipe|network is unreachable|no route to host|operation too slow|` +
	`gnutls_handshake|gnutls recv error|ssl_error_syscall|transfer closed|kex_exchange_identification|` +
	`http/2 stream|\bcurl (?:7|18|28|52|55|56|92)\b|recv failure|send failure|no answer within`)

// settledWords are faults that stay although git also says that the connection ended.
var settledWords = pattern.New(`(?i)permission denied|host key verification failed|authentication failed|` +
	`access denied|could not read (username|password)|not found|does not exist|not exported`)

var hints = []struct {
	words pattern.Pattern
	hint  string
}{
	{pattern.New(`(?i)host key verification failed|host key .* has changed|no matching host key`),
		"connect once with ssh and compare the key, or add it to ~/.ssh/known_hosts"},
	{pattern.New(`(?i)permission denied \(`), "add the key to your ssh agent (ssh-add), and give that key access to the repository"},
	{pattern.New(`(?i)\bgit-lfs\b.*not found`), "`apt-get install git-lfs`: git's configuration has its filter"},
	{pattern.New(`(?i)authentication failed|could not read (username|password)|returned error: 40[13]|terminal prompts disabled`),
		"give git the credentials with a credential helper, see gitcredentials(7); nobody is asked"},
	{pattern.New(`(?i)not found|does not exist|not exported|access denied|returned error: 404|does not appear to be a git repository`),
		"compare the address; of a private repository, servers say the same to whom they do not know"},
	{pattern.New(`(?i)unknown option: --config-env`), "a user without a password in an address needs git 2.31: install it, or leave the user to a credential helper"},
	{pattern.New(`(?i)dubious ownership in repository at '([^']*)'`), "`git config --global --add safe.directory '$1'`, if you trust its owner"},
	{pattern.New(`(?i)transport '.*' not allowed`), "redirections and git's url.*.insteadOf may lead to https:// and ssh:// only"},
}

// classify fills in what git's words mean.
func (e *failure) classify() {
	text := strings.Join(e.Lines, "\n")
	e.transient = transientWords.MatchString(text) && !settledWords.MatchString(text)
	if e.transient || e.Hint != "" {
		return
	}
	for _, h := range hints {
		if m := h.words.FindStringSubmatchIndex(text); m != nil {
			e.Hint = string(h.words.ExpandString(nil, h.hint, text, m))
			return
		}
	}
}
