package dockerapi

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/distribution/reference"
	"github.com/moby/moby/api/types/image"
	"github.com/slipway-build/slipway/engine/container"
	"github.com/slipway-build/slipway/ref"
)

// A tag that a test gives is the test's: it stands beside the names of the store, before them, and ends
// with the server. The store keeps what it has.

// imageAction answers POST /images/NAME/tag; a name may have slashes.
func (s *daemon) imageAction(w http.ResponseWriter, r *http.Request) error {
	name, ok := strings.CutSuffix(r.PathValue("name"), "/tag")
	if !ok {
		return s.leftOut(w, r)
	}
	img, err := s.image(r.Context(), name)
	if err != nil {
		return err
	}
	named, err := fullName(r.URL.Query().Get("repo"), r.URL.Query().Get("tag"))
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.tags[named] = img.Name
	s.mu.Unlock()
	w.WriteHeader(http.StatusCreated)
	return nil
}

// fullName reads the name that a test gives an image.
func fullName(repo, tag string) (string, error) {
	named, err := reference.ParseNormalizedNamed(repo)
	if err == nil && tag != "" {
		named, err = reference.WithTag(reference.TrimNamed(named), tag)
	}
	if err != nil {
		return "", badRequest("invalid reference format: %v", err)
	}
	if _, pinned := named.(reference.Digested); pinned {
		return "", badRequest("refusing to create a tag with a digest reference")
	}
	return reference.TagNameOnly(named).String(), nil
}

// stored is the name in the store that a name of a test stands for.
func (s *daemon) stored(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if target, ok := s.tags[name]; ok {
		return target
	}
	return name
}

// images are those of the store and the test's tags of them. Names are unique.
func (s *daemon) images(ctx context.Context) ([]container.Image, error) {
	list, err := s.backend.Images(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	digests := map[string]string{}
	for _, img := range list {
		digests[img.Name] = img.Digest
	}
	list = slices.DeleteFunc(list, func(img container.Image) bool { return s.tags[img.Name] != "" })
	for name, c := range s.commits {
		digests[name] = c.image.Digest
	}
	for tag, target := range s.tags {
		if digest, ok := digests[target]; ok {
			list = append(list, container.Image{Name: tag, Digest: digest})
		}
	}
	return list, nil
}

// removeImage takes a test's tag away.
func (s *daemon) removeImage(w http.ResponseWriter, r *http.Request) error {
	name := ref.Canonical(r.PathValue("name"))
	s.mu.Lock()
	_, ok := s.tags[name]
	delete(s.tags, name)
	s.mu.Unlock()
	if ok {
		writeJSON(w, http.StatusOK, []image.DeleteResponse{{Untagged: ref.Familiar(name)}})
		return nil
	}
	if _, err := s.image(r.Context(), r.PathValue("name")); err != nil {
		return err
	}
	return notDone("removing images of Slipway's store; a test removes its own tags only (DELETE %s)", r.URL.Path)
}

// saveImages answers GET /images/get with an archive for docker load.
func (s *daemon) saveImages(w http.ResponseWriter, r *http.Request) error {
	var names []string
	for _, n := range r.URL.Query()["names"] {
		names = append(names, strings.Split(n, ",")...)
	}
	return s.save(w, r, names)
}

func (s *daemon) save(w http.ResponseWriter, r *http.Request, names []string) error {
	saver, ok := s.backend.(container.Saver)
	if !ok {
		return notDone("saving images")
	}
	var list []container.SavedName
	for _, name := range names {
		img, err := s.image(r.Context(), name)
		if err != nil {
			return err
		}
		s.mu.Lock()
		_, made := s.commits[img.Name]
		s.mu.Unlock()
		if made {
			return notDone("saving an image of docker commit (%s)", name)
		}
		as := ref.Canonical(name)
		if s.stored(as) != img.Name {
			as = img.Name // it was asked for by its digest
		}
		list = append(list, container.SavedName{Image: img.Name, As: as})
	}
	w.Header().Set("Content-Type", "application/x-tar")
	sent := &counter{w: w}
	err := saver.SaveImages(r.Context(), sent, list)
	if err != nil && sent.n > 0 {
		// The headers are out: only a broken connection says that the archive is.
		panic(http.ErrAbortHandler)
	}
	return err
}

// counter knows how much was written.
type counter struct {
	w io.Writer
	n int64
}

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// imageHistory lists the steps an image was made of, the last one first. Sizes are those of compressed layers.
func (s *daemon) imageHistory(w http.ResponseWriter, r *http.Request, name string) error {
	img, err := s.image(r.Context(), name)
	if err != nil {
		return err
	}
	out := []image.HistoryResponseItem{}
	layer := 0
	for _, h := range img.Config.History {
		item := image.HistoryResponseItem{ID: "<missing>", CreatedBy: h.CreatedBy, Comment: h.Comment}
		if h.Created != nil {
			item.Created = h.Created.Unix()
		}
		if !h.EmptyLayer && layer < len(img.Layers) {
			item.Size = img.Layers[layer]
			layer++
		}
		out = append(out, item)
	}
	slices.Reverse(out)
	if len(out) > 0 {
		out[0].ID = img.Digest
		if out[0].Tags, err = s.tagsOf(r.Context(), img.Digest); err != nil {
			return err
		}
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// tagsOf are the names of an image as people write them, sorted.
func (s *daemon) tagsOf(ctx context.Context, digest string) ([]string, error) {
	list, err := s.images(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, img := range list {
		if img.Digest == digest {
			out = append(out, ref.Familiar(img.Name))
		}
	}
	slices.Sort(out)
	return out, nil
}
