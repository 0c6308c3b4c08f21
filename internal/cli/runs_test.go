package cli_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slipway-build/slipway/internal/enginetest"
	"github.com/slipway-build/slipway/state"
)

// chain is a fleet on disk whose images hold nothing but files: they build in a moment, and the same
// files make the same bits.
type chain struct {
	t     *testing.T
	dir   string
	needs map[string][]string
	names []string
	// by name, what stands in the Dockerfile
	comment, unused map[string]string
}

func newChain(t *testing.T, n, most int, r *rand.Rand) *chain {
	c := &chain{t: t, dir: t.TempDir(), needs: map[string][]string{}, comment: map[string]string{}, unused: map[string]string{}}
	if err := os.WriteFile(filepath.Join(c.dir, "config.yaml"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		name := fmt.Sprintf("image-%02d", i)
		for _, other := range c.names {
			if r.IntN(len(c.names)+1) < 2 && len(c.needs[name]) < most {
				c.needs[name] = append(c.needs[name], other)
			}
		}
		c.names = append(c.names, name)
		c.write(name, "file", "first")
		c.write(name, "ignored", "first")
		c.write(name, ".dockerignore", "ignored\nchangelog\ncontrol\nDockerfile.template\n.dockerignore\n")
		c.write(name, "changelog", changelogOf(name, 1))
		c.dockerfile(name)
		if needs := c.needs[name]; len(needs) > 0 {
			c.write(name, "control", "Package: "+name+"\nBuild-Depends: "+strings.Join(needs, ", ")+"\n")
		}
	}
	return c
}

func changelogOf(name string, version int) string {
	return fmt.Sprintf("%s (%d) stable; urgency=medium\n\n  * Change.\n\n -- F <f@example.com>  Sun, 01 Nov 2026 10:00:00 +0000\n", name, version)
}

func (c *chain) write(name, file, text string) {
	c.t.Helper()
	path := filepath.Join(c.dir, "fleet", name, file)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		c.t.Fatal(err)
	}
}

// dockerfile writes an image's template, with a comment, which counts for nothing, and an argument that
// nothing uses, which is an instruction but changes no bits.
func (c *chain) dockerfile(name string) {
	text := "# " + c.comment[name] + "\nARG UNUSED=" + c.unused[name] + "\nFROM scratch\nCOPY file /" + name + "\n"
	for _, need := range c.needs[name] {
		text += fmt.Sprintf("COPY --from={{ %q | image_tag }} / /\n", need)
	}
	c.write(name, "Dockerfile.template", text)
}

// slipway is the command, as a process of its own.
func (c *chain) slipway(args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		c.t.Fatal(err)
	}
	cmd := exec.CommandContext(c.t.Context(), self)
	cmd.Args = append([]string{"slipway", "--root", filepath.Join(c.dir, "root")}, args...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "HOME="+c.dir, "XDG_CONFIG_HOME="+c.dir)
	return cmd
}

// event is a line of --progress json.
type event struct {
	Event, Image, Text string
	Plan               struct {
		Images []struct{ Name, Action string }
	}
}

// events reads lines until the output ends; the last may be cut.
func events(out io.Reader, each func(event)) {
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		var e event
		if json.Unmarshal(line, &e) == nil {
			each(e)
		}
		if err != nil {
			return
		}
	}
}

// build runs to the end and returns the names that were planned to be built, and those that were.
func (c *chain) build() (planned, built map[string]bool) {
	c.t.Helper()
	cmd := c.slipway("build", "--progress", "json", "fleet")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		c.t.Fatalf("cannot build: %v\n%s%s", err, &stderr, out)
	}
	planned, built = map[string]bool{}, map[string]bool{}
	events(bytes.NewReader(out), func(e event) {
		name, _, _ := strings.Cut(e.Image, ":")
		switch e.Event {
		case "plan":
			for _, i := range e.Plan.Images {
				if i.Action == "build" {
					planned[i.Name] = true
				}
			}
		case "done":
			built[name] = true
		}
	})
	return planned, built
}

// TestRunsRebuildWhatChanged: for random graphs and random edits of real files, an image is built if
// and only if one of its inputs, or an image that it is made from, changed.
func TestRunsRebuildWhatChanged(t *testing.T) {
	enginetest.Need(t)
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 2014))
			c := newChain(t, 9, 3, r)
			versions := map[string]int{}
			if _, built := c.build(); len(built) != len(c.names) {
				t.Fatalf("the first run built %v", built)
			}
			for round := range 8 {
				edited, differs := map[string]bool{}, map[string]bool{}
				var did []string
				for range r.IntN(4) {
					name := c.names[r.IntN(len(c.names))]
					value := fmt.Sprintf("%d-%d", round, r.IntN(1e9))
					what := []string{"file", "mode", "version", "unused argument", "comment", "ignored", "touch", "owner"}[r.IntN(8)]
					did = append(did, what+" of "+name)
					path := filepath.Join(c.dir, "fleet", name, "file")
					switch what {
					case "file":
						c.write(name, "file", value)
						edited[name], differs[name] = true, true
					case "mode":
						info, err := os.Stat(path)
						if err == nil {
							err = os.Chmod(path, info.Mode().Perm()^0o111)
						}
						if err != nil {
							t.Fatal(err)
						}
						// Twice in one round is no change: write something, too.
						c.write(name, "file", value)
						edited[name], differs[name] = true, true
					case "version":
						versions[name]++
						c.write(name, "changelog", changelogOf(name, 1+versions[name]))
						edited[name], differs[name] = true, true // its children name another image
					case "unused argument":
						c.unused[name] = value
						c.dockerfile(name)
						edited[name] = true
					case "comment":
						c.comment[name] = value
						c.dockerfile(name)
					case "ignored":
						c.write(name, "ignored", value)
					case "touch":
						at := time.Unix(r.Int64N(1e9), 0)
						if err := os.Chtimes(path, at, at); err != nil {
							t.Fatal(err)
						}
					case "owner":
						if err := os.Chown(path, r.IntN(1000), r.IntN(1000)); err != nil {
							t.Fatal(err)
						}
					}
				}
				planned, built := c.build()
				wantPlanned, wantBuilt := map[string]bool{}, map[string]bool{}
				for _, name := range c.names {
					above, fresh := false, false
					for _, need := range c.needs[name] {
						above = above || wantPlanned[need]
						fresh = fresh || differs[need]
					}
					if edited[name] || above {
						wantPlanned[name] = true
					}
					if edited[name] || fresh {
						wantBuilt[name] = true
					}
					differs[name] = differs[name] || fresh
				}
				if !maps.Equal(planned, wantPlanned) || !maps.Equal(built, wantBuilt) {
					t.Fatalf("round %d, after %v\nplanned %v\nwant    %v\nbuilt   %v\nwant    %v", round, did,
						slices.Sorted(maps.Keys(planned)), slices.Sorted(maps.Keys(wantPlanned)),
						slices.Sorted(maps.Keys(built)), slices.Sorted(maps.Keys(wantBuilt)))
				}
			}
		})
	}
}

// TestRunsThatAreKilled: kill -9 at random points of a run of forty images, thirty times. Every next
// run finishes, the state is sound, and nothing is built twice that was finished before.
func TestRunsThatAreKilled(t *testing.T) {
	enginetest.Need(t)
	r := rand.New(rand.NewPCG(9, 9))
	c := newChain(t, 40, 1, r)
	start := time.Now()
	c.build()
	whole := time.Since(start)
	killed := 0
	for round := 0; killed < 30; round++ {
		if round == 100 {
			t.Fatalf("only %d of 100 runs lived long enough to be killed", killed)
		}
		for _, name := range c.names {
			c.write(name, "file", fmt.Sprint(round))
		}
		done, ended := c.killed(time.Duration(r.Int64N(int64(whole))))
		if ended {
			continue
		}
		killed++
		db, err := state.Open(t.Context(), filepath.Join(c.dir, "root"))
		if err != nil {
			t.Fatal(err)
		}
		found, err := db.Check(t.Context())
		if err != nil || len(found) > 0 || db.SetAside != "" {
			t.Fatalf("round %d: the state is damaged: %v %v %q", round, err, found, db.SetAside)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		_, built := c.build()
		for name := range done {
			if built[name] {
				t.Fatalf("round %d: %s was finished, and built again", round, name)
			}
		}
		// One image for each that is built at a time may have been finished without a word.
		if len(done)+len(built) < len(c.names)-runtime.NumCPU() {
			t.Fatalf("round %d: %d finished before and %d after the kill, of %d", round, len(done), len(built), len(c.names))
		}
		if _, again := c.build(); len(again) > 0 {
			t.Fatalf("round %d: %v were left", round, again)
		}
	}
}

// killed starts a run, kills it after a while, and returns what it had finished. A run that ended
// before is no use.
func (c *chain) killed(after time.Duration) (done map[string]bool, ended bool) {
	c.t.Helper()
	cmd := c.slipway("build", "--progress", "json", "fleet")
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		c.t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { cmd.Process.Kill() })
	defer timer.Stop()
	done = map[string]bool{}
	events(out, func(e event) {
		name, _, _ := strings.Cut(e.Image, ":")
		switch e.Event {
		case "done":
			done[name] = true
		case "finished":
			ended = true
		}
	})
	cmd.Wait()
	return done, ended
}
