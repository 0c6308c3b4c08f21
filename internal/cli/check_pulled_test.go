package cli_test

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	ggcr "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/slipway-build/slipway/internal/enginetest"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// TestCheckPulled: an image that others made is found whole: its layers remove what is there, what is not, and
// what no layer can be below.
func TestCheckPulled(t *testing.T) {
	enginetest.Need(t)
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	server := registrytest.Start(t, registrytest.Config{})
	layers := [][]tar.Header{
		{{Name: "bin/"}, {Name: "bin/busybox", Mode: 0o755}, {Name: "etc/"}, {Name: "etc/a"}, {Name: "etc/link", Linkname: "etc/a", Typeflag: tar.TypeLink},
			{Name: "lib", Linkname: "etc", Typeflag: tar.TypeSymlink}, {Name: ".wh.never"}, {Name: "etc/.wh..wh..opq"}},
		{{Name: ".wh.never"}, {Name: "etc/.wh.a"}, {Name: "etc/"}, {Name: "etc/b"}, {Name: "lib/c"}},
		{{Name: "etc/"}, {Name: "etc/.wh..wh..opq"}, {Name: "etc/a"}},
	}
	img := empty.Image
	for _, headers := range layers {
		if img, err = mutate.AppendLayers(img, layerOf(t, headers, busybox)); err != nil {
			t.Fatal(err)
		}
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.Architecture, config.OS = "amd64", "linux"
	if img, err = mutate.ConfigFile(img, config); err != nil {
		t.Fatal(err)
	}
	ref, err := name.ParseReference(server.Addr+"/os:1", name.Insecure)
	if err == nil {
		err = remote.Write(ref, img)
	}
	if err != nil {
		t.Fatal(err)
	}
	c := &chain{t: t, dir: t.TempDir(), names: []string{"app"}}
	c.configure("registry: %s\nnamespace: n\n", server.Addr)
	c.write("app", "Dockerfile.template", "FROM "+ref.Name()+"\nRUN [\"/bin/busybox\", \"sh\", \"-c\", \"echo x > /x\"]\n")
	c.write("app", "changelog", changelogOf("app", 1))
	for _, args := range [][]string{{"build", "--local", "fleet"}, {"check", "--read"}} {
		if r := c.run(args...); r.code != 0 {
			t.Errorf("%s", r)
		}
	}
}

// layerOf has a file for each header; of those that say no mode it is that of folders.
func layerOf(t *testing.T, headers []tar.Header, busybox []byte) ggcr.Layer {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, h := range headers {
		data := []byte(nil)
		switch {
		case path.Base(h.Name) == "busybox":
			data = busybox
		case h.Mode == 0:
			h.Mode = 0o755
		}
		h.Size = int64(len(data))
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(out.Bytes())), nil })
	if err != nil {
		t.Fatal(err)
	}
	return layer
}
