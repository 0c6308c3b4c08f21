package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/internal/cli"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
	"github.com/slipway-build/slipway/state"
)

// cmdPublish pushes small images that nobody built: publish REPOSITORY TAG[=CONTENT]... Tags with the
// same number for content are one image; without a number the content is of this tag alone.
func cmdPublish(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: publish REPOSITORY TAG[=CONTENT]...")
	}
	o := registry.Options{}
	if strings.HasPrefix(args[0], ts.Getenv("REGISTRY")+"/") {
		o = registry.Options{Registry: ts.Getenv("REGISTRY"), Username: "ann", Password: "S3CRETWORD", CABundle: ts.Getenv("REGISTRY_CA")}
	}
	ts.Check(publish(context.Background(), o, args[0], args[1:]...))
}

// noT lets registrytest make images outside of a test: only its fatal errors matter, and they panic.
type noT struct{ testing.TB }

func (noT) Helper()           {}
func (noT) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

func publish(ctx context.Context, o registry.Options, repository string, tags ...string) error {
	client, err := registry.New(o)
	if err != nil {
		return err
	}
	defer client.Close()
	for i, word := range tags {
		tag, content, ok := strings.Cut(word, "=")
		seed := 1000 + i
		if ok {
			if seed, err = strconv.Atoi(content); err != nil {
				return err
			}
		}
		from := registrytest.NewBlobs()
		if _, err := client.Push(ctx, from.Image(noT{}, uint64(seed), 100), from, registry.PushOptions{}, repository+":"+tag); err != nil {
			return err
		}
	}
	return nil
}

// pruneFleet is three images with four versions each, published: app is built on lib, and lib on base.
func pruneFleet(t *testing.T, server *registrytest.Server, address string) (config, folder string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	parent := ""
	for _, name := range []string{"base", "lib", "app"} {
		write("fleet/"+name+"/changelog", name+" (1.3) x; urgency=low\n\n  * x\n\n -- A <a@example.org>  Thu, 01 Jan 2026 00:00:00 +0000\n")
		write("fleet/"+name+"/Dockerfile.template", "FROM "+map[bool]string{true: "scratch", false: `{{ "` + parent + `" | image_tag }}`}[parent == ""]+"\n")
		if parent != "" {
			write("fleet/"+name+"/control", "Package: "+name+"\nBuild-Depends: "+parent+"\n")
		}
		parent = name
		if server != nil {
			if err := publish(t.Context(), registry.Options{}, server.Addr+"/"+name, "1.0", "1.1", "1.2=7", "1.3", "latest=7"); err != nil {
				t.Fatal(err)
			}
		}
	}
	write("config.yaml", "registry: "+address+"\n")
	return filepath.Join(dir, "config.yaml"), filepath.Join(dir, "fleet")
}

func runSlipway(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return runSlipwayUntil(t, t.Context(), args...)
}

func runSlipwayUntil(t *testing.T, ctx context.Context, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	t.Setenv("SLIPWAY_ROOT", filepath.Join(t.TempDir(), "root"))
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	var out, errs bytes.Buffer
	code = cli.Main(ctx, append([]string{"slipway"}, args...), cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
	return code, out.String(), errs.String()
}

func deletes(requests []string) []string {
	return slices.DeleteFunc(requests, func(r string) bool { return !strings.HasPrefix(r, "DELETE ") })
}

// TestPruneRegistryRequests: what is asked is little, and children go before parents.
func TestPruneRegistryRequests(t *testing.T) {
	server := registrytest.Start(t, registrytest.Config{})
	proxy := registrytest.NewProxy(t, server)
	config, folder := pruneFleet(t, server, proxy.Addr)
	if code, out, errs := runSlipway(t, "-c", config, "prune", "--registry", "--keep=4", folder); code != 0 || !strings.Contains(out, "Nothing to prune") {
		t.Fatalf("code %d\n%s%s", code, out, errs)
	}
	asked := proxy.Requests()
	lists := slices.DeleteFunc(slices.Clone(asked), func(r string) bool { return !strings.Contains(r, "/tags/list") })
	if len(lists) != 3 || len(asked) > 5 { // and the ping
		t.Errorf("nothing is old, and that took %d requests: %q", len(asked), asked)
	}
	if code, out, errs := runSlipway(t, "-c", config, "prune", "--registry", "--keep=1", folder); code != 0 || !strings.Contains(out, "removed 6, kept 9") {
		t.Fatalf("code %d\n%s%s", code, out, errs)
	}
	asked = proxy.Requests()
	// Three lists, fifteen tags, and for each of six removals itself, its digest and its tag.
	if len(asked) > 3+15+6*3+2 {
		t.Errorf("%d requests: %q", len(asked), asked)
	}
	var order []string
	for _, r := range deletes(asked) {
		order = append(order, strings.Split(r, "/")[2])
	}
	if got := strings.Join(order, " "); got != "app app lib lib base base" {
		t.Errorf("deleted in the order %s", got)
	}
}

// TestPruneRegistryFaults: what cannot be asked deletes nothing; what refuses is said once, with a
// hint; what is only sometimes refused does not hold up the rest.
func TestPruneRegistryFaults(t *testing.T) {
	server := registrytest.Start(t, registrytest.Config{})
	denied := `{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}`
	for _, tt := range []struct {
		name    string
		fault   registrytest.Fault
		removed int // of six
		deletes int // requests; -1: any number
		stderr  []string
	}{
		{"a list fails", registrytest.Fault{Method: "GET", Path: "/lib/tags/list", Status: 404, Body: "x"}, 4, 4, nil}, // as not published
		{"a list is refused", registrytest.Fault{Method: "GET", Path: "/lib/tags/list", Status: 403}, 0, 0,
			[]string{"cannot prune the registry, nothing was removed: cannot list tags of", "access refused (403)"}},
		{"a digest is not told", registrytest.Fault{Method: "HEAD", Path: "/base/manifests/latest", Status: 418}, 0, 0,
			[]string{"nothing was removed: cannot check", "/base:latest"}},
		{"the digest is nonsense", registrytest.Fault{Method: "HEAD", Path: "/base/manifests/1.2", Header: map[string]string{"Docker-Content-Digest": "x"}}, 0, 0,
			[]string{"nothing was removed: cannot check", "differs from its digest"}},
		{"deleting is not supported", registrytest.Fault{Method: "DELETE", Status: 405}, 0, 1,
			[]string{"/app:1.0 (the others were not tried): registry", "not supported (405)", "hint: allow deleting in the registry's configuration; docker-registry: REGISTRY_STORAGE_DELETE_ENABLED=true"}},
		{"deleting is a bad request", registrytest.Fault{Method: "DELETE", Status: 400}, 0, 3,
			[]string{"/app:1.0 and 2 more (the others were not tried): registry", "(400)", "hint: this registry may allow deleting only in its own way"}},
		{"the user may not delete", registrytest.Fault{Method: "DELETE", Status: 403, Body: denied}, 0, 3,
			[]string{"/app:1.0 and 2 more (the others were not tried): registry", "access refused (403)", "hint: the user needs the right to delete"}},
		{"the user may not delete there", registrytest.Fault{Method: "DELETE", Path: "/lib/", Status: 403, Body: denied}, 4, 5,
			[]string{"cannot remove ", "/lib:1.0: registry", "access refused (403)"}},
		{"one version is immutable", registrytest.Fault{Method: "DELETE", Path: "/app/", Status: 412, Times: 1}, 5, 6,
			[]string{"cannot remove ", "/app:1.0: registry", "(412)"}},
		{"somebody else was faster", registrytest.Fault{Method: "DELETE", Path: "/app/", Status: 404, Times: 1}, 5, 6,
			[]string{"/app:1.0: the registry says that it is deleted, but still has it"}},
		{"it says so only", registrytest.Fault{Method: "DELETE", Path: "/app/", Status: 202, Times: 1}, 5, 6,
			[]string{"/app:1.0: the registry says that it is deleted, but still has it"}},
		{"it fails once", registrytest.Fault{Method: "DELETE", Status: 500, Times: 1}, 6, 7, nil},
		{"it is too much, once", registrytest.Fault{Method: "DELETE", Status: 429, Times: 1, Header: map[string]string{"Retry-After": "1"}}, 6, 7, nil},
		{"it is gone in the middle", registrytest.Fault{Method: "DELETE", Path: "/lib/", CutRequest: -1}, 2, -1,
			[]string{"/lib:1.0 (the others were not tried): registry", "cannot be reached"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			proxy := registrytest.NewProxy(t, server)
			config, folder := pruneFleet(t, server, proxy.Addr)
			proxy.Inject(tt.fault)
			code, out, errs := runSlipway(t, "-c", config, "prune", "--registry", "--keep=1", folder)
			if (code != 0) != (tt.stderr != nil) {
				t.Errorf("code %d\n%s%s", code, out, errs)
			}
			for _, want := range tt.stderr {
				if !strings.Contains(errs, want) {
					t.Errorf("stderr lacks %q:\n%s", want, errs)
				}
			}
			if n := strings.Count(errs, "error: "); n != min(1, len(tt.stderr)) {
				t.Errorf("%d errors:\n%s", n, errs)
			}
			if n := strings.Count(out, "* Removed "); n != tt.removed {
				t.Errorf("%d removed, not %d:\n%s", n, tt.removed, out)
			}
			if n := len(deletes(proxy.Requests())); tt.deletes >= 0 && n != tt.deletes {
				t.Errorf("%d deletions asked for, not %d", n, tt.deletes)
			}

			proxy.Heal() // the next run finishes it
			if code, out, errs = runSlipway(t, "-c", config, "prune", "--registry", "--keep=1", folder); code != 0 {
				t.Errorf("the next run: code %d\n%s%s", code, out, errs)
			}
			mustKeep(t, server)
		})
	}
}

// mustKeep looks for what is left after all has been pruned to one version.
func mustKeep(t *testing.T, server *registrytest.Server) {
	t.Helper()
	client, err := registry.New(registry.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"app", "lib", "base"} {
		tags, err := client.Tags(t.Context(), server.Addr+"/"+name)
		if err != nil || strings.Join(tags, " ") != "1.2 1.3 latest" {
			t.Errorf("%s has %q, %v", name, tags, err)
		}
	}
}

// TestPruneRegistryUnreachable: a registry that is not there is no empty one.
func TestPruneRegistryUnreachable(t *testing.T) {
	config, folder := pruneFleet(t, nil, "127.0.0.1:1")
	code, out, errs := runSlipway(t, "-c", config, "prune", "--registry", folder)
	if code != 1 || strings.Contains(out, "Nothing to prune") || !strings.Contains(errs, "nothing was removed: cannot list tags of") || !strings.Contains(errs, "cannot be reached") {
		t.Errorf("code %d\n%s%s", code, out, errs)
	}
}

// TestPruneRegistryForgets: what the state knows of deleted tags would be taken for true.
func TestPruneRegistryForgets(t *testing.T) {
	server := registrytest.Start(t, registrytest.Config{})
	config, folder := pruneFleet(t, server, server.Addr)
	dir := t.TempDir()
	known := func(change func(*state.DB) error) (answers, published int) {
		t.Helper()
		db, err := state.Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := change(db); err != nil {
			t.Fatal(err)
		}
		remote, err := db.Remote(t.Context(), []string{server.Addr + "/app:1.0", server.Addr + "/app:1.3"})
		if err != nil {
			t.Fatal(err)
		}
		all, err := db.Published(t.Context(), []string{server.Addr + "/app:1.0", server.Addr + "/app:1.3"})
		if err != nil {
			t.Fatal(err)
		}
		return len(remote), len(all)
	}
	answers, published := known(func(db *state.DB) error {
		fresh := state.Remote{Digest: "sha256:ab", At: time.Now()}
		if err := db.SaveRemote(t.Context(), map[string]state.Remote{server.Addr + "/app:1.0": fresh, server.Addr + "/app:1.3": fresh}); err != nil {
			return err
		}
		return db.SetPublished(t.Context(), map[string]digests.Manifest{server.Addr + "/app:1.0": "sha256:ab", server.Addr + "/app:1.3": "sha256:ab"})
	})
	if answers != 2 || published != 2 {
		t.Fatalf("the state knows %d answers, %d published", answers, published)
	}
	if code, out, errs := runSlipway(t, "-c", config, "-s", dir, "prune", "--registry", "--keep=1", folder); code != 0 {
		t.Fatalf("code %d\n%s%s", code, out, errs)
	}
	if answers, published = known(func(*state.DB) error { return nil }); answers != 1 || published != 1 {
		t.Errorf("the state knows %d answers, %d published", answers, published)
	}
}

// TestPruneRegistryInterrupted: what was finished is said, and the next run does the rest.
func TestPruneRegistryInterrupted(t *testing.T) {
	server := registrytest.Start(t, registrytest.Config{})
	proxy := registrytest.NewProxy(t, server)
	config, folder := pruneFleet(t, server, proxy.Addr)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	proxy.Inject(registrytest.Fault{Method: "DELETE", Path: "/lib/", Before: cancel, Status: 500})
	code, out, errs := runSlipwayUntil(t, ctx, "-c", config, "prune", "--registry", "--keep=1", folder)
	if code != cli.ExitInterrupted || !strings.Contains(out, "removed 2 of 6, kept 9; the next run") || errs != "slipway: interrupted\n" {
		t.Errorf("code %d\n%s%s", code, out, errs)
	}
	proxy.Heal()
	if code, out, errs = runSlipway(t, "-c", config, "prune", "--registry", "--keep=1", folder); code != 0 || !strings.Contains(out, "removed 4, kept 9") {
		t.Errorf("code %d\n%s%s", code, out, errs)
	}
	mustKeep(t, server)
}

// TestPruneRegistryJSON: the document is one, also when something fails.
func TestPruneRegistryJSON(t *testing.T) {
	server := registrytest.Start(t, registrytest.Config{})
	proxy := registrytest.NewProxy(t, server)
	config, folder := pruneFleet(t, server, proxy.Addr)
	proxy.Inject(registrytest.Fault{Method: "DELETE", Path: "/lib/", Status: 403})
	code, out, errs := runSlipway(t, "-c", config, "prune", "--registry", "--keep=1", "--json", folder)
	var doc struct {
		Registry string `json:"registry"`
		Keep     int    `json:"keep"`
		DryRun   *bool  `json:"dry_run"`
		Images   []struct {
			Name   string `json:"name"`
			Remove []struct {
				Tags    []string          `json:"tags"`
				Digest  string            `json:"digest"`
				Reason  map[string]string `json:"reason"`
				Removed bool              `json:"removed"`
			} `json:"remove"`
			Keep []struct {
				Tag    string            `json:"tag"`
				Reason map[string]string `json:"reason"`
			} `json:"keep"`
		} `json:"images"`
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil || code != 1 || !strings.Contains(errs, "access refused") {
		t.Fatalf("code %d, %v\n%s%s", code, err, out, errs)
	}
	if doc.Registry != proxy.Addr || doc.Keep != 1 || doc.DryRun == nil || *doc.DryRun || len(doc.Images) != 3 {
		t.Errorf("got %s", out)
	}
	for _, img := range doc.Images {
		if len(img.Remove) != 2 || len(img.Keep) != 3 || img.Keep[0].Tag != "1.2" || img.Keep[0].Reason["kind"] != "same" {
			t.Fatalf("got %s", out)
		}
		r := img.Remove[0]
		if r.Removed != (img.Name != "lib") || r.Tags[0] != "1.0" || r.Reason["kind"] != "old" || !strings.HasPrefix(r.Digest, "sha256:") {
			t.Errorf("%s: got %+v", img.Name, r)
		}
	}
}
