package dockerapitest

import (
	"testing"
	"time"

	"github.com/containerd/errdefs"
	api "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// testHealth follows a check through what a container's start, its commands and its end make of it.
func testHealth(t *testing.T, s *session) {
	ctx := t.Context()
	config := shell("while :; do sleep 0.1; done")
	config.Healthcheck = &api.HealthConfig{Test: []string{"CMD", "sh", "-c", "echo $GREETING; test ! -e ill"}, Interval: 50 * time.Millisecond, Retries: 1}
	id := s.create(client.ContainerCreateOptions{Config: config})
	state := func() *api.Health {
		found, err := s.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return found.Container.State.Health
	}
	if state() != nil {
		t.Error("a container that never ran has a health")
	}
	s.start(id)
	s.eventually("healthy", func() bool { return state().Status == api.Healthy })
	equal(t, state().Log[0].Output, "hello\n")
	s.exec(id, client.ExecCreateOptions{Cmd: []string{"touch", "ill"}})
	s.eventually("unhealthy", func() bool { return state().Status == api.Unhealthy })
	list, err := s.ContainerList(ctx, client.ContainerListOptions{Filters: client.Filters{}.Add("health", "unhealthy")})
	if err != nil || len(list.Items) != 1 {
		t.Errorf("list of unhealthy containers: %v, %v", list.Items, err)
	}
	none := 0
	if _, err := s.ContainerStop(ctx, id, client.ContainerStopOptions{Timeout: &none}); err != nil {
		t.Fatal(err)
	}
	before := len(state().Log)
	time.Sleep(200 * time.Millisecond)
	equal(t, len(state().Log), before)
	config.Healthcheck.Interval = time.Microsecond
	if _, err := s.ContainerCreate(ctx, client.ContainerCreateOptions{Config: config, Image: Ref}); !errdefs.IsInvalidArgument(err) {
		t.Errorf("checks without a pause: %v", err)
	}
}

// testTags shows that a test's names of images are its own, and that those of the store stay.
func testTags(t *testing.T, s *session) {
	ctx := t.Context()
	const tag = "own/name:2"
	if _, err := s.ImageTag(ctx, client.ImageTagOptions{Source: Ref, Target: tag}); err != nil {
		t.Fatal(err)
	}
	equal(t, s.run(client.ContainerCreateOptions{Config: &api.Config{Image: tag}}, nil), result{Out: "hello, world\n"})
	found, err := s.ImageInspect(ctx, tag)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, found.RepoTags, []string{"own/name:2", Ref})
	if _, err := s.ImageRemove(ctx, tag, client.ImageRemoveOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ImageInspect(ctx, tag); !errdefs.IsNotFound(err) {
		t.Errorf("a name that was taken away: %v", err)
	}
	if _, err := s.ImageRemove(ctx, Ref, client.ImageRemoveOptions{Force: true}); !errdefs.IsNotImplemented(err) {
		t.Errorf("removal of the store's image: %v", err)
	}
	if _, err := s.ImageInspect(ctx, Ref); err != nil {
		t.Error(err)
	}
}
