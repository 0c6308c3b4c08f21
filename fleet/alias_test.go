package fleet_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/source"
)

// scanAll scans a folder and a list, each entry of which has its Dockerfile in a folder of its name.
func scanAll(t *testing.T, dir string, list ...config.Listed) *fleet.Fleet {
	t.Helper()
	for i := range list {
		list[i].From, list[i].Dockerfile, list[i].Path, list[i].Line = "./"+list[i].Name, "Dockerfile", "config.yaml", i+1
	}
	found, release, err := fleet.FindListed(t.Context(), list, &source.Repositories{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	o := scanOptions(t, dir)
	o.Dir, o.Listed = dir, found
	f, err := fleet.Scan(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// described is what a scan found of the edges of images, and the warnings.
func described(f *fleet.Fleet, names ...string) string {
	var b strings.Builder
	for _, name := range names {
		img := f.Lookup(name)
		fmt.Fprintf(&b, "%s: parents", name)
		for _, p := range img.Parents() {
			fmt.Fprintf(&b, " %s", p.Name)
		}
		fmt.Fprintf(&b, ", used")
		for _, p := range img.Used() {
			fmt.Fprintf(&b, " %s", p.Name)
		}
		fmt.Fprintf(&b, ", base %s", img.Base)
		if len(img.Elsewhere()) > 0 {
			fmt.Fprintf(&b, ", elsewhere %v", img.Elsewhere())
		}
		for _, a := range img.Aliases {
			fmt.Fprintf(&b, ", %s is %s", a.Ref, a.Image.Ref)
			if a.Rewritten {
				b.WriteString(" (rewritten)")
			}
		}
		if img.Err != nil {
			fmt.Fprintf(&b, ", %v", img.Err)
		}
		b.WriteString("\n")
	}
	for _, w := range f.Warnings {
		fmt.Fprintf(&b, "%v\n", w)
	}
	return b.String()
}

// TestFurtherTags: an image of the list is an image of the fleet under any of its tags, and under Docker
// Hub's names for it.
func TestFurtherTags(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "config.yaml", "{}\n")
	write(t, "test/busybox/Dockerfile", "FROM test/busybox\nFROM test/busybox:old\n")
	write(t, "a/Dockerfile", "FROM test/busybox\n")
	write(t, "b/Dockerfile", "ARG TAG=stable\nFROM scratch\nCOPY --from=docker.io/test/busybox:1.10 /x /x\nRUN --mount=from=test/busybox:latest,target=/y true\nFROM test/busybox:$TAG\n")
	write(t, "c/Dockerfile", "FROM test/busybox:old\nFROM test/busybox@sha256:"+strings.Repeat("0", 64)+"\nFROM index.docker.io/test/busybox:1\nFROM library/test/busybox\n")
	write(t, "official/Dockerfile", "FROM scratch\n")
	define(t, "fleet/d", "d", "1", "FROM test/busybox\nCOPY --from=docker.io/library/official:2 / /\nCOPY --from=test/busybox:1.10 / /\n", "")
	define(t, "fleet/e", "e", "1", "FROM library/d:1\nCOPY --from=d / /\n", "Package: e\nDepends: d\n")
	f := scanAll(t, "fleet",
		config.Listed{Name: "test/busybox", Tags: []string{"1.10", "latest", "stable"}}, config.Listed{Name: "a", Tags: []string{"1"}},
		config.Listed{Name: "b", Tags: []string{"1"}}, config.Listed{Name: "c", Tags: []string{"1"}}, config.Listed{Name: "official", Tags: []string{"1", "2"}})
	if diff := cmp.Diff(strings.ReplaceAll(`test/busybox: parents, used, base test/busybox:old, elsewhere [test/busybox test/busybox:old]
a: parents test/busybox, used test/busybox, base test/busybox:1.10, test/busybox is test/busybox:1.10
b: parents test/busybox, used test/busybox, base test/busybox:1.10, docker.io/test/busybox:1.10 is test/busybox:1.10, test/busybox:latest is test/busybox:1.10, test/busybox:stable is test/busybox:1.10
c: parents, used, base library/test/busybox, elsewhere [index.docker.io/test/busybox:1 library/test/busybox test/busybox:old test/busybox@sha256:ZEROS]
d: parents official test/busybox, used official test/busybox, base test/busybox:1.10, docker.io/library/official:2 is official:1, test/busybox is test/busybox:1.10
e: parents d, used d, base d:1, elsewhere [d], library/d:1 is d:1
c/Dockerfile:1: c uses test/busybox:old (FROM), the fleet has 1.10
hint: write test/busybox:1.10
c/Dockerfile:2: c uses test/busybox@sha256:ZEROS (FROM), the fleet has 1.10
hint: write test/busybox:1.10
fleet/d/Dockerfile.template:1: dependency missing from control: d uses test/busybox (FROM)
hint: make fleet/d/control with the line "Build-Depends: test/busybox"
fleet/d/Dockerfile.template:2: dependency missing from control: d uses official (COPY --from)
hint: make fleet/d/control with the line "Build-Depends: official"
fleet/e/Dockerfile.template:2: e uses d:latest (COPY --from), the fleet has 1
hint: write {{ "d" | image_tag }} to follow the fleet
`, "ZEROS", strings.Repeat("0", 64)), described(f, "test/busybox", "a", "b", "c", "d", "e")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestFurtherShortNames: what the configuration adds to the names of the list may be left out in its
// Dockerfiles, also before a further tag; then the reference of the image stands in what is built.
func TestFurtherShortNames(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "config.yaml", "registry: registry.example\nnamespace: team\n")
	write(t, "base/Dockerfile", "FROM scratch AS a\nONBUILD COPY --from=tool:2 /x /x\nFROM a\nONBUILD COPY --from=tool:new /x /x\n")
	write(t, "tool/Dockerfile", "FROM scratch\n")
	const text = "FROM base\nCOPY --from=registry.example/team/base:1 / /\nCOPY --from=tool:new / /\nCOPY --from=tool:2 / /\n"
	write(t, "app/Dockerfile", text)
	write(t, "more/Dockerfile", "FROM base:1\n")
	f := scanAll(t, "", config.Listed{Name: "base", Tags: []string{"1", "latest"}}, config.Listed{Name: "tool", Tags: []string{"2", "new"}}, config.Listed{Name: "app", Tags: []string{"1"}}, config.Listed{Name: "more", Tags: []string{"1"}})
	if diff := cmp.Diff(`app: parents base tool, used base tool, base registry.example/team/base:1, base is registry.example/team/base:1 (rewritten), tool:new is registry.example/team/tool:2 (rewritten)
`, described(f, "app")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	img := f.Lookup("app")
	if diff := cmp.Diff("FROM registry.example/team/base:1\nCOPY --from=registry.example/team/base:1 / /\nCOPY --from=registry.example/team/tool:2 / /\nCOPY --from=registry.example/team/tool:2 / /\n", f.Recipe(img).Dockerfile.Text); diff != "" {
		t.Errorf("built (-want +got)\n%s", diff)
	}
	// What was published before this was so is not to change.
	if diff := cmp.Diff("FROM base\nCOPY --from=registry.example/team/base:1 / /\nCOPY --from=tool:new / /\nCOPY --from=registry.example/team/tool:2 / /\n", f.Recipe(img).Dockerfile.Written()); diff != "" {
		t.Errorf("written (-want +got)\n%s", diff)
	}
	// base has an ONBUILD instruction that names tool so, too.
	if n := len(f.Lookup("more").Added()); n != 1 {
		t.Errorf("%d added", n)
	}
	base := f.Lookup("base")
	if !strings.Contains(f.Recipe(base).Dockerfile.Text, "ONBUILD COPY --from=registry.example/team/tool:2 ") || !strings.Contains(f.Recipe(base).Dockerfile.Written(), "ONBUILD COPY --from=tool:new ") {
		t.Errorf("built %q, written %q", f.Recipe(base).Dockerfile.Text, f.Recipe(base).Dockerfile.Written())
	}
}

// TestAliasTwice: what the Dockerfile itself names counts as its own, whether or not an ONBUILD names it first.
func TestAliasTwice(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "config.yaml", "{}\n")
	write(t, "test/busybox/Dockerfile", "FROM scratch\n")
	const onBuild, own = "FROM scratch AS a\nONBUILD COPY --from=test/busybox / /\nFROM a\n", "COPY --from=test/busybox / /\n"
	write(t, "first/Dockerfile", onBuild+own)
	write(t, "twice/Dockerfile", "FROM scratch AS b\nONBUILD COPY --from=test/busybox / /\n"+strings.ReplaceAll(onBuild, "scratch", "b")+own+own)
	write(t, "last/Dockerfile", "FROM scratch AS a\nONBUILD COPY --from=test/busybox / /\nFROM scratch AS b\n"+own+"FROM a\nCOPY --from=b / /\n")
	write(t, "alone/Dockerfile", onBuild)
	f := scanAll(t, "", config.Listed{Name: "test/busybox", Tags: []string{"1", "latest"}}, config.Listed{Name: "first", Tags: []string{"1"}},
		config.Listed{Name: "twice", Tags: []string{"1"}}, config.Listed{Name: "last", Tags: []string{"1"}}, config.Listed{Name: "alone", Tags: []string{"1"}})
	for name, onBuild := range map[string]bool{"first": false, "twice": false, "last": false, "alone": true} {
		if got := f.Lookup(name).Aliases; len(got) != 1 || got[0].OnBuild != onBuild {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
