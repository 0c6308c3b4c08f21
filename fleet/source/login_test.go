package source

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// TestLoginIsInTheEnvironment, not on the command line, which every user of the
// machine can read.
func TestLoginIsInTheEnvironment(t *testing.T) {
	t.Parallel()
	number := 0
	for login, want := range map[string][]string{
		"user:s3cret@": {"SLIPWAY_GIT_USER=user", "SLIPWAY_GIT_PASSWORD=s3cret"},
		"s3cret@":      {"SLIPWAY_GIT_USER=s3cret", "SLIPWAY_GIT_PASSWORD="},
		"s3cret:@":     {"SLIPWAY_GIT_USER=s3cret", "SLIPWAY_GIT_PASSWORD="},
		":s3cret@":     {"SLIPWAY_GIT_USER=", "SLIPWAY_GIT_PASSWORD=s3cret"},
	} {
		number++ // a password in the name would come into the paths
		t.Run(strconv.Itoa(number), func(t *testing.T) {
			t.Parallel()
			r := repositories(t)
			dir := t.TempDir()
			r.Program = filepath.Join(dir, "git")
			script := "#!/bin/sh\ncd \"${0%/*}\"\necho \"$@\" >>args\nenv >>env\necho \"no s3cret here\" >&2\nexit 1\n"
			if err := os.WriteFile(r.Program, []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
			_, err := r.Resolve(t.Context(), parsed(t, "https://"+login+"host/x"))
			wantError(t, err, "cannot look up https://host/x: no *** here")
			args, err := os.ReadFile(filepath.Join(dir, "args"))
			if err != nil || !strings.Contains(string(args), "-- https://host/x") || strings.Contains(string(args), "s3cret") {
				t.Errorf("arguments: %s, %v", args, err)
			}
			env, err := os.ReadFile(filepath.Join(dir, "env"))
			for _, line := range append(want, "GIT_ALLOW_PROTOCOL=https:ssh") {
				if err != nil || !strings.Contains(string(env), line+"\n") {
					t.Errorf("environment lacks %s: %s, %v", line, env, err)
				}
			}
		})
	}
}

// TestOldGit: a git that cannot take a user from the environment says so.
func TestOldGit(t *testing.T) {
	t.Parallel()
	r := repositories(t)
	r.Program = filepath.Join(t.TempDir(), "git")
	script := "#!/bin/sh\nfor a; do case $a in --config-env=*) echo \"unknown option: $a\" >&2; exit 129 ;; esac; done\n" +
		"printf '" + strings.Repeat("0", 40) + "\\tHEAD\\n'\n"
	if err := os.WriteFile(r.Program, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := r.Resolve(t.Context(), parsed(t, "https://me@host/x"))
	wantError(t, err, "unknown option: --config-env", "\nhint: a user without a password in an address needs git 2.31")
	for _, login := range []string{"", "me:s3cret@"} {
		if _, err := r.Resolve(t.Context(), parsed(t, "https://"+login+"host/x")); err != nil {
			t.Error(err)
		}
	}
}

// TestLoginIsNowhereElse looks, at each question to the server and while files
// are made, at all command lines and at all files.
func TestLoginIsNowhereElse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	main := newRepo(t, filepath.Join(dir, "r"))
	main.commit(map[string]string{"file": "", ".gitattributes": "file filter=look\n"})
	inner := smart(t, dir, "pa55word", false)
	to, err := url.Parse(inner.URL)
	if err != nil {
		t.Fatal(err)
	}
	helper := `!f() { echo "password=$TEST_PASSWORD"; }; f`
	for name, test := range map[string]struct{ login, helper string }{
		"user and password": {"t0ken:pa55word@", ""},
		"user":              {"t0ken@", helper},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := filepath.Join(t.TempDir(), "seen")
			// As a filter, for that has the longest life of git's children.
			look := `{ ps -Ao args=; grep -r . "$GIT_DIR"; } | grep -a -e 't0ke[n]' -e 'pa55wor[d]' >>'` + seen + `'; echo looked >>'` + seen + `'`
			r := repositories(t, "GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=filter.look.smudge", "GIT_CONFIG_VALUE_0="+look,
				"GIT_CONFIG_KEY_1=credential.helper", "GIT_CONFIG_VALUE_1="+test.helper, "TEST_PASSWORD=pa55word")
			var mu sync.Mutex
			users := 0
			forward := httputil.NewSingleHostReverseProxy(to)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				if user, _, ok := req.BasicAuth(); ok {
					users++
					if user != "t0ken" {
						t.Errorf("the user is %q", user)
					}
				}
				cmd := exec.CommandContext(req.Context(), "sh", "-c", look)
				cmd.Env = append(os.Environ(), "GIT_DIR="+r.Cache)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%v: %s", err, out)
				}
				forward.ServeHTTP(w, req)
			}))
			t.Cleanup(server.Close)
			c, _ := fetched(t, r, strings.Replace(server.URL, "://", "://"+test.login, 1)+"/r")
			text, err := os.ReadFile(seen)
			if err != nil || strings.Trim(strings.ReplaceAll(string(text), "looked", ""), "\n") != "" {
				t.Errorf("seen: %s, %v", text, err)
			}
			if times := strings.Count(string(text), "looked"); users == 0 || times < users+1 {
				t.Errorf("looked %d times, the server was told the user %d times", times, users)
			}
			entry, err := os.ReadFile(filepath.Join(filepath.Dir(c.Root), entryFile))
			if err != nil || strings.Contains(string(entry), "t0ken") || strings.Contains(string(entry), "pa55word") {
				t.Errorf("%s: %s, %v", entryFile, entry, err)
			}
		})
	}
}
