package contexts_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/contexts"
	"github.com/slipway-build/slipway/fleet/inputs"
)

// umasks are those under which the first Slipways may have published, and people clone.
var umasks = []string{"022", "002", "077", "027", "007"}

// TestEveryUmaskIsTheSame: what the first Slipways noted of a checkout, made under one umask, is told from
// no other umask's, with git and without.
func TestEveryUmaskIsTheSame(t *testing.T) {
	for _, kind := range []string{"git", "tar"} {
		noted := map[string]string{} // by umask
		dirs := checkouts(t, kind)
		for mask, dir := range dirs {
			noted[mask] = old(t, dir, inputs.Mark{Inputs: "sha256:none"})[0]
		}
		if noted["022"] == noted["027"] || noted["077"] == noted["027"] {
			t.Fatalf("%s: the checkouts are the same: %v", kind, noted)
		}
		for then, digest := range noted {
			for now, dir := range dirs {
				if !slices.Contains(old(t, dir, inputs.Mark{Inputs: digests.Inputs(digest)}), digest) {
					t.Errorf("%s: noted under umask %s, another image under umask %s", kind, then, now)
				}
			}
		}
	}
}

// checkouts makes one fleet under each umask: clones, or archives without git.
func checkouts(t *testing.T, kind string) map[string]string {
	t.Helper()
	top := t.TempDir()
	script := `mkdir -p origin/app/sub && cd origin && echo 'FROM scratch' >app/Dockerfile.template
		printf '%s' "$1" >app/changelog; echo text >app/sub/file; echo run >app/run.sh; chmod 755 app/run.sh
		git init -q && git add . && git -c user.name=a -c user.email=a@b commit -qm one && cd ..
		for mask in $2; do umask $mask; if [ $3 = git ]; then git clone -q origin $mask
			else mkdir $mask && git -C origin archive HEAD | tar -xm --no-same-permissions -C $mask; fi; done`
	all := ""
	for _, mask := range umasks {
		all += " " + mask
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-ec", script, "sh", entry("app", "1"), all, kind)
	cmd.Dir = top
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	dirs := map[string]string{}
	for _, mask := range umasks {
		dirs[mask] = filepath.Join(top, mask)
	}
	return dirs
}

// old are the digests that the checkout's one image has by the rules of a mark. The first is of modes as
// they stand, which is what the first Slipways noted.
func old(t *testing.T, dir string, m inputs.Mark) []string {
	t.Helper()
	f, err := fleet.Scan(t.Context(), fleet.ScanOptions{Dir: dir, Config: config.Default(), Platform: "linux/amd64"})
	if err != nil || len(f.Images) != 1 {
		t.Fatal(f, err)
	}
	s, err := contexts.Read(t.Context(), f, contexts.Options{Level: 1})
	if err == nil {
		err = s.Need(t.Context(), map[*fleet.Image][]inputs.Mark{f.Images[0]: {m}})
	}
	if err != nil || len(s.Errors) > 0 {
		t.Fatal(err, s.Errors)
	}
	var digests []string
	for _, p := range s.Images[f.Images[0]].By(m) {
		digests = append(digests, string(p.Digest()))
	}
	return digests
}
