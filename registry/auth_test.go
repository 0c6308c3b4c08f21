package registry_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
)

const password = "s3cret-Pa55/word&+"

// leaks looks for the password in a text, in the forms it travels in.
func leaks(t *testing.T, what, text string) {
	t.Helper()
	for _, form := range []string{password, base64.StdEncoding.EncodeToString([]byte("me:" + password)), "s3cret-Pa55"} {
		if strings.Contains(text, form) {
			t.Errorf("%s has the password:\n%s", what, text)
		}
	}
}

func TestWrongPasswords(t *testing.T) {
	t.Parallel()
	k := registrytest.StartTokens(t, "me", "another")
	for name, srv := range map[string]*registrytest.Server{
		"basic":  registrytest.Start(t, registrytest.Config{TLS: true, User: "me", Password: "another"}),
		"tokens": registrytest.Start(t, registrytest.Config{TLS: true, Tokens: k}),
	} {
		for user, o := range map[string]registry.Options{
			"wrong":     {Registry: srv.Addr, Username: "me", Password: password, CABundle: srv.CA},
			"anonymous": {CABundle: srv.CA},
			"elsewhere": {Registry: "registry.example", Username: "me", Password: "another", CABundle: srv.CA},
		} {
			c := client(t, o)
			from := registrytest.NewBlobs()
			image := from.Image(t, 1, 10)
			ref := srv.Addr + "/a/b:1"
			_, err1 := c.Push(t.Context(), image, from, registry.PushOptions{}, ref)
			found, err2 := c.Digests(t.Context(), []string{ref})
			_, err3 := c.Tags(t.Context(), srv.Addr+"/a/b")
			hint := "\nhint: `slipway login " + srv.Addr + "`"
			if user == "wrong" {
				hint = "\nhint: look at the configuration's username and password"
			}
			for _, err := range []error{err1, err2, err3} {
				if !errors.Is(err, registry.ErrUnauthorized) || !strings.Contains(err.Error(), hint) || len(found) > 0 {
					t.Errorf("%s, %s: %v", name, user, err)
				} else {
					leaks(t, "an error", err.Error())
				}
			}
		}
		leaks(t, "the registry's log", srv.Log.String())
	}
}

// TestDockerCredentials: config.json and a helper program, found by DOCKER_CONFIG.
func TestDockerCredentials(t *testing.T) {
	srv := registrytest.Start(t, registrytest.Config{TLS: true, User: "me", Password: password})
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	helper := "#!/bin/sh\nread -r host\nprintf '{\"ServerURL\":\"%s\",\"Username\":\"me\",\"Secret\":\"" + password + "\"}' \"$host\"\n"
	must(t, os.WriteFile(filepath.Join(dir, "docker-credential-test"), []byte(helper), 0o700))
	auth := base64.StdEncoding.EncodeToString([]byte("me:" + password))
	for name, text := range map[string]string{
		"auths":       fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, srv.Addr, auth),
		"a URL":       fmt.Sprintf(`{"auths":{"https://%s/v1/":{"auth":%q}}}`, srv.Addr, auth),
		"credHelpers": fmt.Sprintf(`{"credHelpers":{%q:"test"}}`, srv.Addr),
		"credsStore":  `{"credsStore":"test"}`,
	} {
		must(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(text), 0o600))
		c := client(t, registry.Options{CABundle: srv.CA})
		from := registrytest.NewBlobs()
		if _, err := c.Push(t.Context(), from.Image(t, 1, 10), from, registry.PushOptions{}, srv.Addr+"/a/b:1"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"auths":{"x":{"auth":"`+auth+`!"}}}`), 0o600))
	_, err := client(t, registry.Options{CABundle: srv.CA}).Tags(t.Context(), srv.Addr+"/a/b")
	if !errors.Is(err, registry.ErrUnauthorized) {
		t.Errorf("a configuration that cannot be read: %v", err)
	} else {
		leaks(t, "an error", err.Error())
	}
}

func TestLogin(t *testing.T) {
	srv := registrytest.Start(t, registrytest.Config{TLS: true, User: "me", Password: password})
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", filepath.Join(dir, "new"))
	file := filepath.Join(dir, "new", "config.json")
	o := registry.Options{CABundle: srv.CA}

	if _, err := registry.Login(t.Context(), o, srv.Addr, "me", password+"x"); !errors.Is(err, registry.ErrUnauthorized) {
		t.Errorf("a wrong password: %v", err)
	} else {
		leaks(t, "an error", err.Error())
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a wrong password was stored")
	}
	if where, err := registry.Login(t.Context(), o, "https://"+srv.Addr+"/", "me", password); err != nil || where != file {
		t.Errorf("login: %q %v", where, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
	c := client(t, o)
	from := registrytest.NewBlobs()
	_, err := c.Push(t.Context(), from.Image(t, 1, 10), from, registry.PushOptions{}, srv.Addr+"/a/b:1")
	must(t, err)

	// What else is in the file stays, through a link and with a wider mode, too.
	other := filepath.Join(dir, "other.json")
	must(t, os.WriteFile(other, []byte(`{"auths":{"x.example":{"auth":"eDp5"},"https://`+srv.Addr+`/v1/":{}},"surprise":[1]}`), 0o644))
	must(t, os.Remove(file))
	must(t, os.Symlink(other, file))
	_, err = registry.Login(t.Context(), o, srv.Addr, "me", password)
	must(t, err)
	var got struct {
		Auths    map[string]map[string]string
		Surprise []int
	}
	data, err := os.ReadFile(other)
	must(t, err)
	must(t, json.Unmarshal(data, &got))
	if len(got.Auths) != 2 || len(got.Surprise) != 1 || got.Auths["x.example"]["auth"] != "eDp5" {
		t.Errorf("the file is now %s", data)
	}
	if info, _ := os.Stat(other); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if found, _, err := registry.Logout(srv.Addr); err != nil || !found {
		t.Errorf("logout: %v %v", found, err)
	}
	if found, _, err := registry.Logout(srv.Addr); err != nil || found {
		t.Errorf("second logout: %v %v", found, err)
	}
	_, err = client(t, o).Tags(t.Context(), srv.Addr+"/a/b")
	if !errors.Is(err, registry.ErrUnauthorized) {
		t.Errorf("after logout: %v", err)
	}
	for _, bad := range []string{"no host", "a b/c", "..", "ho$t"} {
		if _, err := registry.Login(t.Context(), o, bad, "me", password); err == nil {
			t.Errorf("login to %q", bad)
		}
	}
}

// TestLoginWithHelper: the program keeps the password, the file does not.
func TestLoginWithHelper(t *testing.T) {
	srv := registrytest.Start(t, registrytest.Config{User: "me", Password: password})
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	helper := `#!/bin/sh
case $1 in
store) cat >"` + dir + `/kept" ;;
get) cat >/dev/null; [ -e "` + dir + `/kept" ] && cat "` + dir + `/kept" || { echo "credentials not found in native keychain"; exit 1; } ;;
erase) rm "` + dir + `/kept" ;;
esac
`
	must(t, os.WriteFile(filepath.Join(dir, "docker-credential-test"), []byte(helper), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"credsStore":"test"}`), 0o600))
	where, err := registry.Login(t.Context(), registry.Options{}, srv.Addr, "me", password)
	if err != nil || where != "docker-credential-test" {
		t.Fatalf("login: %q %v", where, err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "config.json"))
	must(t, err)
	leaks(t, "config.json", string(data))
	from := registrytest.NewBlobs()
	_, err = client(t, registry.Options{}).Push(t.Context(), from.Image(t, 1, 10), from, registry.PushOptions{}, srv.Addr+"/a/b:1")
	must(t, err)
	if found, _, err := registry.Logout(srv.Addr); err != nil || !found {
		t.Errorf("logout: %v %v", found, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "kept")); err == nil {
		t.Error("the helper still has the password")
	}
	// A helper that repeats what it was given.
	must(t, os.WriteFile(filepath.Join(dir, "docker-credential-test"), []byte("#!/bin/sh\ncat; exit 1\n"), 0o700))
	if _, err := registry.Login(t.Context(), registry.Options{}, srv.Addr, "me", password); err == nil {
		t.Error("a helper that fails is a login")
	} else {
		leaks(t, "an error", err.Error())
	}
}

// TestRevokedToken: tokens end in the middle of a push, for good or until a new one is fetched.
func TestRevokedToken(t *testing.T) {
	t.Parallel()
	k := registrytest.StartTokens(t, "me", password)
	srv := registrytest.Start(t, registrytest.Config{Tokens: k})
	challenge := map[string]string{"Www-Authenticate": fmt.Sprintf(`Bearer realm=%q,service="registry of a test",error="invalid_token"`, k.URL())}
	from := registrytest.NewBlobs()
	for i, method := range []string{"HEAD", "POST", "PATCH", "PUT"} {
		p := registrytest.NewProxy(t, srv)
		c := client(t, registry.Options{Registry: p.Addr, Username: "me", Password: password})
		ref := fmt.Sprintf("%s/tokens/image%d:1", p.Addr, i)
		image := from.Image(t, uint64(i), 10, 600<<10)
		p.Inject(registrytest.Fault{Method: method, Path: "/tokens/", Skip: 1, Status: 401, Times: 1, Header: challenge})
		_, err := c.Push(t.Context(), image, from, registry.PushOptions{}, ref)
		if err != nil {
			t.Errorf("one token revoked at %s: %v", method, err)
		}
		is(t, c, ref, image.Digest)

		p.Heal()
		next := from.Image(t, uint64(100+i), 10, 600<<10)
		p.Inject(registrytest.Fault{Method: method, Path: "/tokens/", Skip: 1, Status: 401, Header: challenge})
		_, err = c.Push(t.Context(), next, from, registry.PushOptions{}, ref)
		if method == "PATCH" {
			p.Heal() // there is one only: it went through
			continue
		}
		if !errors.Is(err, registry.ErrUnauthorized) {
			t.Errorf("all tokens revoked at %s: %v", method, err)
		} else {
			leaks(t, "an error", err.Error())
		}
		p.Heal()
		is(t, c, ref, image.Digest)
	}
	leaks(t, "the registry's log", srv.Log.String())
}

// TestTokensAreShared: many repositories take few tokens.
func TestTokensAreShared(t *testing.T) {
	t.Parallel()
	k := registrytest.StartTokens(t, "me", password)
	srv := registrytest.Start(t, registrytest.Config{Tokens: k})
	c := client(t, registry.Options{Registry: srv.Addr, Username: "me", Password: password})
	var refs []string
	for i := range 95 {
		refs = append(refs, fmt.Sprintf("%s/tokens/repo%d:1", srv.Addr, i))
	}
	got, err := c.Digests(t.Context(), refs)
	must(t, err)
	if n, _ := k.Issued(); n > 10 || len(got) != 0 {
		t.Errorf("%d tokens for %d repositories, found %v", n, len(refs), got)
	}
}

// TestAnonymousPull: without credentials a token server may still let everybody read.
func TestAnonymousPull(t *testing.T) {
	t.Parallel()
	k := registrytest.StartTokens(t, "me", password)
	k.Anonymous = true
	srv := registrytest.Start(t, registrytest.Config{Tokens: k})
	from := registrytest.NewBlobs()
	ref := srv.Addr + "/open/image:1"
	_, err := client(t, registry.Options{Registry: srv.Addr, Username: "me", Password: password}).
		Push(t.Context(), from.Image(t, 1, 10), from, registry.PushOptions{}, ref)
	must(t, err)
	c := client(t, registry.Options{})
	_, err = c.Pull(t.Context(), ref, registry.PullOptions{}, registrytest.NewBlobs())
	must(t, err)
	if _, err := c.Push(t.Context(), from.Image(t, 2, 10), from, registry.PushOptions{}, ref); !errors.Is(err, registry.ErrUnauthorized) {
		t.Errorf("anonymous push: %v", err)
	}
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	srv := registrytest.Start(t, registrytest.Config{TLS: true})
	_, err := client(t, registry.Options{}).Tags(t.Context(), srv.Addr+"/a/b")
	if !errors.Is(err, registry.ErrUnreachable) || registry.Transient(err) || !strings.Contains(err.Error(), "ca_bundle") {
		t.Errorf("an unknown authority: %v", err)
	}
	if got := srv.Log.String(); strings.Contains(got, "HTTP request to an HTTPS server") {
		t.Error("plain HTTP was tried although the certificate was wrong")
	}
	_, err = client(t, registry.Options{Insecure: []string{srv.Addr}}).Tags(t.Context(), srv.Addr+"/a/b")
	if !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("a host that is listed as insecure: %v", err)
	}
	empty := filepath.Join(t.TempDir(), "ca.pem")
	must(t, os.WriteFile(empty, nil, 0o600))
	for _, o := range []registry.Options{{CABundle: empty}, {CABundle: empty + "x"}, {HTTPProxy: "::" + password}, {Password: password}} {
		if _, err := registry.New(o); err == nil {
			t.Errorf("%+v was taken", o)
		} else {
			leaks(t, "an error", err.Error())
		}
	}
}

// TestForwardProxy: registries beyond a proxy, one that refuses, and plain HTTP, which is not spoken
// to hosts that are neither loopback nor listed.
func TestForwardProxy(t *testing.T) {
	t.Parallel()
	secure := registrytest.Start(t, registrytest.Config{TLS: true, User: "me", Password: password})
	plain := registrytest.Start(t, registrytest.Config{})
	o := registry.Options{Registry: "registry.test", Username: "me", Password: password, CABundle: secure.CA}
	ref := "registry.test/a/b:1"

	through := registrytest.StartForward(t, &registrytest.Forward{To: secure.Addr})
	o.HTTPProxy = "http://me:" + "s3cret-Pa55@" + through.Addr
	from := registrytest.NewBlobs()
	_, err := client(t, o).Push(t.Context(), from.Image(t, 1, 10), from, registry.PushOptions{}, ref)
	must(t, err)

	for _, status := range []int{403, 407, 502} {
		refusing := registrytest.StartForward(t, &registrytest.Forward{Status: status})
		o.HTTPProxy = "http://me:" + "s3cret-Pa55@" + refusing.Addr
		got, err := client(t, o).Digests(t.Context(), []string{ref})
		if !errors.Is(err, registry.ErrUnreachable) || !strings.Contains(err.Error(), refusing.Addr) || len(got) != 0 {
			t.Errorf("a proxy that says %d: %v %v", status, got, err)
		} else {
			leaks(t, "an error", err.Error())
		}
		for _, r := range refusing.Requests() {
			if !strings.HasPrefix(r, "CONNECT ") {
				t.Errorf("a secure registry was asked in plain text: %s", r)
			}
		}
	}

	toPlain := registrytest.StartForward(t, &registrytest.Forward{To: plain.Addr})
	o.HTTPProxy = "http://" + toPlain.Addr
	if _, err := client(t, o).Digests(t.Context(), []string{ref}); !errors.Is(err, registry.ErrUnreachable) {
		t.Errorf("plain HTTP beyond a proxy: %v", err)
	}
	for _, r := range toPlain.Requests() {
		if !strings.HasPrefix(r, "CONNECT ") {
			t.Errorf("plain HTTP was spoken: %s", r)
		}
	}
	o.Insecure = []string{"registry.test"}
	if got, err := client(t, o).Digests(t.Context(), []string{ref}); err != nil || len(got) != 0 {
		t.Errorf("plain HTTP, listed as insecure: %v %v", got, err)
	}
}

// TestCredentialsStayHome: a redirect and an upload's address lead to another host, which gets no
// credentials.
func TestCredentialsStayHome(t *testing.T) {
	t.Parallel()
	srv := registrytest.Start(t, registrytest.Config{User: "me", Password: password})
	var strange atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		strange.Add(1)
		if req.Header.Get("Authorization") != "" {
			t.Errorf("%s %s came with credentials", req.Method, req.URL)
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(other.Close)
	p := registrytest.NewProxy(t, srv)
	c := client(t, registry.Options{Registry: p.Addr, Username: "me", Password: password})
	from := registrytest.NewBlobs()
	p.Inject(registrytest.Fault{Method: "GET", Path: "/manifests/", Status: 307, Header: map[string]string{"Location": other.URL + "/elsewhere"}})
	_, err := c.Pull(t.Context(), p.Addr+"/a/b:1", registry.PullOptions{}, from)
	if !errors.Is(err, registry.ErrRefused) {
		t.Errorf("a pull that was redirected: %v", err)
	}
	p.Inject(registrytest.Fault{Method: "POST", Status: 202, Header: map[string]string{"Location": other.URL + "/upload"}})
	if _, err = c.Push(t.Context(), from.Image(t, 1, 10, 500<<10), from, registry.PushOptions{}, p.Addr+"/a/b:1"); err == nil {
		t.Error("a push to nowhere went well")
	}
	if strange.Load() < 3 {
		t.Errorf("the other host was asked %d times: the test shows nothing", strange.Load())
	}
}

// TestOutputHasNoPassword runs tests that use and refuse passwords, with every logger at its loudest,
// and looks through all they print.
func TestOutputHasNoPassword(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v",
		"-test.run=^(TestWrongPasswords|TestRevokedToken|TestForwardProxy|TestCredentialsStayHome|TestLogin|TestDockerCredentials)$")
	cmd.Env = append(os.Environ(), "SLIPWAY_TEST_TRACE=1")
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Count(string(out), "--- PASS") < 6 {
		t.Fatalf("cannot run the tests: %v\n%s", err, out)
	}
	leaks(t, "the output", string(out))
}
