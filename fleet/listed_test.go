package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/source"
)

// gitEntries makes a repository for each name, and entries of the list that name their commits.
func gitEntries(t *testing.T, names ...string) []config.Listed {
	t.Helper()
	var list []config.Listed
	for i, name := range names {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "Dockerfile"), "FROM scratch\n# "+name+"\n")
		git(t, dir, "init", "-q", "-b", "main")
		git(t, dir, "add", ".")
		git(t, dir, "-c", "user.name=F", "-c", "user.email=f@example.com", "commit", "-q", "-m", "First")
		list = append(list, config.Listed{
			Name: name, From: "file://" + dir + "#" + git(t, dir, "rev-parse", "HEAD"), Base: t.TempDir(),
			Dockerfile: "Dockerfile", Tags: []string{"1"}, Path: "config.yaml", Line: i + 1,
		})
	}
	return list
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// slowGit is a git whose fetches run the script first; $DIR in it is the returned folder.
func slowGit(t *testing.T, script string) (program, dir string) {
	t.Helper()
	dir = t.TempDir()
	program = filepath.Join(dir, "slow-git")
	text := fmt.Sprintf("#!/bin/sh\nDIR='%s'\ncase \" $* \" in *' fetch '*)\n%s\n;; esac\nexec git \"$@\"\n", dir, script)
	if err := os.WriteFile(program, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return program, dir
}

// TestFetchesSideBySide: each of four fetches waits until all of them run.
func TestFetchesSideBySide(t *testing.T) {
	program, _ := slowGit(t, `touch "$DIR/waits.$$"
for i in $(seq 100); do
	n=$(ls "$DIR" | grep -c waits)
	[ "$n" -ge 4 ] && break
	sleep 0.1
done
[ "$n" -ge 4 ] || exit 1`)
	found, release, err := fleet.FindListed(t.Context(), gitEntries(t, "a", "b", "c", "d"), source.New(t.TempDir(), program))
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	f, err := fleet.Scan(t.Context(), fleet.ScanOptions{Config: config.Default(), Listed: found, ListedOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, img := range f.Images {
		if img.Err != nil || !strings.Contains(img.Dockerfile, "# "+img.Name) {
			t.Errorf("%s: %v", img.Name, img.Err)
		}
	}
}

// TestFindListedInterrupted: checkouts that were open when the context ended are nobody's.
func TestFindListedInterrupted(t *testing.T) {
	program, dir := slowGit(t, `touch "$DIR/waits"; sleep 100`)
	cache := t.TempDir()
	list := gitEntries(t, "there", "slow")
	_, release, err := fleet.FindListed(t.Context(), list[:1], source.New(cache, "git"))
	if err != nil {
		t.Fatal(err)
	}
	release()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for _, err := os.Stat(filepath.Join(dir, "waits")); err != nil && ctx.Err() == nil; _, err = os.Stat(filepath.Join(dir, "waits")) {
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(200 * time.Millisecond) // the other one is found by then
		cancel()
	}()
	repositories := source.New(cache, program)
	if _, _, err := fleet.FindListed(ctx, list, repositories); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if n, err := repositories.Prune(t.Context()); n != 1 || err != nil {
		t.Errorf("%d checkouts removed, %v", n, err)
	}
}

// TestCommitsIncomplete: who does not know what a repository has now cannot tell what is needed no more.
func TestCommitsIncomplete(t *testing.T) {
	list := gitEntries(t, "a", "b", "c")
	list[1].From = "file:///nowhere"
	list[2].From = "."
	found, release, err := fleet.FindListed(t.Context(), list, source.New(t.TempDir(), "git"))
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if commits, complete := fleet.Commits(found); len(commits) != 1 || complete {
		t.Errorf("%v %v", commits, complete)
	}
	if commits, complete := fleet.Commits(append(found[:1:1], found[2])); len(commits) != 1 || !complete {
		t.Errorf("%v %v", commits, complete)
	}
}
