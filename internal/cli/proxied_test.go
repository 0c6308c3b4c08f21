package cli_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/internal/enginetest"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// everything are the requests of a build that fetches in all ways: the base image, ADD over http, https (the
// filter fetch) and git, the list's repository, apt-get in a RUN step, and the push.
var everything = []string{
	"CONNECT base.test:443", // tried first, as it is listed as insecure
	"CONNECT files.test:443", "CONNECT registry.test:443",
	"GET base.test", "GET deb.test", "GET files.test", "GET git.test",
	"HEAD base.test", "POST git.test",
}

// TestProxied: whatever fetches or sends goes through the configuration's proxy, and what is exempt does not.
func TestProxied(t *testing.T) {
	enginetest.Need(t)
	i := newInternet(t)
	ca := registrytest.NewCA(t)
	i.files(t, ca)
	target := registrytest.Start(t, registrytest.Config{TLS: true, User: "ann", Password: "S3CRETWORD"})
	i.servers["registry.test:443"] = target.Addr
	from := registrytest.InMemory(t)
	i.servers["base.test:80"] = from.Addr
	base(t, from.Addr)
	repository := i.git(t, "listed", map[string]string{"Dockerfile": "FROM base.test/os:1\nCOPY file /\n", "file": "of the list\n", "part/x": "of git\n"})
	i.servers["git.test:80"] = repository

	c := &chain{t: t, dir: t.TempDir()}
	certificates := filepath.Join(c.dir, "docker/certs.d/files.test")
	if err := os.MkdirAll(certificates, 0o755); err != nil {
		t.Fatal(err)
	}
	pem, err := os.ReadFile(ca.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(certificates, "own.crt"), pem, 0o644); err != nil {
		t.Fatal(err)
	}
	for image, lines := range map[string]string{
		"plain": "ADD http://files.test/plain /\n",
		"tool":  fmt.Sprintf("{{ \"https://files.test/tool\" | fetch(\"sha256:%x\", \"/tool\") }}\n", sha256.Sum256([]byte("over https"))),
		"src":   "ADD http://git.test/listed.git#main /src\nADD http://" + repository + "/listed.git#main:part /here\n",
		"apt":   "RUN apt-get update && echo \"no_proxy is $no_proxy.\"\n",
	} {
		c.write(image, "Dockerfile.template", "FROM base.test/os:1\n"+lines)
		c.write(image, "changelog", changelogOf(image, 1))
	}
	c.write("plain", "test.sh", "#!/bin/sh\nenv >\"$(dirname \"$0\")/env\"\ncurl -sSf http://"+repository+"/listed.git/HEAD\n")
	if err := os.Chmod(filepath.Join(c.dir, "fleet/plain/test.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	configure := func(more string) {
		c.configure("registry: registry.test\nnamespace: p\nusername: ann\npassword: S3CRETWORD\nca_bundle: %s\ninsecure_registries: [base.test]\n"+
			"builder: {images: [{name: listed, from: 'http://git.test/listed.git'}]}\n%s", target.CA, more)
	}

	configure("http_proxy: " + i.proxy + "\nslipway: {no_proxy: [exempt.test]}\n")
	r := c.run("build", "-v", "fleet")
	if r.code != 0 || len(r.built) != 5 || len(r.sent) != 5 || !strings.Contains(r.out, "no_proxy is exempt.test.") {
		t.Fatalf("a build through the proxy: %s", r)
	}
	if diff := cmp.Diff(everything, i.asked()); diff != "" {
		t.Errorf("the proxy was asked for (-want +got):\n%s", diff)
	}
	if found := leak([]byte(r.String())); found != "" {
		t.Errorf("the proxy's password is said: %s", found)
	}
	leaksIn(t, filepath.Join(c.dir, "root"))
	env, err := os.ReadFile(filepath.Join(c.dir, "fleet/plain/env"))
	if err != nil || !strings.Contains(string(env), "\nno_proxy=exempt.test,localhost,127.0.0.0/8,127.0.0.1,::1\n") {
		t.Errorf("a test's environment: %v\n%s", err, env)
	}

	t.Run("exceptions", func(t *testing.T) { exceptions(t, c, i, configure) })
	t.Run("by scheme", func(t *testing.T) { byScheme(t, c, i) })
}

// byScheme: with a proxy for https alone, http goes without.
func byScheme(t *testing.T, c *chain, i *internet) {
	c.configure("namespace: p\nslipway: {https_proxy: '%s'}\n", i.proxy)
	for scheme, good := range map[string]bool{"http": false, "https": true} {
		c.write("plain", "Dockerfile.template", "FROM scratch\nADD "+scheme+"://files.test/tool /\n")
		c.write("plain", "changelog", changelogOf("plain", 3))
		r := c.run("build", "--local", "--clean", "--retries", "0", "--select", "plain:*", "fleet")
		asked, want := i.asked(), []string(nil)
		if good {
			want = []string{"CONNECT files.test:443"}
		}
		if (r.code == 0) != good || !slices.Equal(asked, want) {
			t.Errorf("%s through the proxy for https: asked for %q: %s", scheme, asked, r)
		}
	}
}

// exceptions: the proxy is asked for nothing that is exempt, so that fails here, where no name resolves.
func exceptions(t *testing.T, c *chain, i *internet, configure func(string)) {
	c.write("tool", "Dockerfile.template", "FROM base.test/os:1\nADD https://files.test/plain /\n")
	for _, test := range []struct{ exempt, image string }{
		{"files.test", "plain"}, {"files.test:443", "tool"}, {"git.test", "src"}, {"deb.test", "apt"},
	} {
		c.write(test.image, "changelog", changelogOf(test.image, 2))
		configure("http_proxy: " + i.proxy + "\nslipway: {no_proxy: '" + test.exempt + "'}\n")
		r := c.run("build", "--local", "--clean", "--retries", "0", "--select", test.image+":*", "fleet")
		asked := i.asked()
		if r.code == 0 || slices.ContainsFunc(asked, func(s string) bool { return strings.HasSuffix(s, " "+test.exempt) }) {
			t.Errorf("%s without a proxy: asked for %q: %s", test.exempt, asked, r)
		}
	}
}
