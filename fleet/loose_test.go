package fleet_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet"
)

// TestOnBuildCycle: a cycle that only an ONBUILD instruction closes keeps no fleet from being built: what
// it names is there from an earlier build. Firm edges stay, in whatever order they are found.
func TestOnBuildCycle(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "config.yaml", "registry: registry.example\n")
	define(t, "fleet/parent", "parent", "1", "FROM scratch\n# {# comment #}\nONBUILD COPY --from={{ 'tool' | image_tag }} /x /x\n", "")
	define(t, "fleet/tool", "tool", "1", "FROM {{ 'parent' | image_tag }}\n", "Package: tool\nDepends: parent\n")
	define(t, "fleet/lookup", "lookup", "1", "FROM scratch\nCOPY --from={{ 'parent' | image_tag }} / /\n", "Package: lookup\nDepends: parent, tool\n")
	define(t, "fleet/own", "own", "1", "FROM scratch AS a\nONBUILD COPY --from=registry.example/own:1 / /\nFROM a\n", "")
	define(t, "fleet/wide", "wide", "1", "FROM scratch\nONBUILD COPY --from={{ 'b' | image_tag }} / /\nONBUILD RUN --mount=from={{ 'a' | image_tag }} true\n", "")
	define(t, "fleet/a", "a", "1", "FROM {{ 'wide' | image_tag }}\n", "Package: a\nDepends: wide\n")
	define(t, "fleet/b", "b", "1", "FROM {{ 'a' | image_tag }}\n", "Package: b\nDepends: a\n")
	if diff := cmp.Diff(`parent: parents, used, base scratch
tool: parents parent, used parent, base registry.example/parent:1, elsewhere [registry.example/tool:1], before [registry.example/tool:1]
lookup: parents parent tool, used parent, base scratch
own: parents, used, base scratch, elsewhere [registry.example/own:1], before [registry.example/own:1]
wide: parents, used, base scratch
a: parents wide, used wide, base registry.example/wide:1, elsewhere [registry.example/a:1 registry.example/b:1], before [registry.example/a:1 registry.example/b:1]
b: parents a, used a, base registry.example/a:1
fleet/a/Dockerfile.template:1: a uses registry.example/a:1 (ONBUILD RUN --mount in fleet/wide/Dockerfile.template:3) as it was before: it cannot be built first, as a → a is a dependency cycle
hint: HINT
fleet/a/Dockerfile.template:1: a uses registry.example/b:1 (ONBUILD COPY --from in fleet/wide/Dockerfile.template:2) as it was before: it cannot be built first, as a → b → a is a dependency cycle
hint: HINT
fleet/own/Dockerfile.template:2: own uses registry.example/own:1 (ONBUILD COPY --from in fleet/own/Dockerfile.template:2) as it was before: it cannot be built first, as own → own is a dependency cycle
hint: HINT
fleet/tool/Dockerfile.template:1: tool uses registry.example/tool:1 (ONBUILD COPY --from in fleet/parent/Dockerfile.template:3) as it was before: it cannot be built first, as tool → tool is a dependency cycle
hint: HINT
`, loosened(scanAll(t, "fleet"), "parent", "tool", "lookup", "own", "wide", "a", "b")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	// What was a cycle always is one.
	define(t, "fleet/a", "a", "1", "FROM {{ 'wide' | image_tag }}\nFROM {{ 'b' | image_tag }}\n", "Package: a\nDepends: wide\n")
	_, err := fleet.Scan(t.Context(), scanOptions(t, "fleet"))
	if err == nil || !strings.HasPrefix(err.Error(), "fleet/a/Dockerfile.template:2: cannot order the images: a → b → a is a dependency cycle") {
		t.Error(err)
	}
}

// loosened is described, with what counts by its name alone.
func loosened(f *fleet.Fleet, names ...string) string {
	var lines []string
	for _, line := range strings.SplitAfter(described(f, names...), "\n") {
		if img := f.Lookup(strings.SplitN(line, ":", 2)[0]); img != nil && len(img.Before) > 0 {
			line = fmt.Sprintf("%s, before %v\n", strings.TrimSuffix(line, "\n"), img.Before)
		}
		if strings.HasPrefix(line, "hint: nothing is to be done if that is meant;") {
			line = "hint: HINT\n"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "")
}

// TestFurtherTagCycle: a further tag closes no cycle either, and a short name for one is Docker Hub's again.
func TestFurtherTagCycle(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "config.yaml", "registry: registry.example\n")
	write(t, "compiler/Dockerfile", "FROM runtime\n")
	write(t, "runtime/Dockerfile", "FROM registry.example/compiler:latest\n")
	write(t, "short/Dockerfile", "FROM python AS x\nFROM x\nCOPY --from=python:latest / /\nCOPY --from=runtime / /\n")
	write(t, "python/Dockerfile", "FROM short\n")
	write(t, "onbuild/Dockerfile", "FROM scratch\nONBUILD COPY --from=onuse:latest / /\n")
	write(t, "onuse/Dockerfile", "FROM onbuild\n")
	define(t, "fleet/tmpl", "tmpl", "1", "FROM scratch\nCOPY --from=registry.example/users:new / /\n", "")
	write(t, "users/Dockerfile", "FROM tmpl:1\n")
	tags := func(name string, tags ...string) config.Listed { return config.Listed{Name: name, Tags: tags} }
	f := scanAll(t, "fleet", tags("compiler", "2", "latest"), tags("runtime", "latest"), tags("short", "latest"), tags("python", "3", "latest"),
		tags("onbuild", "latest"), tags("onuse", "2", "latest"), tags("users", "1", "new"))
	if diff := cmp.Diff(`compiler: parents runtime, used runtime, base registry.example/runtime:latest
runtime: parents, used, base registry.example/compiler:latest, elsewhere [registry.example/compiler:latest], before [registry.example/compiler:latest]
short: parents runtime, used runtime, base python, elsewhere [python python:latest], before [python python:latest]
python: parents short, used short, base registry.example/short:latest
onuse: parents onbuild, used onbuild, base registry.example/onbuild:latest, elsewhere [onuse:latest], before [onuse:latest]
tmpl: parents, used, base scratch, elsewhere [registry.example/users:new], before [registry.example/users:new]
fleet/tmpl/Dockerfile.template:2: tmpl uses registry.example/users:new (COPY --from, a further name of registry.example/users:1) as it was before: it cannot be built first, as tmpl → users → tmpl is a dependency cycle
hint: HINT
onuse/Dockerfile:1: onuse uses onuse:latest (ONBUILD COPY --from in onbuild/Dockerfile:2) as it was before: it cannot be built first, as onuse → onuse is a dependency cycle
hint: HINT
runtime/Dockerfile:1: runtime uses registry.example/compiler:latest (FROM, a further name of registry.example/compiler:2) as it was before: it cannot be built first, as runtime → compiler → runtime is a dependency cycle
hint: HINT
short/Dockerfile:1: short uses python (FROM, a further name of registry.example/python:3) as it was before: it cannot be built first, as short → python → short is a dependency cycle
hint: HINT
short/Dockerfile:3: short uses python:latest (COPY --from, a further name of registry.example/python:3) as it was before: it cannot be built first, as short → python → short is a dependency cycle
hint: HINT
`, loosened(f, "compiler", "runtime", "short", "python", "onuse", "tmpl")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := f.Recipe(f.Lookup("short")).Dockerfile.Text; got != "FROM python AS x\nFROM x\nCOPY --from=python:latest / /\nCOPY --from=registry.example/runtime:latest / /\n" || f.Recipe(f.Lookup("short")).Dockerfile.Written() != got {
		t.Errorf("built %q, written %q", got, f.Recipe(f.Lookup("short")).Dockerfile.Written())
	}
	if got := f.Recipe(f.Lookup("onbuild")).Dockerfile.Text; got != "FROM scratch\nONBUILD COPY --from=onuse:latest / /\n" {
		t.Errorf("built %q", got)
	}
}

// TestOwnName: an image of the list that names itself means the original.
func TestOwnName(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "config.yaml", "{}\n")
	for name, text := range map[string]string{"busybox": "FROM busybox\n", "test/tool": "FROM test/tool:1\nFROM docker.io/test/tool\n"} {
		write(t, name+"/Dockerfile", text)
	}
	list := []config.Listed{{Name: "busybox", Tags: []string{"latest"}}, {Name: "test/tool", Tags: []string{"1", "latest"}}}
	if diff := cmp.Diff(`busybox: parents, used, base busybox, elsewhere [busybox], before [busybox]
test/tool: parents, used, base docker.io/test/tool, elsewhere [docker.io/test/tool test/tool:1], before [docker.io/test/tool test/tool:1]
`, loosened(scanAll(t, "", list...), "busybox", "test/tool")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestOverriddenFieldCycle: of a field that is there twice docker-pkg reads the last alone, so the other one
// makes no cycle.
func TestOverriddenFieldCycle(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "config.yaml", "{}\n")
	define(t, "fleet/ua", "ua", "1", "FROM scratch\n", "Package: ua\nDepends: ub2\nDepends: uc\n")
	define(t, "fleet/ub2", "ub2", "1", "FROM scratch\n", "Package: ub2\nDepends: ua\n")
	define(t, "fleet/uc", "uc", "1", "FROM scratch\n", "Package: uc\nBuild-Depends: ud\nBuild-Depends: ue\n")
	define(t, "fleet/ud", "ud", "1", "FROM scratch\n", "")
	define(t, "fleet/ue", "ue", "1", "FROM scratch\n", "")
	f := scanAll(t, "fleet")
	f.Warnings = nil // control_test.go has them
	if diff := cmp.Diff(`ua: parents uc, used, base scratch
ub2: parents ua, used, base scratch
uc: parents ud ue, used, base scratch
`, described(f, "ua", "ub2", "uc")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, control := range []string{"Package: ua\nDepends: uc\nDepends: ub2\n", "Package: ua\nDepends: ub2\nDepends: uc, ub2\n", "Package: ua\nDepends: ub2\nDepends: uc\nBuild-Depends: ub2\n"} {
		define(t, "fleet/ua", "ua", "1", "FROM scratch\n", control)
		if _, err := fleet.Scan(t.Context(), scanOptions(t, "fleet")); err == nil || !strings.Contains(err.Error(), "ua → ub2 → ua is a dependency cycle") {
			t.Errorf("%q: %v", control, err)
		}
	}
}
