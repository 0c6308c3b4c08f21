package engine_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/crypto/ssh/agent"

	"github.com/slipway-build/slipway/engine"
	"github.com/slipway-build/slipway/internal/enginetest"
	"github.com/slipway-build/slipway/secret"
)

const secretBase = "registry.example/base:1"

// given is a set with one secret.
func given(id, origin, data string) secret.Set {
	return secret.Set{Values: []secret.Value{{Source: secret.Source{ID: id, Origin: origin}, Data: secret.Data(data)}}}
}

// builtWith builds a Dockerfile, and returns what its steps printed.
func builtWith(t *testing.T, e *engine.Engine, ref, dockerfile string, context fs.FS, noCache bool, set secret.Set) (string, engine.Result, error) {
	t.Helper()
	var log strings.Builder
	r := enginetest.Request(ref, dockerfile, context)
	r.Given, r.NoCache, r.Log = set, noCache, &log
	res, err := e.Build(t.Context(), r)
	return log.String(), res, err
}

// TestSecretMounts: where a secret stands, whose it is and what may be done with it is as the mount says.
func TestSecretMounts(t *testing.T) {
	p := enginetest.Start(t)
	enginetest.BuildBase(t, p, secretBase)
	e := engine.New(p.Services().BuildKit)
	for mount, want := range map[string]string{
		"id=tok":                                    "/run/secrets/tok 400 0 0",
		"target=/etc/tok":                           "/etc/tok 400 0 0",
		"id=tok,target=/etc/x,mode=0444":            "/etc/x 444 0 0",
		"id=tok,uid=7,gid=8":                        "/run/secrets/tok 400 7 8",
		"id=tok,required=true,target=/a,mode=0640":  "/a 640 0 0",
		"id=tok,env=TOK":                            "env",
		"id=tok,env=TOK,target=/b,required":         "/b 400 0 0, env",
		"id=other":                                  "",
		"id=other,env=TOK,required=false,target=/c": "",
	} {
		step := `FROM ` + secretBase + `
RUN --mount=type=secret,` + mount + ` <<END
for f in /run/secrets/tok /run/secrets/other /etc/tok /etc/x /a /b /c; do
	if [ -e $f ] && grep -q '^S3CRET$' $f; then echo "it is $(stat -c '%n %a %u %g' $f)"; fi
done
if [ "$TOK" = S3CRET ]; then echo "it is env"; fi
END
`
		log, _, err := builtWith(t, e, "registry.example/a:1", step, nil, true, given("tok", "here", "S3CRET"))
		var found []string
		for line := range strings.Lines(log) {
			if _, said, ok := strings.Cut(line, " it is "); ok {
				found = append(found, strings.TrimSpace(said))
			}
		}
		if err != nil || strings.Join(found, ", ") != want {
			t.Errorf("%s: %q, want %q; %v\n%s", mount, found, want, err, log)
		}
	}
	_, _, err := builtWith(t, e, "registry.example/a:1", "FROM "+secretBase+"\nRUN --mount=type=secret,id=other,required=true true\n", nil, true, given("tok", "here", "x"))
	if err == nil || !strings.Contains(err.Error(), "secret other: not found") {
		t.Errorf("a required secret that nobody gave: %v", err)
	}
}

// TestSecretsApart: builds that have a step in common see only what they are given themselves, whether they
// run at a time or one after the other; and another secret from the same place is no other step.
func TestSecretsApart(t *testing.T) {
	p := enginetest.Start(t)
	enginetest.BuildBase(t, p, secretBase)
	e := engine.New(p.Services().BuildKit)
	step := "FROM " + secretBase + "\nRUN --mount=type=secret,id=tok --mount=type=secret,id=tok,env=TOK sleep 0.3; echo \"it is $(cat /run/secrets/tok) $TOK.\" >/seen\n"
	for _, noCache := range []bool{true, false} {
		const each = 2
		var all sync.WaitGroup
		for i := range 5 * each {
			set, want := secret.Set{}, "it is  ." // nobody gives it
			if who := i / each; who > 0 {
				set, want = given("tok", fmt.Sprint("place ", who), fmt.Sprint("word", who)), fmt.Sprintf("it is word%[1]d word%[1]d.", who)
			}
			all.Go(func() {
				ref := fmt.Sprintf("registry.example/apart:%d", i)
				if _, _, err := builtWith(t, e, ref, step, nil, noCache, set); err != nil {
					t.Errorf("%d: %v", i, err)
					return
				}
				look := fmt.Sprintf("FROM %s\nRUN cat /seen # %d %v\n", ref, i, noCache)
				if log, _, err := builtWith(t, e, ref+"-look", look, nil, true, secret.Set{}); err != nil || !strings.Contains(log, want) {
					t.Errorf("%d, without cache %v: want %q, %v\n%s", i, noCache, want, err, log)
				}
			})
		}
		all.Wait()
	}

	// A secret that changed is no reason to build: it is in no cache key, and in no digest.
	quiet := "FROM " + secretBase + "\nRUN --mount=type=secret,id=tok test -s /run/secrets/tok && echo x >/x\n"
	_, first, err := builtWith(t, e, "registry.example/q:1", quiet, nil, false, given("tok", "place", "one"))
	if err != nil {
		t.Fatal(err)
	}
	log, second, err := builtWith(t, e, "registry.example/q:1", quiet, nil, false, given("tok", "place", "two"))
	if err != nil || second.Digest != first.Digest || !strings.Contains(log, "CACHED") {
		t.Errorf("%v, %s, %s\n%s", err, first.Digest, second.Digest, log)
	}

	// What is said of a step to BuildKit, and by it, is not lost: that it runs anew, and its line.
	log, _, err = builtWith(t, e, "registry.example/q:1", quiet+"RUN true\n", nil, true, given("tok", "place", "two"))
	if err != nil || strings.Count(log, "CACHED") > 1 { // FROM is
		t.Errorf("%v\n%s", err, log)
	}
	_, _, err = builtWith(t, e, "registry.example/q:1", quiet+"RUN --mount=type=secret,id=tok exit 3\nRUN true\n", nil, true, given("tok", "place", "two"))
	if step := (*engine.StepError)(nil); !errors.As(err, &step) || step.Line != 3 || step.Exit != 3 {
		t.Errorf("the step that failed: %v", err)
	}
}

// TestSSHMounts: steps reach the agent that the build is given, as a socket or as files of keys, and no other.
func TestSSHMounts(t *testing.T) {
	p := enginetest.Start(t)
	context := enginetest.Busybox(t)
	context["agentclient"] = context["busybox"]
	client := *context["busybox"]
	client.Data = enginetest.AgentClient(t)
	context["agentclient"] = &client
	enginetest.Build(t, p, secretBase, enginetest.BaseDockerfile+"COPY agentclient /bin/agentclient\n", context)
	e := engine.New(p.Services().BuildKit)
	dir := t.TempDir()
	key, socket := filepath.Join(dir, "key"), filepath.Join(dir, "agent")
	enginetest.SSHKey(t, key)
	serveAgent(t, socket)

	step := "FROM " + secretBase + "\nRUN --mount=type=ssh,required=true agentclient\n"
	byKey := secret.Set{Agents: []secret.Agent{{ID: "default", Paths: []string{key}, Origin: "key"}}}
	bySocket := secret.Set{Agents: []secret.Agent{{ID: "default", Paths: []string{socket}, Origin: "socket"}}}
	if log, _, err := builtWith(t, e, "registry.example/s:1", step, nil, true, byKey); err != nil || !strings.Contains(log, "key ssh-ed25519") || strings.Contains(log, "of the socket") {
		t.Errorf("%v\n%s", err, log)
	}
	if log, _, err := builtWith(t, e, "registry.example/s:2", step, nil, false, bySocket); err != nil || !strings.Contains(log, "key ssh-ed25519 of the socket") {
		t.Errorf("%v\n%s", err, log)
	}
	named := "FROM " + secretBase + "\nRUN --mount=type=ssh,id=other,target=/tmp/s,mode=0666,uid=7 stat -c '%a %u' /tmp/s && SSH_AUTH_SOCK=/tmp/s agentclient\nRUN --mount=type=ssh test -z \"$SSH_AUTH_SOCK\" || test ! -e \"$SSH_AUTH_SOCK\"\n"
	bySocket.Agents[0].ID = "other"
	if log, _, err := builtWith(t, e, "registry.example/s:3", named, nil, true, bySocket); err != nil || !strings.Contains(log, "666 7") || !strings.Contains(log, "of the socket") {
		t.Errorf("%v\n%s", err, log)
	}
	if _, _, err := builtWith(t, e, "registry.example/s:4", step, nil, true, secret.Set{}); err == nil || !strings.Contains(err.Error(), "ssh") {
		t.Errorf("a required agent that nobody gave: %v", err)
	}
	pipe := filepath.Join(dir, "pipe") // nobody writes to it
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, a := range map[string]secret.Agent{
		"SSH_AUTH_SOCK is not set": {ID: "default"},
		"no such file":             {ID: "default", Paths: []string{filepath.Join(dir, "nothing")}},
		"no key found":             {ID: "default", Paths: []string{"/etc/passwd"}},
		"neither a socket nor":     {ID: "default", Paths: []string{pipe}},
	} {
		if err := engine.CheckAgent(a); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// serveAgent is an agent with one key.
func serveAgent(t *testing.T, socket string) {
	t.Helper()
	keys := agent.NewKeyring()
	if err := keys.Add(agent.AddedKey{PrivateKey: enginetest.NewKey(t), Comment: "of the socket"}); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go agent.ServeAgent(keys, conn)
		}
	}()
}
