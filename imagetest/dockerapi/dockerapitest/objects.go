package dockerapitest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
	api "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

func testImages(t *testing.T, s *session) {
	ctx := t.Context()
	list, err := s.ImageList(ctx, client.ImageListOptions{Filters: client.Filters{}.Add("reference", "registry.example/test/*")})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 1 {
		t.Fatalf("images: %+v", list.Items)
	}
	equal(t, list.Items[0].RepoTags, []string{Ref})
	for _, name := range []string{Ref, list.Items[0].ID, strings.TrimPrefix(list.Items[0].ID, "sha256:")[:12]} {
		img, err := s.ImageInspect(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, []any{img.RepoTags[0], img.Config.Labels["team"], img.Config.WorkingDir}, []any{Ref, "test", "/srv"})
	}
	if _, err := s.ImageInspect(ctx, "registry.example/none:1"); !errdefs.IsNotFound(err) {
		t.Errorf("inspect of a missing image: %v", err)
	}
	_, err = s.ContainerCreate(ctx, client.ContainerCreateOptions{Config: &api.Config{Image: "none"}})
	if !errdefs.IsNotFound(err) || !strings.Contains(err.Error(), "No such image: none") {
		t.Errorf("container of a missing image: %v", err)
	}
	pull, err := s.ImagePull(ctx, Ref, client.ImagePullOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := pull.Wait(ctx); err != nil {
		t.Error(err)
	}
	if _, err := s.ImagePull(ctx, "registry.example/none:1", client.ImagePullOptions{}); !errdefs.IsNotFound(err) {
		t.Errorf("pull of a missing image: %v", err)
	}
}

func testNames(t *testing.T, s *session) {
	ctx := t.Context()
	first := s.create(client.ContainerCreateOptions{Name: "first"})
	unnamed := s.create(client.ContainerCreateOptions{})
	if _, err := s.ContainerCreate(ctx, client.ContainerCreateOptions{Name: "first", Config: &api.Config{Image: Ref}}); !errdefs.IsConflict(err) {
		t.Errorf("second container of a name: %v", err)
	}
	if _, err := s.ContainerRename(ctx, first[:8], client.ContainerRenameOptions{NewName: "renamed"}); err != nil {
		t.Fatal(err)
	}
	for ref, id := range map[string]string{"renamed": first, "/renamed": first, unnamed[:10]: unnamed} {
		list, err := s.ContainerInspect(ctx, strings.TrimPrefix(ref, "/"), client.ContainerInspectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, list.Container.ID, id)
	}
	list, err := s.ContainerList(ctx, client.ContainerListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, len(list.Items), 0)
	for filter, want := range map[string]int{"name=^/renamed$": 1, "status=created": 2, "ancestor=" + Ref: 2, "label=team=test": 2, "label=team=x": 0, "id=" + first: 1} {
		key, value, _ := strings.Cut(filter, "=")
		list, err := s.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: client.Filters{}.Add(key, value)})
		if err != nil {
			t.Fatal(err)
		}
		if len(list.Items) != want {
			t.Errorf("filter %s: %d containers, want %d", filter, len(list.Items), want)
		}
	}
	running := s.detached("busy", "sleep 60")
	if _, err := s.ContainerRemove(ctx, running, client.ContainerRemoveOptions{}); !errdefs.IsConflict(err) {
		t.Errorf("removal of a running container: %v", err)
	}
	for _, id := range []string{running, first, unnamed} {
		if _, err := s.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true}); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.ContainerRemove(ctx, first, client.ContainerRemoveOptions{}); !errdefs.IsNotFound(err) {
		t.Errorf("second removal: %v", err)
	}
}

func testLeftOut(t *testing.T, s *session) {
	ctx := t.Context()
	for what, do := range map[string]func() error{
		"networks": func() error { _, err := s.NetworkList(ctx, client.NetworkListOptions{}); return err },
		"privileged": func() error {
			_, err := s.ContainerCreate(ctx, client.ContainerCreateOptions{Config: &api.Config{Image: Ref}, HostConfig: &api.HostConfig{Privileged: true}})
			return err
		},
		"pause": func() error { _, err := s.ContainerPause(ctx, "any", client.ContainerPauseOptions{}); return err },
	} {
		if err := do(); err == nil || !strings.Contains(err.Error(), "Slipway's containers do not have this") || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	made, err := s.ContainerCreate(ctx, client.ContainerCreateOptions{Config: &api.Config{Image: Ref},
		HostConfig: &api.HostConfig{RestartPolicy: api.RestartPolicy{Name: api.RestartPolicyAlways}}})
	if err != nil || len(made.Warnings) != 1 {
		t.Errorf("restart policy: %v, %v", made.Warnings, err)
	}
	if _, err := s.ContainerCreate(ctx, client.ContainerCreateOptions{Config: &api.Config{Image: Ref},
		HostConfig: &api.HostConfig{Binds: []string{"+named:/data"}}}); !errdefs.IsInvalidArgument(err) {
		t.Errorf("volume of no valid name: %v", err)
	}
}

// testEnd shows that nothing outlives the server and that all streams end.
func testEnd(t *testing.T, s *session) {
	ctx := t.Context()
	id := s.detached("", "while :; do sleep 0.1; done")
	s.create(client.ContainerCreateOptions{})
	found, err := s.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := s.ContainerAttach(ctx, id, client.ContainerAttachOptions{Stream: true, Stdout: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	kept, err := s.VolumeCreate(ctx, client.VolumeCreateOptions{Name: "kept"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(kept.Volume.Mountpoint); err != nil {
		t.Fatal(err)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(kept.Volume.Mountpoint)); !os.IsNotExist(err) {
		t.Errorf("volumes outlive the server: %v", err)
	}
	equal(t, s.split(conn.Reader), result{})
	if alive(found.Container.State.Pid) {
		t.Error("the container's process outlives the server")
	}
	if _, err := s.ContainerList(ctx, client.ContainerListOptions{}); err == nil {
		t.Error("the server still answers")
	}
}
