package runner

import (
	"errors"
	"net"
	"slices"
	"strings"
	"syscall"

	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/fleet/source"
	"github.com/slipway-build/slipway/pattern"
)

const (
	slowCause    = "a server took too long"
	brokenCause  = "a connection failed"
	statusesThat = `(?:429|50[0234]|52[0-479]|530)` // pass: overload, failures, and those of proxies before a server
	wellKnown    = `(?:429|50[0234])`               // of those: numbers that are hardly anything else behind the word error
)

// signs are what programs print about faults that pass by themselves. The words are those of apt, apk,
// dnf, curl, wget, git, pip, npm, Go's net package and the C library.
var signs = []struct {
	cause   string
	pattern pattern.Pattern
}{
	{"the mirror is being updated", pattern.New(`(?i)hash sum mismatch|mirror sync in progress|file has unexpected size`)},
	{"a release file is not valid yet", pattern.New(`(?i)\bis not valid yet\b`)},
	{"a name could not be resolved", pattern.New(`(?i)temporary failure (?:in name resolution|resolving)|could not resolve host|EAI_AGAIN|server misbehaving`)},
	{slowCause, pattern.New(`(?i)i/o timeout|TLS handshake timeout|operation timed out|read timed out|context deadline exceeded while awaiting headers|` + curlError + `28` + curlEnd)},
	{brokenCause, pattern.New(`(?i)connection (?:reset by peer|refused|timed out|failed)|could not connect to|failed to connect to|unable to connect to|network is unreachable|no route to host|ECONNRESET|ECONNREFUSED|ETIMEDOUT|broken pipe|early EOF|remote end hung up|unexpected EOF|empty reply from server|connection broken|` + curlError + `(?:7|18|52|55|56|92)` + curlEnd)},
	{"a server or the network failed for a moment", pattern.New(`(?i)\b(?:temporary|transient) error \(try again|network error \(check internet|: temporary error$`)},
	{"a server was overloaded or failed", pattern.New(`(?i)\b(?:429 too many requests|500 internal server error|502 bad gateway|503 service (?:temporarily )?unavailable|504 gateway time-?out|52[0-479] (?:web|origin|connection|a timeout|site|railgun|the service))|error[: ]+` + wellKnown + `\b|(?:\bHTTP error|returned error|server error|status(?: code)?)[: ]+` + statusesThat + `\b|\bHTTP(?:/[0-9.]+)? (?:52[0-479]|530)\b|toomanyrequests|(?-i:\bERROR ` + statusesThat + `:)|\bE` + statusesThat + `\b|\bFailed to fetch\b.*\s` + statusesThat + `\s`)},
}

// Between curlError and curlEnd stands a number of curl's as curl itself, git, dnf, composer and mamba print it.
const (
	curlError = `(?:\bcurl(?: error)?[:#]? ?|\bdownload error )\(?`
	curlEnd   = `(?:\)|\b)`
)

// silentCurl are the exit codes of a "curl --silent" that prints nothing (curl(1)).
var silentCurl = map[int]string{7: brokenCause, 28: slowCause, 52: brokenCause, 55: brokenCause, 56: brokenCause}

var curlCommand = pattern.New(`(?:^|[\s;&|("'])curl\s`)

// lastLines is how many lines at the end of a step's output tell why it failed; what it survived before
// did no harm.
const lastLines = 12

// consequence is what package managers print, a line for each package, when they went on without the
// lists that they could not fetch: the cause lies farther back.
var consequence = pattern.New(`(?i)unable to select packages|unable to locate package|has no installation candidate`)

// place finds numbers of errors that a program found in a file, which are no statuses of a server.
var place = pattern.New(`(?i)\berror[: ]+\d+:?,? (?:(?:in|at|on) )?(?:the )?(?:file|line|column|row|\S+ line|\S+:\d+)\b`)

// transient names the passing fault that made a build fail, "" for one that would come again.
func transient(err error, printed string) string {
	if errors.Is(err, source.ErrLacking) { // the files are fetched before the build
		return ""
	}
	lower := strings.ToLower(err.Error() + "\n" + printed)
	if errors.Is(err, syscall.ENOSPC) || strings.Contains(lower, syscall.ENOSPC.Error()) {
		return noSpaceCause
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return slowCause
	}
	command, exit := "", 0
	if step := (*engine.StepError)(nil); errors.As(err, &step) && step.Exit > 0 {
		command, exit = step.Err.Error(), step.Exit // BuildKit repeats the whole command in it
	}
	lines := causing(command, printed)
	if exit == 0 {
		lines = append(lines, err.Error())
	}
	text := place.ReplaceAllString(strings.Join(lines, "\n"), "")
	for _, s := range signs {
		if s.pattern.MatchString(text) {
			return s.cause
		}
	}
	if cause := silentCurl[exit]; cause != "" && curlCommand.MatchString(command) && !strings.Contains(printed, "curl:") && !tests(command, nil) {
		return cause
	}
	return ""
}

// causing are the lines of a step's output that may tell of a passing fault. What a test prints of the
// connections that it makes itself, and what is said of servers on the step's own machine, is none.
func causing(command, printed string) []string {
	lines := strings.Split(strings.TrimRight(printed, "\n"), "\n")
	end := lines[max(0, len(lines)-lastLines):]
	if !slices.ContainsFunc(end, consequence.MatchString) {
		lines = end
	}
	inTest := tests(command, end)
	var kept []string
	for _, l := range lines {
		program, elsewhere := fetcher.MatchString(l), namesOther(l)
		if loopback.MatchString(l) && !(program && elsewhere) || inTest && !program && !elsewhere {
			continue
		}
		kept = append(kept, l)
	}
	return kept
}

// fetcher finds lines of programs that fetch something.
var fetcher = pattern.New(`(?i)^\s*(?:[EW]: |Err:\d|curl[: ]|wget: |fatal: |error: RPC failed|ssh: |npm (?:ERR!|error|warn)|WARNING: (?:Retrying|Ignoring|fetching) |ERROR: Could not install|fetch-pack: |rsync: |Connecting to |Read error \(|kex_exchange|warning: spurious network error|Curl error )|\[IP: |HTTPS?ConnectionPool\(`)

// loopback finds addresses of the machine itself.
var loopback = pattern.New(`(?i)\b127\.\d+\.\d+\.\d+\b|\blocalhost\b|(?:^|[\s\[(])::1\b`)

var address = pattern.New(`(?i)\b(?:https?|ftp|git|ssh)://(?:[^/\s"'@]*@)?(\[[^\]]*\]|[^/\s"':]+)`)

// reserved are names that no server on the internet has (RFC 2606), and tests use.
var reserved = pattern.New(`(?i)\.(?:test|example|invalid)$`)

// namesOther tells whether a line names a server elsewhere.
func namesOther(line string) bool {
	for _, m := range address.FindAllStringSubmatch(line, -1) {
		if !loopback.MatchString(m[1]) && !reserved.MatchString(m[1]) {
			return true
		}
	}
	return false
}

var (
	testCommand = pattern.New(`(?i)(?:^|[^a-z0-9])(?:(?:py|self|unit|smoke|c|nose|e2e)?(?:tests?|check|verify)|tox|nox|bats|prove|rspec|phpunit|jest|mocha|vitest)(?:[^a-z0-9]|$)`)
	testReport  = pattern.New(`(?i)^\s*(?:--- FAIL|FAIL(?:ED|URES?)?\b[: \t!(]|FAIL(?:ED|URES)?$|not ok \d|test result: FAILED|failures:)|^=+ .*\b\d+ failed\b|\b[1-9]\d* (?:tests? |specs? |examples?, )?(?:failed|failures?)\b|\bAssertionError\b|\bassertion .*failed`)
)

// tests tells whether a step runs tests, by its command or by what its last lines report.
func tests(command string, last []string) bool {
	return testCommand.MatchString(command) || slices.ContainsFunc(last, testReport.MatchString)
}
