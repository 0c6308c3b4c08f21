package dockerapi

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strings"
	"time"

	imagespec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/moby/moby/api/types/common"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/slipway-build/slipway/engine/container"
)

// commit is an image that a test made of a container. It ends with the server.
type commit struct {
	image   container.Image
	release func() error
}

// commitContainer makes an image of a container (docker commit).
func (s *daemon) commitContainer(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	c, err := s.find(q.Get("container"))
	if err != nil {
		return err
	}
	if q.Get("changes") != "" {
		return notDone("changes of the configuration in docker commit (--change)")
	}
	committer, ok := c.runtime.(container.Committer)
	if !ok {
		return notDone("making images of containers")
	}
	var named string
	if q.Get("repo") != "" {
		if named, err = fullName(q.Get("repo"), q.Get("tag")); err != nil {
			return err
		}
	}
	ctx := context.WithoutCancel(r.Context())
	image, release, err := committer.Commit(ctx, "commit/"+newID(), c.asImage(q.Get("author"), q.Get("comment")))
	if err != nil {
		return err
	}
	s.mu.Lock()
	closing := s.closing
	if !closing {
		s.commits[image.Name] = commit{image, release}
		if named != "" {
			s.tags[named] = image.Name
		}
	}
	s.mu.Unlock()
	if closing {
		return errors.Join(failf(http.StatusServiceUnavailable, "the test is over: no more images"), release())
	}
	writeJSON(w, http.StatusCreated, common.IDResponse{ID: image.Digest})
	return nil
}

// asImage is the configuration of an image of the container.
func (c *instance) asImage(author, comment string) imagespec.DockerOCIImage {
	out, now := c.image.Config, time.Now().UTC()
	out.Created, out.Author = &now, author
	config := &out.Config
	config.User, config.Env, config.Cmd, config.Entrypoint = c.config.User, c.config.Env, c.config.Cmd, c.config.Entrypoint
	config.WorkingDir, config.StopSignal, config.Healthcheck = c.config.WorkingDir, c.config.StopSignal, c.config.Healthcheck
	config.Volumes, config.Labels, config.Shell = maps.Clone(c.config.Volumes), maps.Clone(c.config.Labels), c.config.Shell
	config.ExposedPorts = map[string]struct{}{}
	for port := range c.config.ExposedPorts {
		config.ExposedPorts[port.String()] = struct{}{}
	}
	history := ocispecs.History{Created: &now, Author: author, Comment: comment, CreatedBy: strings.Join(c.spec.Process.Args, " ")}
	out.History = append(out.History[:len(out.History):len(out.History)], history)
	return out
}

// made is an image that the test made, by its digest or the beginning of it.
func (s *daemon) made(short string) (container.Image, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.commits {
		if matchDigest(short, c.image.Digest) {
			return c.image, true
		}
	}
	return container.Image{}, false
}

// endCommits frees the images that the test made. The caller holds s.mu.
func (s *daemon) endCommits() error {
	var errs []error
	for name, c := range s.commits {
		errs = append(errs, c.release())
		delete(s.commits, name)
	}
	return errors.Join(errs...)
}
