package dockerapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/distribution/reference"
	imagespec "github.com/moby/docker-image-spec/specs-go/v1"
	api "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/image"
	"github.com/moby/moby/api/types/jsonstream"
	"github.com/moby/moby/api/types/network"
	"github.com/slipway-build/slipway/engine/container"
	"github.com/slipway-build/slipway/ref"
)

// image finds an image by name, or by its digest or the beginning of it.
func (s *daemon) image(ctx context.Context, given string) (container.Image, error) {
	img, err := s.backend.Image(ctx, s.stored(ref.Canonical(given)))
	if err == nil || !errors.Is(err, container.ErrNoImage) {
		return img, err
	}
	if made, ok := s.made(given); ok {
		return made, nil
	}
	list, err := s.backend.Images(ctx)
	if err != nil {
		return img, err
	}
	for _, candidate := range list {
		if matchDigest(given, candidate.Digest) {
			return s.backend.Image(ctx, candidate.Name)
		}
	}
	return img, notFound("No such image: %s", given)
}

// matchDigest tells whether a reference is a digest, has it after a name, or begins it.
func matchDigest(ref, known string) bool {
	_, digest, _ := strings.Cut(ref, "@")
	short := strings.TrimPrefix(ref, "sha256:")
	return known == digest || len(short) >= 4 && strings.HasPrefix(strings.TrimPrefix(known, "sha256:"), short)
}

func (s *daemon) listImages(w http.ResponseWriter, r *http.Request) error {
	f, err := parseFilters(r.URL.Query().Get("filters"))
	if err != nil {
		return err
	}
	for key := range f {
		if key != "reference" && key != "label" {
			return notDone("filtering images by %q", key)
		}
	}
	list, err := s.images(r.Context())
	if err != nil {
		return err
	}
	byDigest := map[string]*image.Summary{}
	for _, entry := range list {
		if known := byDigest[entry.Digest]; known != nil {
			known.RepoTags = append(known.RepoTags, ref.Familiar(entry.Name))
			continue
		}
		img, err := s.backend.Image(r.Context(), s.stored(entry.Name))
		if err != nil {
			// One broken image must not hide the others.
			continue
		}
		summary := &image.Summary{ID: img.Digest, RepoTags: []string{ref.Familiar(entry.Name)}, RepoDigests: []string{},
			Size: img.Size, Labels: img.Config.Config.Labels, SharedSize: -1, Containers: -1}
		if img.Config.Created != nil {
			summary.Created = img.Config.Created.Unix()
		}
		byDigest[img.Digest] = summary
	}
	out := []*image.Summary{}
	for _, summary := range byDigest {
		if f.matchImage(summary) {
			slices.Sort(summary.RepoTags)
			out = append(out, summary)
		}
	}
	slices.SortFunc(out, func(a, b *image.Summary) int { return strings.Compare(a.RepoTags[0], b.RepoTags[0]) })
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (f filters) matchImage(img *image.Summary) bool {
	for _, v := range f["label"] {
		if !matchLabel(v, img.Labels) {
			return false
		}
	}
	if len(f["reference"]) == 0 {
		return true
	}
	img.RepoTags = slices.DeleteFunc(img.RepoTags, func(tag string) bool {
		named, err := reference.ParseNormalizedNamed(tag)
		return err != nil || !slices.ContainsFunc(f["reference"], func(pattern string) bool {
			ok, err := reference.FamiliarMatch(pattern, named)
			return ok && err == nil
		})
	})
	return len(img.RepoTags) > 0
}

// imageInspection has all fields of the configuration, empty ones too: tests'
// templates name them.
type imageInspection struct {
	image.InspectResponse
	Config *api.Config
}

func imageConfig(c imagespec.DockerOCIImageConfig) *api.Config {
	out := &api.Config{User: c.User, Env: c.Env, Cmd: c.Cmd, Entrypoint: c.Entrypoint, WorkingDir: c.WorkingDir,
		Volumes: c.Volumes, Labels: c.Labels, StopSignal: c.StopSignal, ExposedPorts: network.PortSet{},
		Healthcheck: c.Healthcheck, OnBuild: c.OnBuild, Shell: c.Shell}
	for p := range c.ExposedPorts {
		if port, err := network.ParsePort(p); err == nil {
			out.ExposedPorts[port] = struct{}{}
		}
	}
	return out
}

// lookAtImage answers GET /images/NAME/json, history and get; a name may have slashes.
func (s *daemon) lookAtImage(w http.ResponseWriter, r *http.Request) error {
	path := r.PathValue("name")
	if name, ok := strings.CutSuffix(path, "/history"); ok {
		return s.imageHistory(w, r, name)
	}
	if name, ok := strings.CutSuffix(path, "/get"); ok {
		return s.save(w, r, []string{name})
	}
	if name, ok := strings.CutSuffix(path, "/json"); ok {
		return s.inspectImage(w, r, name)
	}
	return s.leftOut(w, r)
}

func (s *daemon) inspectImage(w http.ResponseWriter, r *http.Request, name string) error {
	img, err := s.image(r.Context(), name)
	if err != nil {
		return err
	}
	tags, err := s.tagsOf(r.Context(), img.Digest)
	if err != nil {
		return err
	}
	out := imageInspection{Config: imageConfig(img.Config.Config), InspectResponse: image.InspectResponse{
		ID: img.Digest, RepoTags: tags, RepoDigests: []string{},
		Author: img.Config.Author, Architecture: img.Config.Architecture, Variant: img.Config.Variant,
		Os: img.Config.OS, Size: img.Size, RootFS: image.RootFS{Type: img.Config.RootFS.Type},
	}}
	if named, err := ref.Parse(img.Name); err == nil && len(tags) > 0 {
		out.RepoDigests = append(out.RepoDigests, named.Name()+"@"+img.Digest)
	}
	if img.Config.Created != nil {
		out.Created = img.Config.Created.Format(time.RFC3339Nano)
	}
	for _, d := range img.Config.RootFS.DiffIDs {
		out.RootFS.Layers = append(out.RootFS.Layers, d.String())
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// pullImage succeeds for what is in the store and fetches nothing.
func (s *daemon) pullImage(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	name := q.Get("fromImage")
	if name == "" {
		return notDone("importing images; use slipway's own commands")
	}
	if tag := q.Get("tag"); strings.HasPrefix(tag, "sha256:") {
		name += "@" + tag
	} else if tag != "" {
		name += ":" + tag
	}
	if _, err := s.image(r.Context(), name); err != nil {
		if errors.As(err, new(*apiError)) {
			return notFound("No such image: %s; Slipway pulls nothing for containers and has the images of its own store only", name)
		}
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	writeBody(w, jsonstream.Message{Status: "Status: Image is up to date for " + ref.Familiar(ref.Canonical(name))})
	return nil
}
