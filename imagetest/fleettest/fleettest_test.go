package fleettest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/imagetest"
)

// definition is one of which only the files are asked for.
type definition struct {
	fleet.Definition
	source fleet.Source
}

func (d definition) Source() fleet.Source { return d.source }

// testDir makes an image folder with a test script.
func testDir(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	if script != "" {
		if err := os.WriteFile(filepath.Join(dir, "test.sh"), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func defaultTest() Test {
	return Test{Test: imagetest.Test{Command: "/bin/bash", Args: []string{"-c", "{path}/test.sh {image}"}}}
}

func TestApplies(t *testing.T) {
	tests := map[string]struct {
		args []string
		want bool
		err  string
	}{
		"default":         {[]string{"-c", "{path}/test.sh {image}"}, true, ""},
		"missing file":    {[]string{"-c", "{path}/nothing.py {image}"}, false, ""},
		"own argument":    {[]string{"{path}/test.sh", "--image", "{image}"}, true, ""},
		"no path at all":  {[]string{"--image", "{image}"}, true, ""},
		"second missing":  {[]string{"{path}/test.sh", "{path}/nothing"}, false, ""},
		"quoted":          {[]string{"-c", "'{path}/test.sh' {image}"}, true, ""},
		"unclosed quotes": {[]string{"-c", "'{path}"}, false, "cannot read verify_args"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			digest, err := Test{Test: imagetest.Test{Args: tt.args}}.Digest(testDir(t, "true"))
			got := digest != ""
			if got != tt.want || (err == nil) != (tt.err == "") || (err != nil && !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// TestDigestGolden: a digest that changes makes every image be tested again.
func TestDigestGolden(t *testing.T) {
	dir := testDir(t, "true")
	if err := os.Mkdir(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	test := Test{Test: imagetest.Test{Command: "/bin/bash", Args: []string{"{path}/test.sh", "{path}/data"}}}
	const want = "sha256:b61c1b5e3212b75f64fa6c576ef6d855d1cad4cfde5037ba45183b5b93e32a34"
	if got, err := test.Digest(dir); got != want || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestDigestBounds: nothing that a test's name leads to is read without end.
func TestDigestBounds(t *testing.T) {
	tests := map[string]struct {
		make func(dir string) error // makes dir/test.sh
		own  string                 // the error where the files are the user's, "" for none
		git  string                 // in a checkout
	}{
		"device": {func(dir string) error { return os.Symlink("/dev/zero", dir+"/test.sh") }, "test.sh: it is a device", "test.sh: path escapes from parent"},
		"pipe":   {func(dir string) error { return syscall.Mkfifo(dir+"/test.sh", 0o600) }, "test.sh: it is a named pipe", "test.sh: it is a named pipe"},
		"large": {func(dir string) error {
			if err := os.WriteFile(dir+"/test.sh", nil, 0o755); err != nil {
				return err
			}
			return os.Truncate(dir+"/test.sh", maxTestFile+1)
		}, "test.sh: it is larger than 1073741824 bytes", "test.sh: it is larger than 1073741824 bytes"},
		"link out":    {func(dir string) error { return os.Symlink("/bin/sh", dir+"/test.sh") }, "", "test.sh: path escapes from parent"},
		"shared test": {func(dir string) error { return os.Symlink("../common.sh", dir+"/test.sh") }, "", ""},
		"no test":     {func(string) error { return nil }, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			root := testDir(t, "")
			dir := filepath.Join(root, "image")
			if err := errors.Join(os.Mkdir(dir, 0o755), os.WriteFile(filepath.Join(root, "common.sh"), []byte("true"), 0o755), tt.make(dir)); err != nil {
				t.Fatal(err)
			}
			for commit, want := range map[string]string{"": tt.own, "0123": tt.git} {
				test := defaultTest().TestOf(&fleet.Image{Definition: definition{source: fleet.Source{Commit: commit, Root: root, Dir: "image"}}})
				done := make(chan error, 1)
				go func() {
					digest, err := test.Digest(dir)
					if err == nil && (digest == "") != (name == "no test") {
						err = fmt.Errorf("digest %q", digest)
					}
					done <- err
				}()
				select {
				case err := <-done:
					if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), "cannot read the test: "+dir+"/"+want) {
						t.Errorf("commit %q: error %v, want %q", commit, err, want)
					}
				case <-time.After(10 * time.Second):
					t.Fatal("it hangs")
				}
			}
		})
	}
}
