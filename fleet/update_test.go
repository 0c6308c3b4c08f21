package fleet_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/updating"
	"github.com/slipway-build/slipway/version"
)

var updateOptions = fleet.UpdateOptions{
	Author: "Bob Builder", Email: "bob@example.org", Distribution: "stable", UpdateID: "s",
	Now: time.Date(2026, 11, 21, 8, 30, 0, 0, time.FixedZone("", 3600)),
}

// chain makes a fleet of base, lib on it, app on that, and other on none of them.
func chain(t *testing.T) *fleet.Fleet {
	t.Helper()
	t.Chdir(t.TempDir())
	define(t, "fleet/base", "base", "1.2.3", "FROM scratch\n", "")
	define(t, "fleet/lib", "lib", "1.0-s9", "FROM {{ 'base' | image_tag }}\n", "")
	define(t, "fleet/app", "app", "2.0", "FROM scratch\n", "Package: app\nDepends: lib\n")
	define(t, "fleet/other", "other", "1.0", "FROM scratch\n", "")
	return rescan(t)
}

func rescan(t *testing.T) *fleet.Fleet {
	t.Helper()
	f, err := fleet.Scan(t.Context(), scanOptions(t, "fleet"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// contents is every file below a folder, so that a test sees what was left behind.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		files[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestUpdate(t *testing.T) {
	f := chain(t)
	if err := os.Chmod("fleet/lib/changelog", 0o640); err != nil {
		t.Fatal(err)
	}
	o := updateOptions
	o.Reason = "CVE-2026-1234\nand its friends"
	want := contents(t, "fleet")
	edits, err := fleet.PlanUpdate(f, "base", o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, contents(t, "fleet")); diff != "" {
		t.Fatalf("PlanUpdate wrote something\n%s", diff)
	}
	if err := apply(t, f, edits); err != nil {
		t.Fatal(err)
	}
	const trailer = "\n -- Bob Builder <bob@example.org>  Sat, 21 Nov 2026 08:30:00 +0100\n\n"
	const rebuild = "  * Rebuild on the update of base:\n    CVE-2026-1234\n    and its friends\n"
	want["fleet/base/changelog"] = "base (1.2.3-s1) stable; urgency=high\n\n  * CVE-2026-1234\n    and its friends\n" + trailer + want["fleet/base/changelog"]
	want["fleet/lib/changelog"] = "lib (1.0-s10) stable; urgency=high\n\n" + rebuild + trailer + want["fleet/lib/changelog"]
	want["fleet/app/changelog"] = "app (2.0-s1) stable; urgency=high\n\n" + rebuild + trailer + want["fleet/app/changelog"]
	if diff := cmp.Diff(want, contents(t, "fleet")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if info, err := os.Stat("fleet/lib/changelog"); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v: it should be kept", info.Mode(), err)
	}
	f = rescan(t)
	for name, tag := range map[string]string{"base": "1.2.3-s1", "lib": "1.0-s10", "app": "2.0-s1", "other": "1.0"} {
		if got := f.Lookup(name).Tag; got != tag {
			t.Errorf("%s has tag %s, want %s", name, got, tag)
		}
	}
}

// TestUpdateIsReadByDpkg shows what was written to dpkg-parsechangelog.
func TestUpdateIsReadByDpkg(t *testing.T) {
	dpkg := oracle(t, "/usr/bin/dpkg-parsechangelog")
	f := chain(t)
	edits, err := fleet.PlanUpdate(f, "lib", updateOptions)
	if err != nil {
		t.Fatal(err)
	}
	if err := apply(t, f, edits); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(dpkg, "-l", "fleet/app/changelog", "--count", "1").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := `Source: app
Version: 2.0-s1
Distribution: stable
Urgency: high
Maintainer: Bob Builder <bob@example.org>
Timestamp: 1795246200
Date: Sat, 21 Nov 2026 08:30:00 +0100
Changes:
 app (2.0-s1) stable; urgency=high
 .
   * Rebuild on the update of lib:
     Security update
`
	if diff := cmp.Diff(want, string(out)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestUpdateVersionIsTheNamedImages(t *testing.T) {
	o := updateOptions
	o.Version = "7.0"
	edits, err := fleet.PlanUpdate(chain(t), "lib", o)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range edits {
		got = append(got, e.Path+" "+string(e.Entry.Version))
	}
	if diff := cmp.Diff([]string{"fleet/lib/changelog 7.0", "fleet/app/changelog 2.0-s1"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestUpdateErrors(t *testing.T) {
	tests := []struct {
		name, image, version string
		change               func(t *testing.T)
		want                 []string
	}{
		{"unknown", "bse", "", nil, []string{"cannot find bse: no folder under fleet defines it\nhint: did you mean base?"}},
		{"a reference is no name", "registry.example/base:1.2.3", "", nil, []string{
			"cannot find registry.example/base:1.2.3: no folder under fleet defines it\n" +
				"hint: an image is called what its changelog says, without registry and tag"}},
		{"same version", "base", "1.2.3", nil, []string{
			"fleet/base/changelog:1: cannot add version 1.2.3: it is the newest entry's already"}},
		{"no tag", "base", "1.2.3+b1", nil, []string{
			"fleet/base/changelog:1: cannot use version 1.2.3+b1 of base as a tag: tags have no \"+\"\n" +
				"hint: write a dash or a dot instead of \"+\" in --version"}},
		{"no version", "base", "so new", nil, []string{
			"fleet/base/changelog:1: cannot use version so new of base as a tag: tags have no \" \"\n" +
				"hint: write a dash or a dot instead of \" \" in --version"}},
		{"missing dependency", "base", "", func(t *testing.T) {
			write(t, "fleet/other/control", "Package: other\nDepends: nowhere, bsae\n")
		}, []string{
			"fleet/other/control:2: other depends on bsae, which no folder under fleet defines\nhint: did you mean base?",
			"fleet/other/control:2: other depends on nowhere, which no folder under fleet defines\nhint: list it in base_images if it comes from elsewhere",
		}},
		{"broken folders", "base", "", func(t *testing.T) {
			write(t, "fleet/new/changelog", "")
			write(t, "fleet/new/Dockerfile.template", "FROM scratch\n")
			write(t, "fleet/other/control", "Nonsense\n")
		}, []string{
			"fleet/new/changelog:1: cannot read changelog: the file is empty\nhint: an entry begins with a line like \"name (1.0-1) unstable; urgency=high\"",
			"fleet/other/control:1: cannot read field: \"Nonsense\" has no name with a colon after it\nhint: a line that continues a field begins with a space",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := chain(t)
			if tt.change != nil {
				tt.change(t)
				f = rescan(t)
			}
			o := updateOptions
			o.Version = version.Version(tt.version)
			_, err := fleet.PlanUpdate(f, tt.image, o)
			var got []string
			for _, e := range flatten(err) {
				got = append(got, e.Error())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestUpdateAfterAChange changes changelogs between the scan and PlanUpdate; all are named.
func TestUpdateAfterAChange(t *testing.T) {
	f := chain(t)
	write(t, "fleet/base/changelog", entry("base", "1.2.4"))
	if err := os.Remove("fleet/app/changelog"); err != nil {
		t.Fatal(err)
	}
	edits, err := fleet.PlanUpdate(f, "base", updateOptions)
	var got []string
	for _, e := range flatten(err) {
		got = append(got, e.Error())
	}
	want := []string{
		"fleet/app/changelog:1: cannot read the changelog: no such file or directory",
		"fleet/base/changelog:1: cannot add an entry: the newest one is now base (1.2.4), it was base (1.2.3)",
	}
	if diff := cmp.Diff(want, got); diff != "" || edits != nil {
		t.Errorf("with %d edits (-want +got)\n%s", len(edits), diff)
	}
}

// TestApplyUpdateIsAllOrNothing breaks the writing at each of three changelogs in several ways.
func TestApplyUpdateIsAllOrNothing(t *testing.T) {
	breaks := map[string]struct {
		do   func(t *testing.T, changelog string)
		want string
	}{
		"vanished": {func(t *testing.T, name string) { must(t, os.Remove(name)) }, "no such file or directory"},
		"folder vanished": {func(t *testing.T, name string) {
			must(t, os.Rename(filepath.Dir(name), filepath.Dir(name)+".away"))
		}, "no such file or directory"},
		"became a folder": {func(t *testing.T, name string) {
			must(t, os.Remove(name))
			must(t, os.Mkdir(name, 0o777))
		}, "it is not a regular file"},
		"was edited": {func(t *testing.T, name string) { write(t, name, entry("other", "9")) }, "it changed while the update was made"},
	}
	for what, b := range breaks {
		for i := range 3 {
			t.Run(what, func(t *testing.T) {
				f := chain(t)
				edits, err := fleet.PlanUpdate(f, "base", updateOptions)
				must(t, err)
				b.do(t, edits[i].Path)
				before := contents(t, "fleet")
				err = apply(t, f, edits)
				want := edits[i].Path + ": cannot write the changelog: " + b.want + "\nhint: no changelog was changed"
				if err == nil || err.Error() != want {
					t.Errorf("got %v\nwant %s", err, want)
				}
				if diff := cmp.Diff(before, contents(t, "fleet")); diff != "" {
					t.Errorf("something was written or left\n%s", diff)
				}
			})
		}
	}
}

// apply writes edits under the lock of the tree, which leaves nothing.
func apply(t *testing.T, f *fleet.Fleet, edits []fleet.Edit) error {
	t.Helper()
	u, err := updating.Begin(t.Context(), "fleet", updating.Options{})
	must(t, err)
	err = fleet.ApplyUpdate(u, f, edits)
	must(t, u.Close())
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestUpdateThroughALink keeps a changelog that is a link to another file of the fleet a link.
func TestUpdateThroughALink(t *testing.T) {
	chain(t)
	must(t, os.MkdirAll("fleet/shared", 0o777))
	must(t, os.Rename("fleet/app/changelog", "fleet/shared/history"))
	must(t, os.Symlink("../shared/history", "fleet/app/changelog"))
	f := rescan(t)
	edits, err := fleet.PlanUpdate(f, "app", updateOptions)
	must(t, err)
	must(t, apply(t, f, edits))
	if target, err := os.Readlink("fleet/app/changelog"); err != nil || target != "../shared/history" {
		t.Errorf("the link is gone: %s, %v", target, err)
	}
	data, err := os.ReadFile("fleet/shared/history")
	if must(t, err); !strings.HasPrefix(string(data), "app (2.0-s1) stable; urgency=high\n") {
		t.Errorf("the file holds %s", data)
	}
}

// A version that goes back is refused, for it may be published already; who means it forces it.
func TestUpdateGoesBack(t *testing.T) {
	f := chain(t)
	for number, back := range map[version.Version]bool{"1.0": true, "1.2.2-s9": true, "1.2.4": false, "1.2.3-1": false, "v1.3": false, "1.2.3-20261121": false} {
		o := updateOptions
		o.Version = number
		_, err := fleet.PlanUpdate(f, "base", o)
		if back != (err != nil && strings.Contains(err.Error(), "fleet/base/changelog:1: cannot add version "+string(number)+": it is older than 1.2.3, the newest entry's\nhint: --force ")) || !back && err != nil {
			t.Errorf("%s: %v", number, err)
		}
		o.Force = true
		if edits, err := fleet.PlanUpdate(f, "base", o); err != nil || edits[0].Entry.Version != number {
			t.Errorf("%s, forced: %v", number, err)
		}
	}
	o := updateOptions
	o.Version, o.Force = "1.2.3", true
	if _, err := fleet.PlanUpdate(f, "base", o); err == nil || !strings.Contains(err.Error(), "it is the newest entry's already") {
		t.Errorf("the same version, forced: %v", err)
	}
}

// Without a distribution each entry takes that of the one below it, as it is written there.
func TestUpdateDistribution(t *testing.T) {
	f := chain(t)
	text, err := os.ReadFile("fleet/lib/changelog")
	if err != nil {
		t.Fatal(err)
	}
	write(t, "fleet/lib/changelog", strings.Replace(string(text), ") stable;", ") bookworm-wikimedia  trixie;", 1))
	f = rescan(t)
	for distribution, want := range map[string][]string{
		"": {"stable", "bookworm-wikimedia  trixie", "stable"}, "unstable": {"unstable", "unstable", "unstable"},
	} {
		o := updateOptions
		o.Distribution = distribution
		edits, err := fleet.PlanUpdate(f, "base", o)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range edits {
			heading, _, _ := strings.Cut(string(e.New), "\n")
			got = append(got, strings.TrimSuffix(heading[strings.Index(heading, ") ")+2:], "; urgency=high"))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got)\n%s", distribution, diff)
		}
	}
}
