package source

import (
	"encoding/pem"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// smart serves the repositories below a folder as GitHub does: over HTTP, to
// who knows the password.
func smart(t *testing.T, dir, password string, secure bool) *httptest.Server {
	t.Helper()
	out, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		t.Fatal(err)
	}
	backend := &cgi.Handler{Path: filepath.Join(strings.TrimSpace(string(out)), "git-http-backend"), Root: "/",
		Env: []string{"GIT_PROJECT_ROOT=" + dir, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1"},
		// The test's own repositories belong to who runs it.
		InheritEnv: []string{"PATH"}, Stderr: t.Output()}
	handler := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if _, given, _ := req.BasicAuth(); given != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		backend.ServeHTTP(w, req)
	})
	server := httptest.NewUnstartedServer(handler)
	if secure {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server
}

// TestTransports does the same over each way to a repository.
func TestTransports(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	main := newRepo(t, filepath.Join(dir, "r"))
	first, last := main.fill()
	server := smart(t, dir, "s3cret", false)
	secure := smart(t, dir, "s3cret", true)
	certificate := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	if err := os.WriteFile(certificate, block, 0o600); err != nil {
		t.Fatal(err)
	}
	with := func(address string) string { return strings.Replace(address, "://", "://user:s3cret@", 1) }
	for name, test := range map[string]struct {
		url string
		env []string
	}{
		"file":              {"file://" + dir, nil},
		"git":               {daemon(t, dir), nil},
		"http in URL":       {with(server.URL), nil},
		"http, helper":      {server.URL, []string{"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=credential.helper", "GIT_CONFIG_VALUE_0=!f() { echo username=me; echo password=s3cret; }; f"}},
		"http, user in URL": {strings.Replace(server.URL, "://", "://me@", 1), []string{"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=credential.helper", "GIT_CONFIG_VALUE_0=!f() { echo password=s3cret; }; f"}},
		"https":             {with(secure.URL), []string{"GIT_SSL_CAINFO=" + certificate}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transport(t, repositories(t, test.env...), test.url+"/r", first, last)
		})
	}
}

func transport(t *testing.T, r *Repositories, address, first, last string) {
	t.Helper()
	whole := map[string]string{"Dockerfile": "FROM scratch\n", "run.sh": "#!/bin/sh\n", "sub/Dockerfile": "FROM sub\n"}
	newest := map[string]string{"Dockerfile": "FROM last\n", "run.sh": "#!/bin/sh\n", "sub/Dockerfile": "FROM sub\n", "link": "->sub"}
	sub := map[string]string{"Dockerfile": "FROM sub\n"}
	for from, want := range map[string]struct {
		commit string
		files  map[string]string
	}{
		"": {last, newest}, "#HEAD": {last, newest}, "#main": {last, newest}, "#refs/heads/main": {last, newest}, "#heads/main": {last, newest},
		"#old": {first, whole}, "#light": {first, whole}, "#heavy": {first, whole}, "#" + first: {first, whole},
		"#heavy:sub": {first, sub}, "#:link": {last, sub}, "#" + last + ":sub/": {last, sub},
	} {
		if strings.HasPrefix(address, "ssh:") && !strings.HasPrefix(from, "#h") {
			continue // each connection takes its time
		}
		c, files := fetched(t, r, address+from)
		if diff := cmp.Diff(want.files, files); diff != "" {
			t.Errorf("%s: %s", from, diff)
		}
		if names, err := os.ReadDir(filepath.Dir(c.Root)); err != nil || len(names) != 2 {
			t.Errorf("%s: beside the tree there is more than %s: %v, %v", from, entryFile, names, err)
		}
		if c.Commit != want.commit || !c.Time.Equal(time.Unix(1700000100, 0)) || c.Time.Location() != time.UTC {
			t.Errorf("%s: got %s of %s, want %s", from, c.Commit, c.Time, want.commit)
		}
	}
	if names := unfinished(t, r); len(names) > 0 {
		t.Errorf("left behind: %v", names)
	}
}

// TestSSH uses a real sshd, ssh and ssh-agent, with keys made here.
func TestSSH(t *testing.T) {
	t.Parallel()
	sshd, err := exec.LookPath("/usr/sbin/sshd")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("no sshd: hack/install-deps installs it")
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		// sshd wants it for its unprivileged half; an init system makes it at boot.
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	run := func(env []string, name string, args ...string) {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Env = env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	file := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(file(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range []string{"host", "user"} {
		run(os.Environ(), "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file(key))
	}
	public, err := os.ReadFile(file("user.pub"))
	if err != nil {
		t.Fatal(err)
	}
	host, err := os.ReadFile(file("host.pub"))
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	write("authorized", string(public))
	write("known", "[127.0.0.1]:"+port+" "+string(host))
	write("config", strings.Join([]string{"Port " + port, "ListenAddress 127.0.0.1", "HostKey " + file("host"), "PidFile none",
		"AuthorizedKeysFile " + file("authorized"), "StrictModes no", "PasswordAuthentication no", "KbdInteractiveAuthentication no",
		"AcceptEnv GIT_PROTOCOL", ""}, "\n"))
	serve(t, port, os.Environ(), sshd, "-D", "-e", "-f", file("config"))
	agent := startAgent(t, dir)
	main := newRepo(t, file("r"))
	first, last := main.fill()
	address := "ssh://" + me.Username + "@127.0.0.1:" + port + main.dir
	plain := "GIT_SSH_COMMAND=ssh -F /dev/null -o IdentityFile=none -o UserKnownHostsFile=" + file("known")

	without := repositories(t, plain, agent)
	_, err = without.Resolve(t.Context(), parsed(t, address))
	wantError(t, err, "cannot look up ssh://"+me.Username+"@127.0.0.1:", "Permission denied (publickey)", "\nhint: add the key to your ssh agent")

	run(environ(t, agent), "ssh-add", "-q", file("user"))
	transport(t, repositories(t, plain, agent), address, first, last)

	// The command may also come from git's own settings.
	config := []string{"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=core.sshCommand", "GIT_CONFIG_VALUE_0=" + strings.TrimPrefix(plain, "GIT_SSH_COMMAND="), agent}
	if _, err := repositories(t, config...).Resolve(t.Context(), parsed(t, address)); err != nil {
		t.Error(err)
	}
	write("known", "")
	_, err = repositories(t, plain, agent).Resolve(t.Context(), parsed(t, address))
	wantError(t, err, "Host key verification failed", "\nhint: connect once with ssh")
}

func startAgent(t *testing.T, dir string) string {
	t.Helper()
	socket := filepath.Join(dir, "agent")
	cmd := exec.Command("ssh-agent", "-D", "-a", socket)
	attr, release := ownSession()
	cmd.SysProcAttr = attr
	if err := cmd.Start(); err != nil {
		release()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		release()
	})
	for range 500 {
		if _, err := os.Stat(socket); err == nil {
			return "SSH_AUTH_SOCK=" + socket
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("ssh-agent does not start")
	return ""
}
