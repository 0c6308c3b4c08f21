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

	"github.com/google/go-cmp/cmp"

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
	found, release, err := fleet.FindListed(t.Context(), gitEntries(t, "a", "b", "c", "d"), source.New(t.TempDir(), program), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	f, err := fleet.Scan(t.Context(), fleet.ScanOptions{Config: config.Default(), Listed: found})
	if err != nil {
		t.Fatal(err)
	}
	for _, img := range f.Images {
		if img.Err != nil || !strings.Contains(f.Recipe(img).Dockerfile.Text, "# "+img.Name) {
			t.Errorf("%s: %v", img.Name, img.Err)
		}
	}
}

// TestFindListedInterrupted: checkouts that were open when the context ended are nobody's.
func TestFindListedInterrupted(t *testing.T) {
	program, dir := slowGit(t, `touch "$DIR/waits"; sleep 100`)
	cache := t.TempDir()
	list := gitEntries(t, "there", "slow")
	_, release, err := fleet.FindListed(t.Context(), list[:1], source.New(cache, "git"), nil)
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
	if _, _, err := fleet.FindListed(ctx, list, repositories, nil); !errors.Is(err, context.Canceled) {
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
	found, release, err := fleet.FindListed(t.Context(), list, source.New(t.TempDir(), "git"), nil)
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

// TestShortNames: the list's own names stand for its images in its Dockerfiles, without the registry
// and namespace of the configuration.
func TestShortNames(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "config.yaml", "registry: registry.example\nnamespace: team\n")
	write(t, "base/Dockerfile", "FROM base\n")
	const app = "FROM --platform=x  test/base:1 AS test\nFROM \\\n# note\n  test/base:1\nfrom registry.example/team/test/base:1\n" +
		"COPY --from=test/base:1 test/base:1 /\nRUN --mount=type=bind,from=test/base:1,target=/x echo test/base:1\n" +
		"FROM test/base:2\nFROM test/base\nFROM base:1\nFROM ${X}\nFROM test/base:1"
	write(t, "app/Dockerfile", app)
	list := []config.Listed{
		{Name: "test/base", From: "./base", Dockerfile: "Dockerfile", Tags: []string{"1"}, Path: "config.yaml", Line: 3},
		{Name: "app", From: "./app", Dockerfile: "Dockerfile", Tags: []string{"1"}, Path: "config.yaml", Line: 4},
		{Name: "base", From: "./base", Dockerfile: "Dockerfile", Tags: []string{"latest"}, Path: "config.yaml", Line: 5},
	}
	found, release, err := fleet.FindListed(t.Context(), list, &source.Repositories{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	o := scanOptions(t, "")
	o.Dir, o.Listed = "", found
	o.ParseDockerfile = func(data []byte, _ map[string]string, _ string) (fleet.Dockerfile, error) {
		if !strings.Contains(string(data), "COPY") {
			return fleet.Dockerfile{Uses: []fleet.Use{{Ref: "base", Line: 1, Kind: "FROM"}}}, nil
		}
		return fleet.Dockerfile{Base: "test/base:1", Uses: []fleet.Use{
			{Ref: "test/base:1", Line: 1, Kind: "FROM"}, {Ref: "test/base:1", Line: 2, Kind: "FROM"},
			{Ref: "registry.example/team/test/base:1", Line: 5, Kind: "FROM"},
			{Ref: "test/base:1", Line: 6, Kind: "COPY --from"}, {Ref: "test/base:1", Line: 7, Kind: "RUN --mount"},
			{Ref: "test/base:2", Line: 8, Kind: "FROM"}, {Ref: "test/base", Line: 9, Kind: "FROM"},
			{Ref: "base:1", Line: 10, Kind: "FROM"}, {Ref: "test/base:1", Line: 11, Kind: "FROM"}, {Ref: "test/base:1", Line: 12, Kind: "FROM"},
		}}, nil
	}
	f, err := fleet.Scan(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	const whole = "registry.example/team/test/base:1"
	want := "FROM --platform=x  " + whole + " AS test\nFROM \\\n# note\n  " + whole + "\nfrom " + whole + "\n" +
		"COPY --from=" + whole + " test/base:1 /\nRUN --mount=type=bind,from=" + whole + ",target=/x echo test/base:1\n" +
		"FROM test/base:2\nFROM test/base\nFROM base:1\nFROM ${X}\nFROM " + whole
	img := f.Lookup("app")
	if diff := cmp.Diff(want, f.Recipe(img).Dockerfile.Text); diff != "" || img.Base != whole {
		t.Errorf("base %s (-want +got)\n%s", img.Base, diff)
	}
	if got := fmt.Sprint(img.External); got != "[base:1 test/base test/base:1 test/base:2]" {
		t.Errorf("external: %s", got)
	}
	if used := img.Used(); len(used) != 1 || used[0].Name != "test/base" {
		t.Errorf("used: %v", used)
	}
	if base := f.Lookup("base"); fmt.Sprint(base.External) != "[base]" || base.Err != nil { // the original
		t.Errorf("%v %v", base.External, base.Err)
	}
	var warnings []string
	for _, w := range f.Warnings {
		warnings = append(warnings, w.Error())
	}
	if diff := cmp.Diff([]string{
		"app/Dockerfile:8: app uses test/base:2 (FROM), the fleet has 1\nhint: write " + whole,
		"app/Dockerfile:9: app uses test/base:latest (FROM), the fleet has 1\nhint: write " + whole,
		"app/Dockerfile:10: app uses base:1 (FROM), the fleet has latest\nhint: write registry.example/team/base:latest",
		"app/Dockerfile:11: app uses test/base:1 (FROM) by a build argument: that is not taken for the fleet's " + whole + "\nhint: write " + whole,
	}, warnings); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestAllOfAnEntry: what is wrong with an entry is told at once.
func TestAllOfAnEntry(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "config.yaml", "{}\n")
	wrong := config.Listed{From: "./nowhere", Dockerfile: "Dockerfile", Tags: []string{"a b"}, Platforms: []string{"plan9/mips"}, Test: "../x", Path: "config.yaml", Line: 3}
	for name, found := range map[string]func(*fleet.Fleet) string{
		"good": func(f *fleet.Fleet) string { return f.Lookup("good").Err.Error() },
		"BAD":  func(f *fleet.Fleet) string { return fmt.Sprint(f.Broken) },
	} {
		entry := wrong
		entry.Name = name
		f, err := scanListed(t, []config.Listed{entry})
		if err != nil {
			t.Fatal(err)
		}
		text := found(f)
		if strings.Count(text, "as a tag") != 1 {
			t.Errorf("the tag is named twice:\n%s", text)
		}
		for _, want := range []string{`cannot use "a b" as a tag`, "cannot build for plan9/mips", `cannot use test "../x"`} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is not in:\n%s", name, want, text)
			}
		}
		for kind, is := range map[string]bool{"cannot open nowhere": name == "good", "as the name of an image": name == "BAD"} {
			if strings.Contains(text, kind) != is {
				t.Errorf("%s: %q in it: want %v:\n%s", name, kind, is, text)
			}
		}
	}
}
