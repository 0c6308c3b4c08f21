package cli_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slipway-build/slipway/internal/enginetest"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// All passwords of this test have the marker in them.
const (
	marker        = "h1dden-w0rd"
	registryWord  = marker + "/of the registry"
	wrongWord     = marker + "-that-is-wrong"
	proxyWord     = marker + "/of+the%proxy"
	proxyWordAsIt = marker + "%2Fof%2Bthe%25proxy"
)

// leak returns what of the passwords is in data, plain or as HTTP sends them, also compressed; "" is
// nothing.
func leak(data []byte) string { return leakOf(data, passwords) }

var passwords = []string{
	marker, code("ann:" + registryWord), code(registryWord), code("ann:" + wrongWord), code(wrongWord),
	code("prox:" + proxyWord), code(proxyWord), code("prox:" + proxyWordAsIt),
}

// leakOf returns what of some words is in data, plain or compressed; "" is nothing.
func leakOf(data []byte, words []string) string {
	for _, word := range words {
		if i := bytes.Index(data, []byte(word)); i >= 0 {
			return fmt.Sprintf("%q", data[max(0, i-80):min(len(data), i+80)])
		}
	}
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		if r, err := gzip.NewReader(bytes.NewReader(data)); err == nil {
			plain, _ := io.ReadAll(r) // as much as there is
			return leakOf(plain, words)
		}
	}
	return ""
}

// code is base64 without its end, which depends on what follows.
func code(s string) string {
	return base64.RawStdEncoding.EncodeToString([]byte(s[:len(s)/3*3]))
}

// leaksIn looks through all files of a folder.
func leaksIn(t *testing.T, dir string) (files int) { t.Helper(); return leaksOf(t, dir, passwords) }

// leaksOf looks for words in all files of a folder.
func leaksOf(t *testing.T, dir string, words []string) (files int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		if found := leakOf(data, words); found != "" {
			t.Errorf("%s has a secret: %s", path, found)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return files
}

// watchCommands reads the command lines of all processes, again and again, until stop is called, which
// tells whether one had the word in it, and returns those with passwords.
func watchCommands(word string) (stop func() (seen bool, leaks []string)) {
	end, done := make(chan struct{}), make(chan struct{})
	seen, leaks := false, []string(nil)
	go func() {
		defer close(done)
		for {
			paths, _ := filepath.Glob("/proc/[0-9]*/cmdline") // the pattern is right
			for _, p := range paths {
				line, err := os.ReadFile(p)
				if err != nil {
					continue // it has ended
				}
				seen = seen || bytes.Contains(line, []byte(word))
				if leak(line) != "" {
					leaks = append(leaks, string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
				}
			}
			select {
			case <-end:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() (bool, []string) { close(end); <-done; return seen, leaks }
}

// secretsScene is a registry with TLS and a password beyond a proxy with a password. What is built
// prints its environment, and so does the test of an image.
func secretsScene(t *testing.T) (c *chain, server *registrytest.Server, forward *registrytest.Forward) {
	c = newLevels(t)
	c.write("app", "Dockerfile.template", "FROM {{ \"lib\" | image_tag }}\nCOPY file /app\nRUN [\"/busybox\", \"sh\", \"-c\", \"/busybox env; /busybox sleep 0.5\"]\n")
	c.write("tool", "test.sh", "#!/bin/sh\nenv\ndocker run --rm \"$1\" /busybox env\n")
	if err := os.Chmod(filepath.Join(c.dir, "fleet/tool/test.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	server = registrytest.Start(t, registrytest.Config{TLS: true, User: "ann", Password: registryWord})
	forward = registrytest.StartForward(t, &registrytest.Forward{To: server.Addr})
	secretsConfig(c, server, forward, registryWord)
	return c, server, forward
}

func secretsConfig(c *chain, server *registrytest.Server, forward *registrytest.Forward, password string) {
	c.configure("registry: registry.test\nnamespace: p\nusername: ann\npassword: %q\nca_bundle: %s\nhttp_proxy: http://prox:%s@%s\n",
		password, server.CA, proxyWordAsIt, forward.Addr)
}

// TestPublishSecrets: passwords of the registry and of the proxy are in nothing that is said, kept or
// published, and on no command line, at any level.
func TestPublishSecrets(t *testing.T) {
	enginetest.Need(t)
	c, server, forward := secretsScene(t)
	if data, err := os.ReadFile(filepath.Join(c.dir, "config.yaml")); err != nil || leak(data) == "" {
		t.Fatalf("the search finds nothing: %v", err)
	}
	said := func(r ran) string {
		t.Helper()
		if found := leak([]byte(r.out + r.err)); found != "" {
			t.Errorf("a password is said: %s", found)
		}
		return r.out + r.err
	}
	good := func(args ...string) string {
		t.Helper()
		r := c.run(args...)
		if r.code != 0 {
			t.Errorf("%q: %s", args, r)
		}
		return said(r)
	}
	bad := func(reason string, args ...string) {
		t.Helper()
		r := c.run(args...)
		if text := said(r); r.code == 0 || !strings.Contains(text, reason) {
			t.Errorf("%q should fail with %q: %s", args, reason, r)
		}
	}
	report := filepath.Join(c.dir, "root", "report.xml")
	stop := watchCommands("/busybox")
	for i, args := range [][]string{
		{"build"}, {"build", "-v"}, {"--debug", "build", "-vv"}, {"--info", "build"}, {"build", "--progress", "json"},
		{"build", "--junit", report},
	} {
		c.version(i+1, 300<<10)
		text := good(append(args, "fleet")...)
		if i > 0 && i < 5 && !strings.Contains(text, "http_proxy=http") {
			t.Errorf("%q does not show the environment, in which the proxy is: %s", args, text)
		}
	}
	if seen, leaks := stop(); !seen || len(leaks) > 0 {
		t.Errorf("a command line of what ran was seen: %v; with passwords: %q", seen, leaks)
	}
	for _, args := range [][]string{
		{"plan", "fleet"}, {"plan", "--json", "fleet"}, {"plan", "--why", "app", "fleet"}, {"history"}, {"history", "--json"},
		{"log", "app"}, {"log", "tool"}, {"images", "--json"}, {"inspect", "registry.test/p/app:6"},
		{"inspect", "--remote", "registry.test/p/app:6"}, {"push", "registry.test/p/app:6"}, {"pull", "registry.test/p/app:6"},
		{"prune", "--registry", "--dry-run", "fleet"},
	} {
		good(args...)
	}

	// Errors: while something is published, and before.
	c.version(7, 300<<10)
	secretsConfig(c, server, forward, wrongWord)
	bad("access refused (401)", "build", "fleet")
	bad("access refused (401)", "--debug", "build", "--local=false", "--progress", "json", "--junit", report, "fleet")
	secretsConfig(c, server, forward, registryWord)
	for _, status := range []int{403, 407, 502} {
		forward.Refuse(status)
		bad("through the proxy ", "--debug", "build", "fleet")
		bad("through the proxy ", "pull", "registry.test/p/app:6")
	}
	forward.Refuse(0)
	c.configure("registry: ann:%s@registry.test\nnamespace: p\n", wrongWord)
	bad("cannot use registry", "--debug", "build", "fleet")
	c.configure("registry: https://ann:%s@registry.test\nnamespace: p\nusername: ann\npassword: %q\n", wrongWord, wrongWord)
	bad("cannot use registry", "--debug", "plan", "fleet")
	secretsConfig(c, server, forward, registryWord)
	good("build", "fleet")

	if n := leaksIn(t, filepath.Join(c.dir, "root")); n < 20 {
		t.Errorf("only %d files were looked at in the store", n)
	}
	if n := leaksIn(t, server.Root); n < 20 {
		t.Errorf("only %d files were looked at in the registry", n)
	}
	if found := leak([]byte(server.Log.String())); found != "" {
		t.Errorf("the registry's log has a password: %s", found)
	}
}
