package fleet_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet"
)

// TestOnBuildEdges: ONBUILD instructions order what is built FROM their image, and count for it; not for
// the image itself, nor for grandchildren.
func TestOnBuildEdges(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "config.yaml", "{}\n")
	for _, name := range []string{"tool", "other", "third"} {
		define(t, "fleet/"+name, name, "1", "FROM scratch\n", "")
	}
	define(t, "fleet/parent", "parent", "1", "FROM scratch AS early\nONBUILD COPY --from=third:1 / /\nFROM scratch\n"+
		"ONBUILD COPY --from={{ 'tool' | image_tag }} /x /x\nONBUILD RUN --mount=from=other:1,target=/o true\nONBUILD ADD x /x\n"+
		"ONBUILD COPY --from=elsewhere:1 / /\nONBUILD COPY --from=stage / /\nONBUILD COPY --from=0 / /\nONBUILD COPY --from=tool:0 / /\n", "")
	define(t, "fleet/child", "child", "1", "FROM scratch AS stage\nFROM {{ 'parent' | image_tag }}\n", "Package: child\nDepends: parent\n")
	define(t, "fleet/grandchild", "grandchild", "1", "FROM child:1\n", "Package: grandchild\nDepends: child\n")
	define(t, "fleet/stages", "stages", "1", "FROM parent:1 AS stage\nFROM scratch\nCOPY --from=stage / /\n", "Package: stages\nDepends: parent, tool, other\n")
	define(t, "fleet/copies", "copies", "1", "FROM scratch\nCOPY --from=parent:1 / /\n", "Package: copies\nDepends: parent, tool, other\n")
	define(t, "fleet/unused", "unused", "1", "FROM parent:1\nFROM scratch\n", "Package: unused\nDepends: parent\n")
	define(t, "fleet/artifacts", "artifacts", "1", "FROM scratch\n", "Package: artifacts\nDepends: parent\n")
	write(t, "fleet/artifacts/Dockerfile.build.template", "FROM parent:1\n")
	write(t, "listed/Dockerfile", "FROM parent:1\n")
	f := scanAll(t, "fleet", config.Listed{Name: "listed", Tags: []string{"1"}})
	if diff := cmp.Diff(`parent: parents, used, base scratch
child: parents other parent tool, used other parent tool, base parent:1, elsewhere [elsewhere:1 tool:0]
grandchild: parents child, used child, base child:1
stages: parents other parent tool, used other parent tool, base scratch, elsewhere [elsewhere:1 tool:0]
copies: parents other parent tool, used parent, base scratch
unused: parents parent, used parent, base scratch
artifacts: parents other parent tool, used other parent tool, base scratch, elsewhere [elsewhere:1 stage tool:0]
listed: parents other parent tool, used other parent tool, base parent:1, elsewhere [elsewhere:1 stage tool:0]
fleet/artifacts/Dockerfile.build.template:1: dependency missing from control: artifacts uses other (ONBUILD RUN --mount in parent)
hint: add "Build-Depends: other" to fleet/artifacts/control
fleet/artifacts/Dockerfile.build.template:1: dependency missing from control: artifacts uses tool (ONBUILD COPY --from in parent)
hint: add "Build-Depends: tool" to fleet/artifacts/control
fleet/child/Dockerfile.template:2: dependency missing from control: child uses other (ONBUILD RUN --mount in parent)
hint: add "Build-Depends: other" to fleet/child/control
fleet/child/Dockerfile.template:2: dependency missing from control: child uses tool (ONBUILD COPY --from in parent)
hint: add "Build-Depends: tool" to fleet/child/control
`, described(f, "parent", "child", "grandchild", "stages", "copies", "unused", "artifacts", "listed")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := f.Lookup("copies").Depends; len(got) != 3 || !got[0].LookedUp || got[0].OnBuild {
		t.Errorf("copies: %+v", got)
	}
}

// TestOnBuildDeclared: it is enough for docker-pkg's order that the parent's control names what its ONBUILD
// instructions use.
func TestOnBuildDeclared(t *testing.T) {
	t.Chdir(t.TempDir())
	define(t, "fleet/tool", "tool", "1", "FROM scratch\n", "")
	define(t, "fleet/parent", "parent", "1", "FROM scratch\nONBUILD COPY --from={{ 'tool' | image_tag }} /x /x\n", "Package: parent\nBuild-Depends: tool\n")
	define(t, "fleet/child", "child", "1", "FROM {{ 'parent' | image_tag }}\n", "Package: child\nBuild-Depends: parent\n")
	f, err := fleet.Scan(t.Context(), scanOptions(t, "fleet"))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Warnings) > 0 || len(f.Lookup("child").Used()) != 2 {
		t.Error(f.Warnings, f.Lookup("child").Used())
	}
}

// TestOnBuildUpdate: an image whose ONBUILD instruction names a new version is another image.
func TestOnBuildUpdate(t *testing.T) {
	t.Chdir(t.TempDir())
	define(t, "fleet/tool", "tool", "1", "FROM scratch\n", "")
	define(t, "fleet/parent", "parent", "1", "FROM scratch\nONBUILD COPY --from={{ 'tool' | image_tag }} /x /x\n", "")
	define(t, "fleet/child", "child", "1", "FROM {{ 'parent' | image_tag }}\n", "")
	define(t, "fleet/copies", "copies", "1", "FROM scratch\nCOPY --from={{ 'parent' | image_tag }} /x /x\n", "")
	define(t, "fleet/other", "other", "1", "FROM scratch\n", "")
	f, err := fleet.Scan(t.Context(), scanOptions(t, "fleet"))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(f.Warnings); !strings.Contains(got, "child uses tool (ONBUILD COPY --from in parent)\nhint: make fleet/child/control with the line \"Build-Depends: tool\"") {
		t.Error(got)
	}
	edits, err := fleet.PlanUpdate(f, "tool", fleet.UpdateOptions{Author: "F", Email: "f@example.com", Now: time.Unix(0, 0), Distribution: "x", UpdateID: "s"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range edits {
		names = append(names, e.Image.Name)
	}
	if diff := cmp.Diff("tool parent child copies", strings.Join(names, " ")); diff != "" {
		t.Error(diff)
	}
}
