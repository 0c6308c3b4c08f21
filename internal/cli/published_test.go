package cli_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/slipway-build/slipway/registry/registrytest"
)

// firstFleet is a fleet that the first Slipway has published into testdata/published/registry.tar.gz, from
// checkouts made under three umasks, each into a namespace of its own: see make.sh there.
type firstFleet struct {
	t    *testing.T
	dir  string // of the checkouts
	addr string // of the registry
}

// masks are those of then; checkouts of now are made under further ones, too.
var (
	masks    = []string{"022", "002", "077"}
	allMasks = append(slices.Clone(masks), "027", "007")
)

func newFirstFleet(t *testing.T) *firstFleet {
	f := &firstFleet{t: t, dir: t.TempDir()}
	here, err := filepath.Abs("testdata/published")
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(f.dir, "data")
	f.sh("mkdir %s && tar -xzf %s/registry.tar.gz -C %s", data, here, data)
	f.addr = registrytest.Start(t, registrytest.Config{Root: data}).Addr
	f.sh("cp -r %s/fleet origin && chmod 755 origin/images/base/run.sh", here)
	f.sh("cd origin && git init -q && git add . && git -c user.name=a -c user.email=a@b commit -qm one")
	for _, mask := range allMasks {
		f.sh("umask %s; git clone -q origin git%s; mkdir tar%s && git -C origin archive HEAD | tar -xm --no-same-permissions -C tar%s", mask, mask, mask, mask)
	}
	return f
}

// sh runs a shell command in the folder of the checkouts.
func (f *firstFleet) sh(format string, args ...any) {
	f.t.Helper()
	cmd := exec.Command("sh", "-ec", fmt.Sprintf(format, args...))
	cmd.Dir = f.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	if out, err := cmd.CombinedOutput(); err != nil {
		f.t.Fatalf("%s: %v\n%s", cmd.Args[2], err, out)
	}
}

// plan plans a checkout against a namespace of the registry, from an empty store.
func (f *firstFleet) plan(program, checkout, namespace string, args ...string) string {
	f.t.Helper()
	f.configure(checkout, namespace)
	cmd := exec.CommandContext(f.t.Context(), program)
	cmd.Args = append([]string{"slipway", "--root", filepath.Join(f.t.TempDir(), "root"), "plan"}, append(args, "images")...)
	cmd.Dir = filepath.Join(f.dir, checkout)
	out, _ := cmd.CombinedOutput() // the text says what is wrong
	return string(out)
}

func (f *firstFleet) configure(checkout, namespace string) {
	f.t.Helper()
	text := fmt.Sprintf("registry: %s\nnamespace: %s\nbuilder: {images: [{name: plain, from: plain, tags: [\"1\", newest]}]}\n", f.addr, namespace)
	if err := os.WriteFile(filepath.Join(f.dir, checkout, "config.yaml"), []byte(text), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

// donePlan is a plan in which nothing is to be done. That the parents are others is so since the registry
// has another address than then, which nothing but the digest of all inputs knows.
var (
	donePlan = regexp.MustCompile(`\AIMAGE .*\n((base|app|tool|plain):[^ ]+ +published +published(; what it is made from is another at the registry now)?\n){4}\z`)
	other    = regexp.MustCompile(`published 1.0 has other content`)
)

// TestPublishedByTheFirst: what the first Slipway published is published, whatever the umask was then and is
// now, with git and without.
func TestPublishedByTheFirst(t *testing.T) {
	f := newFirstFleet(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, then := range masks {
		for _, now := range allMasks {
			for _, kind := range []string{"git", "tar"} {
				if out := f.plan(self, kind+now, "u"+then); !donePlan.MatchString(out) {
					t.Errorf("published with umask %s, %s with umask %s:\n%s", then, kind, now, out)
				}
			}
		}
	}
	// By the rules of then all of the folder counts.
	f.sh("echo text > git022/images/base/README")
	if out := f.plan(self, "git022", "u022"); !other.MatchString(out) {
		t.Errorf("a file more, and nothing is said:\n%s", out)
	}
	f.sh("rm git022/images/base/README; echo other > git022/images/base/data")
	if out := f.plan(self, "git022", "u022"); !other.MatchString(out) {
		t.Errorf("other content, and nothing is said:\n%s", out)
	}
}
