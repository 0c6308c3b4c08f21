package registry_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containerd/containerd/v2/core/remotes/docker"

	"github.com/slipway-build/slipway/network"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// TestClientCertificate: a registry that wants a certificate, asked by this client and by containerd's resolver.
func TestClientCertificate(t *testing.T) {
	t.Parallel()
	clients := registrytest.NewCA(t)
	srv := registrytest.Start(t, registrytest.Config{TLS: true, Clients: clients})
	folder := t.TempDir()
	through := func() *registry.Client {
		n, err := network.New(network.Options{CABundle: srv.CA, Folders: []string{folder}})
		must(t, err)
		return client(t, registry.Options{Network: n})
	}
	resolve := func(c *registry.Client) error {
		_, _, err := docker.NewResolver(docker.ResolverOptions{Hosts: c.Hosts}).Resolve(context.WithoutCancel(t.Context()), srv.Addr+"/a/b:1")
		return err
	}
	refused := through()
	_, err := refused.Tags(t.Context(), srv.Addr+"/a/b")
	if !errors.Is(err, registry.ErrUnreachable) || registry.Transient(err) || !strings.Contains(err.Error(), filepath.Join(folder, srv.Addr, "client.cert")) {
		t.Errorf("without a certificate: %v", err)
	}
	if err := resolve(refused); err == nil {
		t.Error("containerd needs no certificate")
	}

	cert, key := clients.Files(t, "somebody")
	must(t, os.Mkdir(filepath.Join(folder, srv.Addr), 0o755))
	must(t, os.Rename(cert, filepath.Join(folder, srv.Addr, "client.cert")))
	_, err = through().Tags(t.Context(), srv.Addr+"/a/b")
	if !errors.Is(err, registry.ErrUnreachable) || registry.Transient(err) || !strings.Contains(err.Error(), "its key client.key is missing") {
		t.Errorf("without the key: %v", err)
	}
	must(t, os.Rename(key, filepath.Join(folder, srv.Addr, "client.key")))
	c := through()
	from := registrytest.NewBlobs()
	_, err = c.Push(t.Context(), from.Image(t, 1, 10), from, registry.PushOptions{}, srv.Addr+"/a/b:1")
	must(t, err)
	must(t, resolve(c))
}
