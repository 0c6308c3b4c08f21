package cli_test

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/slipway-build/slipway/internal/enginetest"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// TestGoodStaysGood is the property of package build, with the real engine, the real program and kill -9:
// after any sequence of edits, builds, failures, kills, removals, pushes and pulls each image that is listed
// is whole and can be saved, a good image is lost to nothing but a better one or somebody's wish, what a
// plan calls up to date has the content that it would have, and what a killed command left is ended by the
// next one that has an engine.
func TestGoodStaysGood(t *testing.T) {
	enginetest.Need(t)
	sequences := 30
	if os.Getenv("SLIPWAY_PROVE") != "" {
		sequences = 500
	}
	server := registrytest.Start(t, registrytest.Config{})
	memory := enginetest.Memory(t)
	var mu sync.Mutex
	done := map[string]int{}
	const workers = 4
	t.Run("sequences", func(t *testing.T) {
		for k := range workers {
			t.Run(fmt.Sprint(k), func(t *testing.T) {
				t.Parallel()
				for seed := k; seed < sequences; seed += workers {
					y := newYard(t, filepath.Join(memory, fmt.Sprintf("%03d", seed)), uint64(seed), server.Addr)
					for range 5 {
						y.step()
						y.inspect()
					}
					if err := os.RemoveAll(y.dir); err != nil {
						t.Error(err)
					}
					mu.Lock()
					for what, n := range y.done {
						done[what] += n
					}
					mu.Unlock()
				}
			})
		}
	})
	t.Log(done)
	if os.Getenv("SLIPWAY_PROVE") != "" {
		for _, v := range newYard(t, filepath.Join(memory, "victims"), 0, server.Addr).victims() {
			if done["killed "+v.args[0]] == 0 {
				t.Errorf("no %s was killed", v.args[0])
			}
		}
	}
	for _, what := range []string{"killed", "failed build", "failed test", "kept", "nothing left", "up to date"} {
		if done[what] == 0 {
			t.Errorf("%q never happened: the test proves little", what)
		}
	}
}

// yard is a fleet of two images: app is built on base, and tested.
type yard struct {
	*chain
	rand  *rand.Rand
	seed  uint64
	good  map[string]bool // references that had a good image, which nobody took away
	files []string        // outside the root, before anything was killed
	log   []string
	done  map[string]int
}

func newYard(t *testing.T, dir string, seed uint64, addr string) *yard {
	y := &yard{
		chain: &chain{t: t, dir: dir, names: []string{"base", "app"}}, rand: rand.New(rand.NewPCG(seed, 3)), seed: seed,
		good: map[string]bool{}, done: map[string]int{},
	}
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	y.write("base", "busybox", string(busybox))
	y.write("base", "Dockerfile.template", "FROM scratch\nCOPY --chmod=755 busybox /bin/busybox\nRUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\nENV PATH=/bin\nCOPY file /base\n")
	y.write("base", "file", "good 0")
	y.write("base", "changelog", changelogOf("base", 1))
	y.write("app", "Dockerfile.template", "FROM {{ \"base\" | image_tag }}\nCOPY file /app\n")
	y.write("app", "control", "Package: app\nBuild-Depends: base\n")
	y.write("app", "file", "good 0")
	y.write("app", "changelog", changelogOf("app", 1))
	y.write("app", "test.sh", "#!/bin/sh\nsetsid sleep 987 &\ndocker run --rm \"$1\" grep -q good /app\n")
	if err := os.Chmod(filepath.Join(dir, "fleet/app/test.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	y.configure("registry: %s\nnamespace: y%d\n", addr, seed)
	y.log = append(y.log, y.run("build", "--local", "fleet"))
	y.files = y.outside()
	return y
}

func (y *yard) fail(format string, args ...any) {
	y.t.Helper()
	y.t.Fatalf("seed %d, after %s: %s", y.seed, strings.Join(y.log, " | "), fmt.Sprintf(format, args...))
}

// run runs a command to its end, and says how that was.
func (y *yard) run(args ...string) string {
	cmd := y.slipway(args...)
	out, err := cmd.CombinedOutput()
	if err == nil {
		return strings.Join(args, " ")
	}
	switch text := string(out); {
	case strings.Contains(text, "failed its test"):
		y.done["failed test"]++
	case strings.Contains(text, "failed to build"):
		y.done["failed build"]++
	}
	return strings.Join(args, " ") + ": " + err.Error()
}

func (y *yard) step() {
	name := y.names[y.rand.IntN(2)]
	file := fmt.Sprint([]string{"good ", "good ", "bad "}[y.rand.IntN(3)], y.rand.IntN(2))
	what := ""
	switch y.rand.IntN(9) {
	case 0:
		ref := y.ref(name)
		what = y.run("rmi", ref)
		delete(y.good, ref)
	case 1:
		what = y.run("prune", "--cache", "fleet")
	case 2:
		what = y.run("push", y.ref(name))
	case 3:
		ref := y.ref(name)
		what = y.run("pull", ref)
		if !strings.Contains(what, ":") {
			delete(y.good, ref) // somebody wanted that one
		}
	case 4:
		y.write("app", "Dockerfile.template", "FROM {{ \"base\" | image_tag }}\nRUN false\n")
		what = "broken " + y.run("build", "--local", "fleet")
		y.write("app", "Dockerfile.template", "FROM {{ \"base\" | image_tag }}\nCOPY file /app\n")
	case 5, 6, 7:
		what = y.kill(name, file)
	default:
		y.write(name, "file", file)
		what = name + " is " + file + ", " + y.run("build", "--local", "fleet")
	}
	y.log = append(y.log, what)
}

func (y *yard) ref(name string) string {
	data, err := os.ReadFile(filepath.Join(y.dir, "config.yaml"))
	if err != nil {
		y.t.Fatal(err)
	}
	fields := strings.Fields(string(data))
	return fields[1] + "/" + fields[3] + "/" + name + ":1"
}

// inspect looks at everything, by the program's own commands.
func (y *yard) inspect() {
	out, err := y.slipway("images", "--json").Output()
	var list struct {
		Images []struct{ Ref, Tested, Damaged string }
	}
	if err == nil {
		err = json.Unmarshal(out, &list)
	}
	if err != nil {
		y.fail("images: %v", err)
	}
	tested, refs := map[string]bool{}, []string{"save"}
	for _, img := range list.Images {
		if img.Damaged != "" {
			y.fail("%s is listed, and damaged: %s", img.Ref, img.Damaged)
		}
		tested[img.Ref] = img.Tested != ""
		refs = append(refs, img.Ref)
	}
	for ref := range y.good {
		if _, there := tested[ref]; !there {
			y.fail("the good image %s is lost", ref)
		}
		y.done["kept"]++
	}
	for ref, good := range tested {
		if good {
			y.good[ref] = true
		}
	}
	if len(refs) > 1 {
		y.save(refs)
		y.leaves()
	}
	plan, err := y.slipway("plan", "--local", "fleet").CombinedOutput()
	if err != nil {
		y.fail("plan: %v\n%s", err, plan)
	}
	for _, name := range y.names {
		if strings.Contains(string(plan), name+":1") && y.upToDate(string(plan), name) {
			y.done["up to date"]++
			want, err := os.ReadFile(filepath.Join(y.dir, "fleet", name, "file"))
			if err != nil {
				y.t.Fatal(err)
			}
			if got := y.content(name); got != string(want) {
				y.fail("%s is up to date with %q, and would be %q", name, got, want)
			}
		}
	}
}

func (y *yard) upToDate(plan, name string) bool {
	for line := range strings.Lines(plan) {
		if strings.HasPrefix(line, name+":1 ") {
			return strings.Contains(line, " up to date ")
		}
	}
	return false
}

// save saves images, and looks whether the tar is whole.
func (y *yard) save(args []string) {
	cmd := y.slipway(args...)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		y.fail("%s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	y.whole(&out)
}

// whole reads what was saved to its end.
func (y *yard) whole(saved io.Reader) {
	for r := tar.NewReader(saved); ; {
		_, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		if err != nil {
			y.fail("what was saved cannot be read: %v", err)
		}
	}
}

// content is the file that an image has of its own, out of its last layer.
func (y *yard) content(name string) string {
	cmd := y.slipway("run", y.ref(name), "cat", "/"+name)
	out, err := cmd.Output()
	if err != nil {
		y.fail("cannot run %s: %v", name, err)
	}
	return string(out)
}
