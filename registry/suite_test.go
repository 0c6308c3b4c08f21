package registry_test

import (
	"bytes"
	"errors"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/logs"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/sirupsen/logrus"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// noConfig keeps the developer's own Docker configuration out of the tests.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "docker-config-")
	if err != nil {
		panic(err)
	}
	for _, v := range []string{"http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "DOCKER_AUTH_CONFIG", "REGISTRY_AUTH_FILE"} {
		os.Unsetenv(v)
	}
	for _, v := range []string{"DOCKER_CONFIG", "HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"} {
		os.Setenv(v, dir)
	}
	if os.Getenv("SLIPWAY_TEST_TRACE") != "" { // all that the libraries have to say
		logrus.SetLevel(logrus.TraceLevel)
		for _, l := range []*log.Logger{logs.Debug, logs.Progress, logs.Warn} {
			l.SetOutput(os.Stderr)
		}
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// quick makes tests of faults fast.
var quick = registry.Retry{Attempts: 4, First: 5 * time.Millisecond, Longest: 20 * time.Millisecond, Patience: 5 * time.Second}

func client(t testing.TB, o registry.Options) *registry.Client {
	t.Helper()
	if o.Retry.Attempts == 0 {
		o.Retry = quick
	}
	c, err := registry.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// servers are the registries that the whole suite runs against.
var servers = []struct {
	name  string
	start func(t *testing.T) (*registrytest.Server, registry.Options)
}{
	{"in-memory", func(t *testing.T) (*registrytest.Server, registry.Options) {
		return registrytest.InMemory(t), registry.Options{}
	}},
	{"docker-registry", func(t *testing.T) (*registrytest.Server, registry.Options) {
		return registrytest.Start(t, registrytest.Config{}), registry.Options{}
	}},
	{"docker-registry with TLS and a password", func(t *testing.T) (*registrytest.Server, registry.Options) {
		s := registrytest.Start(t, registrytest.Config{TLS: true, User: "me", Password: "s3cret-Pa55"})
		return s, registry.Options{Registry: s.Addr, Username: "me", Password: "s3cret-Pa55", CABundle: s.CA}
	}},
	{"docker-registry with tokens", func(t *testing.T) (*registrytest.Server, registry.Options) {
		k := registrytest.StartTokens(t, "me", "s3cret-Pa55")
		s := registrytest.Start(t, registrytest.Config{Tokens: k})
		return s, registry.Options{Registry: s.Addr, Username: "me", Password: "s3cret-Pa55"}
	}},
	{"resumable", func(t *testing.T) (*registrytest.Server, registry.Options) {
		return registrytest.Resumable(t, registrytest.InMemory(t)), registry.Options{}
	}},
}

func TestSuite(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			srv, o := s.start(t)
			c := client(t, o)
			t.Run("push and pull", func(t *testing.T) { testPushPull(t, srv, c) })
			t.Run("sends only what is missing", func(t *testing.T) { testOnlyMissing(t, srv, c) })
			t.Run("tags", func(t *testing.T) { testTags(t, srv, c) })
			t.Run("digests", func(t *testing.T) { testDigests(t, srv, c) })
			t.Run("look", func(t *testing.T) { testLook(t, srv, c) })
			t.Run("inspect", func(t *testing.T) { testInspect(t, srv, c) })
			t.Run("replace", func(t *testing.T) { testReplace(t, srv, c) })
			t.Run("incomplete or damaged source", func(t *testing.T) { testBadSource(t, srv, c) })
		})
	}
}

func testPushPull(t *testing.T, srv *registrytest.Server, c *registry.Client) {
	ctx, from := t.Context(), registrytest.NewBlobs()
	image := from.Index(t, 1, 100, 600<<10, 0)
	ref := srv.Addr + "/fleet/both:1.0"
	var last registry.Progress
	done, err := c.Push(ctx, image, from, registry.PushOptions{Progress: func(p registry.Progress) { last = p }}, ref, srv.Addr+"/fleet/both:latest")
	must(t, err)
	if want := []string{ref, srv.Addr + "/fleet/both:latest"}; !slices.Equal(done.Moved, want) {
		t.Errorf("moved %q instead of %q", done.Moved, want)
	}
	if last.Done != last.Total || last.Total < 1200<<10 {
		t.Errorf("the progress ended with %+v", last)
	}
	done, err = c.Push(ctx, image, from, registry.PushOptions{}, ref)
	must(t, err)
	if len(done.Moved) != 0 || done.Sent != 0 {
		t.Errorf("a push of the same digest did something: %+v", done)
	}

	all := registrytest.NewBlobs()
	got, err := c.Pull(ctx, ref, registry.PullOptions{}, all)
	must(t, err)
	if got.Digest != image.Digest || all.Len() != from.Len() {
		t.Errorf("pulled %s with %d blobs instead of %s with %d", got.Digest, all.Len(), image.Digest, from.Len())
	}
	one := registrytest.NewBlobs()
	got, err = c.Pull(ctx, ref, registry.PullOptions{Platform: "linux/arm64"}, one)
	must(t, err)
	// index, manifest, configuration, three layers
	if got.Digest != image.Digest || one.Len() != 6 {
		t.Errorf("pulled %s with %d blobs for one platform", got.Digest, one.Len())
	}
	if _, err := c.Pull(ctx, ref, registry.PullOptions{Platform: "linux/riscv64"}, one); !errors.Is(err, registry.ErrNotFound) || !strings.Contains(err.Error(), "linux/arm64") {
		t.Errorf("a platform that is not there: %v", err)
	}
	if _, err := c.Pull(ctx, srv.Addr+"/fleet/both:2.0", registry.PullOptions{}, one); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("a tag that is not there: %v", err)
	}
	small := registrytest.NewBlobs()
	if _, err := c.Pull(ctx, ref, registry.PullOptions{MaxSize: 100 << 10}, small); err == nil || small.Len() != 0 {
		t.Errorf("an image that is too large: %v, %d blobs fetched", err, small.Len())
	}
}

func testOnlyMissing(t *testing.T, srv *registrytest.Server, c *registry.Client) {
	ctx, from := t.Context(), registrytest.NewBlobs()
	parent := from.Image(t, 20, 300<<10, 10)
	_, err := c.Push(ctx, parent, from, registry.PushOptions{}, srv.Addr+"/fleet/parent:1")
	must(t, err)

	o := registry.PushOptions{Siblings: []string{srv.Addr + "/fleet/parent", srv.Addr + "/fleet/none"}}
	done, err := c.Push(ctx, parent, from, o, srv.Addr+"/fleet/child:1")
	must(t, err)
	if strings.Contains(t.Name(), "docker-registry") && (done.Mounted != 3 || done.Sent != 0) {
		t.Errorf("the child's push mounted %d and sent %d", done.Mounted, done.Sent)
	}
	done, err = c.Push(ctx, parent, from, registry.PushOptions{}, srv.Addr+"/fleet/child:2")
	must(t, err)
	if len(done.Moved) != 1 || done.Sent+done.Mounted+done.Present != 0 {
		t.Errorf("a new tag for what is there: %+v", done)
	}
}

func testTags(t *testing.T, srv *registrytest.Server, c *registry.Client) {
	ctx, from := t.Context(), registrytest.NewBlobs()
	repo := srv.Addr + "/fleet/tags"
	one, two := from.Image(t, 30, 10), from.Image(t, 31, 10)
	for tag, image := range map[string]ocispecs.Descriptor{"1": one, "2": two} {
		_, err := c.Push(ctx, image, from, registry.PushOptions{}, repo+":"+tag)
		must(t, err)
	}
	must(t, c.Tag(ctx, repo+":1", repo+":latest"))
	must(t, c.Tag(ctx, repo+":2", repo+":latest"))
	must(t, c.Tag(ctx, repo+"@"+two.Digest.String(), repo+":latest"))
	tags, err := c.Tags(ctx, repo)
	must(t, err)
	if !slices.Equal(tags, []string{"1", "2", "latest"}) {
		t.Errorf("tags are %q", tags)
	}
	if _, err := c.Tags(ctx, repo+"-none"); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("tags of a repository that is not there: %v", err)
	}
	if err := c.Tag(ctx, repo+":1", srv.Addr+"/fleet/other:1"); err == nil {
		t.Error("a tag in another repository was made")
	}
	if err := c.Tag(ctx, repo+":9", repo+":8"); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("a tag of nothing: %v", err)
	}

	real := strings.Contains(t.Name(), "docker-registry")
	// docker-registry deletes manifests, never tags: what latest has, too, is kept.
	if err := c.Delete(ctx, repo+":2"); real && (!errors.Is(err, registry.ErrUnsupported) || !strings.Contains(err.Error(), "the tag latest has the same image")) {
		t.Errorf("deleting one of two tags: %v", err)
	}
	must(t, c.Delete(ctx, repo+":1"))
	got, err := c.Digests(ctx, []string{repo + ":1", repo + ":latest"})
	must(t, err)
	if len(got) != 1 || got[repo+":latest"] != digests.Manifest(two.Digest) {
		t.Errorf("after deleting 1 there is %v", got)
	}
	if err := c.Delete(ctx, repo+":1"); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("deleting what is not there: %v", err)
	}
}

func testDigests(t *testing.T, srv *registrytest.Server, c *registry.Client) {
	ctx, from := t.Context(), registrytest.NewBlobs()
	want := map[string]string{}
	var refs []string
	for i := range 12 {
		repo := srv.Addr + "/fleet/many"
		if i >= 9 {
			repo += string(rune('a' + i))
		}
		image := from.Image(t, uint64(100+i), 10)
		ref := repo + ":" + string(rune('a'+i))
		_, err := c.Push(ctx, image, from, registry.PushOptions{}, ref)
		must(t, err)
		want[ref] = image.Digest.String()
		refs = append(refs, ref, repo+":none"+string(rune('a'+i)), srv.Addr+"/fleet/nothing"+string(rune('a'+i))+":1")
		refs = append(refs, repo+"@"+image.Digest.String())
		want[repo+"@"+image.Digest.String()] = image.Digest.String()
	}
	refs = append(refs, srv.Addr+"/fleet/many@"+digest.FromString("nothing").String())
	got, err := c.Digests(ctx, refs)
	must(t, err)
	if len(got) != len(want) {
		t.Errorf("found %d of %d: %v", len(got), len(want), got)
	}
	for ref, d := range want {
		if got[ref] != digests.Manifest(d) {
			t.Errorf("%s is %q instead of %q", ref, got[ref], d)
		}
	}
	if got, err := c.Digests(ctx, nil); err != nil || len(got) != 0 {
		t.Errorf("nothing asked: %v %v", got, err)
	}
	if _, err := c.Digests(ctx, []string{"UPPER/case:1"}); err == nil {
		t.Error("a name that is none was asked for")
	}
}

func testInspect(t *testing.T, srv *registrytest.Server, c *registry.Client) {
	ctx, from := t.Context(), registrytest.NewBlobs()
	image := from.Index(t, 40, 10)
	ref := srv.Addr + "/fleet/inspected:1"
	_, err := c.Push(ctx, image, from, registry.PushOptions{}, ref)
	must(t, err)
	if err := c.Delete(ctx, "a b"); err == nil || !strings.Contains(err.Error(), ` a b: cannot read image name "a b": `) {
		t.Errorf("a name that is none: %v", err)
	}
	got, err := c.Inspect(ctx, ref)
	must(t, err)
	if got.Root.Digest != image.Digest || !bytes.Equal(got.Raw, from.Get(image.Digest)) || len(got.Others) != 2 {
		t.Errorf("root %s, %d others", got.Root.Digest, len(got.Others))
	}
	var is []string
	for _, i := range got.Images {
		is = append(is, i.Platform)
		if len(i.Manifest.Layers) != 1 || i.Config.Created == nil {
			t.Errorf("%s lacks layers or a date", i.Platform)
		}
	}
	if !slices.Equal(is, []string{"linux/amd64", "linux/arm64"}) {
		t.Errorf("platforms %q", is)
	}
}

func testReplace(t *testing.T, srv *registrytest.Server, c *registry.Client) {
	ctx, from := t.Context(), registrytest.NewBlobs()
	ref := srv.Addr + "/fleet/replaced:1"
	old, fresh, third := from.Image(t, 50, 10), from.Image(t, 51, 10), from.Image(t, 52, 10)
	_, err := c.Push(ctx, old, from, registry.PushOptions{}, ref)
	must(t, err)
	no := errors.New("it has other content")
	_, err = c.Push(ctx, fresh, from, registry.PushOptions{Replace: func(r, d string) error {
		if r != ref || d != old.Digest.String() {
			t.Errorf("asked for %s %s", r, d)
		}
		return no
	}}, ref)
	if !errors.Is(err, no) {
		t.Errorf("a refused replacement: %v", err)
	}
	is(t, c, ref, old.Digest)

	// Somebody else moves the tag while the image is under way.
	asked := 0
	_, err = c.Push(ctx, fresh, from, registry.PushOptions{Replace: func(_, d string) error {
		if asked++; asked == 1 {
			_, err := c.Push(ctx, third, from, registry.PushOptions{}, ref)
			return err
		}
		return no
	}}, ref)
	if !errors.Is(err, no) || asked != 2 {
		t.Errorf("a tag that was moved meanwhile: %v, asked %d times", err, asked)
	}
	is(t, c, ref, third.Digest)
}

// is checks what a tag names.
func is(t *testing.T, c *registry.Client, ref string, want digest.Digest) {
	t.Helper()
	got, err := c.Digests(t.Context(), []string{ref})
	must(t, err)
	if got[ref] != digests.Manifest(want.String()) {
		t.Errorf("%s is %q instead of %q", ref, got[ref], want)
	}
}

func testBadSource(t *testing.T, srv *registrytest.Server, c *registry.Client) {
	ctx := t.Context()
	for name, spoil := range map[string]func(b *registrytest.Blobs, layer digest.Digest){
		"damaged": func(b *registrytest.Blobs, l digest.Digest) { b.Spoil(l) },
		"lost":    func(b *registrytest.Blobs, l digest.Digest) { b.Remove(l) },
	} {
		for _, size := range []int{100, 700 << 10} {
			from := registrytest.NewBlobs()
			image := from.Image(t, uint64(60+size), size)
			layer := digest.FromBytes(registrytest.Noise(uint64(60+size)*1000, size))
			spoil(from, layer)
			ref := srv.Addr + "/fleet/" + name + ":1"
			_, err := c.Push(ctx, image, from, registry.PushOptions{}, ref)
			if err == nil || !strings.Contains(err.Error(), layer.String()) {
				t.Errorf("%s, %d bytes: %v", name, size, err)
			}
			// It is noticed here, and not left to the registry.
			if name == "damaged" && (!errors.Is(err, registry.ErrDigest) || !strings.Contains(err.Error(), "in the store is damaged")) {
				t.Errorf("a damaged blob is %v", err)
			}
			got, err := c.Digests(ctx, []string{ref, srv.Addr + "/fleet/" + name + "@" + image.Digest.String()})
			if err != nil || len(got) != 0 {
				t.Errorf("%s was published nevertheless: %v %v", name, got, err)
			}
		}
	}
}

// TestSkopeoReadsIt lets another program judge what was pushed.
func TestSkopeoReadsIt(t *testing.T) {
	t.Parallel()
	s := registrytest.Start(t, registrytest.Config{TLS: true, User: "me", Password: "s3cret-Pa55"})
	c := client(t, registry.Options{Registry: s.Addr, Username: "me", Password: "s3cret-Pa55", CABundle: s.CA})
	from := registrytest.NewBlobs()
	image := from.Index(t, 7, 1<<20, 50)
	ref := s.Addr + "/fleet/read:1"
	_, err := c.Push(t.Context(), image, from, registry.PushOptions{}, ref)
	must(t, err)

	dir := t.TempDir()
	ca, err := os.ReadFile(s.CA)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "ca.crt"), ca, 0o600))
	out := filepath.Join(dir, "layout")
	cmd := exec.CommandContext(t.Context(), "skopeo", "copy", "--all", "--preserve-digests", "--src-cert-dir", dir,
		"--src-creds", "me:s3cret-Pa55", "docker://"+ref, "oci:"+out+":read")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("skopeo cannot copy it: %v\n%s", err, text)
	}
	index, err := os.ReadFile(filepath.Join(out, "index.json"))
	must(t, err)
	if !strings.Contains(string(index), image.Digest.String()) {
		t.Errorf("skopeo has another image:\n%s", index)
	}
	files, err := os.ReadDir(filepath.Join(out, "blobs", "sha256"))
	must(t, err)
	if len(files) != from.Len() {
		t.Errorf("skopeo has %d blobs of %d", len(files), from.Len())
	}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(out, "blobs", "sha256", f.Name()))
		must(t, err)
		if !bytes.Equal(data, from.Get(digest.NewDigestFromEncoded(digest.SHA256, f.Name()))) {
			t.Errorf("skopeo has another %s", f.Name())
		}
	}
}
