package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/internal/enginetest"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// The secrets that steps are given in TestBuildSecrets; one is many lines.
const (
	fileSecret = "f1le-secret/of+a%step"
	lineSecret = "l1ne-secret-of-a-step"
	envSecret  = "env-s3cret of a step"
	nameSecret = "named-s3cret-of-a-step"
)

// secretSteps print all that they are given, in ways that programs have: at once, in two pieces, through a shell
// that shows its commands, beside other text, to both outputs.
const secretSteps = `RUN --mount=type=secret,id=file,required=true --mount=type=secret,id=lines,mode=0444 --mount=type=secret,id=word,env=WORD --mount=type=ssh ["/busybox", "sh", "-c", "\
/busybox cat /run/secrets/file; echo; /busybox cat /run/secrets/lines; echo word=$WORD; /busybox env >&2; \
f=$(/busybox cat /run/secrets/file); /busybox printf %.9s \"$f\"; /busybox sleep 0.2; echo \"${f#?????????}\"; \
/busybox sed -n 's/^password //p' /run/secrets/lines; set -x; test -n \"$f\"; /busybox printf 'a\\rb%s' \"$WORD\"; echo; /agentclient"]
`

// buildSecretsScene is a fleet one image of which is given secrets, a registry, and all words to look for.
func buildSecretsScene(t *testing.T) (c *chain, server *registrytest.Server, words, flags []string) {
	c = newLevels(t)
	c.write("base", "agentclient", string(enginetest.AgentClient(t)))
	if err := os.Chmod(filepath.Join(c.dir, "fleet/base/agentclient"), 0o755); err != nil {
		t.Fatal(err)
	}
	c.write("base", "Dockerfile.template", "FROM scratch\nCOPY busybox agentclient file /\n")
	c.write("app", "Dockerfile.template", "FROM {{ \"lib\" | image_tag }}\nCOPY file /app\n"+secretSteps)
	private := enginetest.SSHKey(t, filepath.Join(c.dir, "key"))
	for name, text := range map[string]string{"file": fileSecret + "\n", "lines": "first " + lineSecret + "\nmachine x password " + nameSecret + "\n"} {
		if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	words = []string{fileSecret, lineSecret, envSecret, nameSecret, code(fileSecret), code(envSecret)}
	body := strings.Split(strings.TrimSpace(string(private)), "\n")
	words = append(words, body[1:len(body)-1]...)
	server = registrytest.Start(t, registrytest.Config{})
	t.Setenv("STEPS_WORD", envSecret)
	c.configure("registry: %s\nnamespace: p\nslipway:\n  secrets:\n    'app*':\n    - id=file,src=file\n    - id=word,env=STEPS_WORD\n  ssh:\n    '*': ['default=key']\n", server.Addr)
	return c, server, words, []string{"--secret", "id=lines,src=" + filepath.Join(c.dir, "lines")}
}

// TestBuildSecrets: what steps are given is in nothing that is said, kept or published, at any level, whether a step
// ends well or not.
func TestBuildSecrets(t *testing.T) {
	enginetest.Need(t)
	c, server, words, flags := buildSecretsScene(t)
	if data, err := os.ReadFile(filepath.Join(c.dir, "key")); err != nil || leakOf(data, words) == "" {
		t.Fatalf("the search finds nothing: %v", err)
	}
	said := func(want int, args ...string) string {
		t.Helper()
		r := c.run(args...)
		if found := leakOf([]byte(r.out+r.err), words); found != "" {
			t.Errorf("%q says a secret: %s", args, found)
		}
		if r.code != want {
			t.Errorf("%q: %s", args, r)
		}
		return r.out + r.err
	}
	report := filepath.Join(c.dir, "root", "report.xml")
	for i, args := range [][]string{
		{"build", "--publish"}, {"build", "--publish", "-v"}, {"--debug", "build", "--publish", "-vv"},
		{"build", "--publish", "--progress", "json", "--use-cache"}, {"build", "--publish", "--junit", report},
	} {
		c.version(i+1, 10<<10)
		text := said(0, slices.Concat(args, flags, []string{"fleet"})...)
		for _, shown := range []string{"word=***", "WORD=***", "key ssh-ed25519"} {
			if 0 < i && i < 4 && !strings.Contains(text, shown) {
				t.Errorf("%q does not show %q: %s", args, shown, text)
			}
		}
	}
	for _, args := range [][]string{
		{"plan", "--local", "fleet"}, {"plan", "--json", "fleet"}, {"plan", "--why", "app", "fleet"}, {"lint", "--fail-on", "never", "fleet"}, {"history"}, {"history", "--json"},
		{"log", "app"}, {"images", "--json"}, {"inspect", server.Addr + "/p/app:5"}, {"inspect", "--remote", server.Addr + "/p/app:5"}, {"render", "app", "fleet"}, {"du"}, {"check"},
	} {
		said(0, args...)
	}
	// Errors: a step that fails repeats what it printed last; a step with a secret in its own text is told as it is read.
	c.version(6, 10<<10)
	c.write("app", "Dockerfile.template", "FROM {{ \"lib\" | image_tag }}\n"+secretSteps+"RUN --mount=type=secret,id=file [\"/busybox\", \"sh\", \"-c\", \"/busybox cat /run/secrets/file >&2; exit 7\"]\n")
	for _, args := range [][]string{{"build"}, {"--debug", "build", "--progress", "json"}, {"build", "--junit", report}} {
		if text := said(1, slices.Concat(args, flags, []string{"fleet"})...); !strings.Contains(text, "exit code 7") || !strings.Contains(text, "***") {
			t.Errorf("%q: %s", args, text)
		}
	}
	c.write("app", "Dockerfile.template", fmt.Sprintf("FROM {{ \"lib\" | image_tag }}\n%s is no instruction\n", fileSecret))
	if text := said(1, "build", "fleet"); !strings.Contains(text, "***") {
		t.Errorf("no error repeats the line: %s", text)
	}
	if n := leaksOf(t, filepath.Join(c.dir, "root"), words); n < 20 {
		t.Errorf("only %d files were looked at in the store", n)
	}
	if n := leaksOf(t, server.Root, words); n < 20 {
		t.Errorf("only %d files were looked at in the registry", n)
	}
	if found := leakOf([]byte(server.Log.String()), words); found != "" {
		t.Errorf("the registry's log has a secret: %s", found)
	}
}
