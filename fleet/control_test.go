package fleet_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/fault"
)

// controlLines are lines of control files that docker-pkg builds with, whatever their order.
var controlLines = []string{
	"Depends: ua, ub", "Depends: ua ub", "depends: uc", "Build-Depends: ub (>= 1), uc", "Build-Depends:", "Depends: nowhere | ua,",
	"Depends: ua (>= 1", "Depends: u007 u011", "Package: x", " , ub", "\tuc,", " ub", " .", " ", "", "# x", "bar", ": y", "a b: c", "-x: ua",
	"-----BEGIN PGP SIGNED MESSAGE-----", "Hash: SHA512", "-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----",
}

func randomControls(n int) (controls []string) {
	r := rand.New(rand.NewPCG(10, 17))
	for range n {
		var lines []string
		for range 1 + r.IntN(7) {
			lines = append(lines, controlLines[r.IntN(len(controlLines))])
		}
		controls = append(controls, strings.Join(lines, "\n")+"\n")
	}
	return controls
}

// controlFleet has an image for each of the control files, beside ua, ub and uc.
func controlFleet(t *testing.T, controls []string) *fleet.Fleet {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, name := range []string{"ua", "ub", "uc"} {
		define(t, "fleet/"+name, name, "1", "FROM scratch\n", "")
	}
	for i, control := range controls {
		name := fmt.Sprintf("u%03d", i)
		define(t, "fleet/"+name, name, "1", "FROM scratch\n", control)
	}
	f, err := fleet.Scan(t.Context(), scanOptions(t, "fleet"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// dockerPkgNames asks python-debian for what docker-pkg takes from the files.
func dockerPkgNames(t *testing.T, controls []string) (names [][]string) {
	t.Helper()
	if exec.Command("/usr/bin/python3", "-c", "import debian.deb822").Run() != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("python3-debian is not installed, and in CI it must be")
		}
		t.Skip("python3-debian is not installed")
	}
	input, err := json.Marshal(controls)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/usr/bin/python3", "testdata/control-names.py")
	cmd.Stdin = bytes.NewReader(input)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &names); err != nil {
		t.Fatal(err)
	}
	return names
}

// TestControlAsDockerPkg: whatever control holds, the fleet is built, and what docker-pkg builds first
// is built first here. What a file lacks is told.
func TestControlAsDockerPkg(t *testing.T) {
	controls := randomControls(400)
	wanted := dockerPkgNames(t, controls)
	f := controlFleet(t, controls)
	edges, odd := 0, 0
	told := map[string]bool{}
	for _, w := range f.Warnings {
		if w.Kind == fault.ControlSyntax {
			told[strings.Split(w.Path, "/")[1]] = true
		}
		if w.Line == 0 || w.Hint == "" {
			t.Errorf("%v has no line or no way out", w)
		}
	}
	for i, names := range wanted {
		img := f.Lookup(fmt.Sprintf("u%03d", i))
		if img.Err != nil {
			t.Fatalf("%q cannot be built: %v", controls[i], img.Err)
		}
		for _, name := range names {
			if parent := f.Lookup(name); parent != nil {
				edges++
				if !slices.Contains(img.Parents(), parent) {
					t.Fatalf("%q: docker-pkg builds %s first", controls[i], name)
				}
			}
		}
		if told[img.Name] {
			odd++
		} else if strings.Contains(controls[i], "bar\n") || strings.Contains(controls[i], "PGP") {
			t.Errorf("%q: nothing is told", controls[i])
		}
	}
	if edges < 100 || odd < 200 {
		t.Errorf("%d edges, %d odd files: the test tests too little", edges, odd)
	}
}
