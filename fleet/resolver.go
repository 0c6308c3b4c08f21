package fleet

import (
	"fmt"
	"strings"
	"sync"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/ref"
)

// resolver knows what a name or a repository stands for. It is safe for concurrent use.
type resolver struct {
	config *config.Config
	fleet  *Fleet
	byRepo map[string]*Image // registry/namespace/name
	byHub  map[string]*Image // the same, as familiar has it
	base   []baseImage
	listed map[string]string // references by repository, of the configuration's list where the scan is without it

	mu   sync.Mutex
	near map[string]string // what similar found: a fleet repeats its errors
}

// baseImage is an entry of base_images: an image that comes from elsewhere.
type baseImage struct {
	ref, repo string
	tagged    bool // has a tag or a digest
}

func newResolver(s *scan) *resolver {
	cfg, f := s.Config, s.fleet
	r := &resolver{
		config: cfg, fleet: f, listed: s.unread(),
		byRepo: make(map[string]*Image, len(f.Images)), byHub: make(map[string]*Image, len(f.Images)), near: map[string]string{},
	}
	for _, img := range f.Images {
		repo := cfg.Name(img.Name)
		r.byRepo[repo], r.byHub[ref.Short(repo)] = img, img
	}
	for _, base := range cfg.BaseImages {
		repo, tag, digest := ref.Split(base)
		r.base = append(r.base, baseImage{ref: base, repo: repo, tagged: tag+digest != ""})
	}
	return r
}

// unread are the images of the configuration's list that the scan is without, as for lint, which fetches
// nothing: their names and tags are known all the same.
func (s *scan) unread() map[string]string {
	list, err := IncludedList(s.Config)
	if err != nil || s.Listed != nil {
		return nil
	}
	refs := make(map[string]string, len(list))
	for _, l := range list {
		if len(l.Tags) > 0 {
			refs[s.Config.Name(l.Name)] = s.Config.Ref(l.Name, l.Tags[0]+s.TagSuffix)
		}
	}
	return refs
}

// isListed reports whether the scan is without an image of the configuration's list that has the name.
func (r *resolver) isListed(name string) bool { return r.listed[r.config.Name(name)] != "" }

// imageTag is the filter image_tag: the fleet's reference for the name, or the first of base_images
// whose part before the tag is registry/namespace/name. That is docker-pkg 4.0.4's find_image_tag
// (dockerfile.py), which cannot read a registry with a port; here the last colon counts.
func (r *resolver) imageTag(name string) (string, error) {
	repo := r.config.Name(name)
	if img := r.byRepo[repo]; img != nil {
		return img.Ref, nil
	}
	if ref := r.listed[repo]; ref != "" {
		return ref, nil
	}
	for _, b := range r.base {
		if b.repo == repo && b.tagged {
			return b.ref, nil
		}
	}
	return "", r.miss(name, repo)
}

// unknownImage is the error of image_tag.
type unknownImage struct{ error }

func newUnknownImage(text, hint string) error { return &unknownImage{problem.New(text, hint)} }

// Unwrap returns the error with the hint.
func (e *unknownImage) Unwrap() error { return e.error }

func (r *resolver) miss(name, repo string) error {
	for _, b := range r.base {
		if b.repo == repo {
			return newUnknownImage(fmt.Sprintf("cannot find image %q: base_images lists it without a tag", name), "write "+b.ref+":TAG there")
		}
	}
	hint := "image_tag knows the images of the fleet and base_images"
	if r.fleet.exclude.names(name) {
		hint = excludedHint
	} else if near := r.similar(name); near != "" {
		hint = "did you mean " + near + "?"
	} else if len(r.fleet.Broken) > 0 {
		hint = "it may be the one that could not be read: " + r.fleet.Broken[0].Path
	}
	return newUnknownImage(fmt.Sprintf("cannot find image %q: neither the fleet nor base_images has %s", name, repo), hint)
}

// mostCompared is the number of images above which a scan looks for no similar names: at every
// missing name that would take the square of the time.
const mostCompared = 2000

// similar returns names that look like the given one, joined for a question, or "".
func (r *resolver) similar(name string) string {
	if len(r.fleet.Images) > mostCompared {
		return ""
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	found, known := r.near[name]
	if !known {
		found = strings.Join(r.fleet.similar(name), " or ")
		r.near[name] = found
	}
	return found
}

// isBase reports whether control's name stands for a base image. Beside image_tag's rule the name
// without namespace will do: base images often live in another one.
func (r *resolver) isBase(name string) bool {
	repo := r.config.Name(name)
	for _, b := range r.base {
		if b.repo == repo || b.repo == name || strings.HasSuffix(b.repo, "/"+name) {
			return true
		}
	}
	return false
}
