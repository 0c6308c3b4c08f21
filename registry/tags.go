package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/ref"
)

// Bounds of a tag list: a registry that always says "there is more" ends somewhere.
const maxTagPage, maxTagPages = 16 << 20, 1000

// tagsPerPage is how many tags are asked for at a time.
const tagsPerPage = 1000

// Tags lists the tags of a repository, sorted. The error is ErrNotFound when it does not exist; a
// repository without tags may count as not existing.
func (c *Client) Tags(ctx context.Context, repository string) ([]string, error) {
	r, err := ref.ParseRepository(repository)
	if err != nil {
		return nil, err
	}
	p := place{r}
	h := c.host(p.Registry())
	if err := h.connect(ctx); err != nil {
		return nil, about("list tags of", p, err)
	}
	tags, _, err := h.tags(ctx, p, maxTagPages)
	return tags, about("list tags of", p, err)
}

// tags lists at most so many pages, and tells whether these are all.
func (h *host) tags(ctx context.Context, p place, pages int) (list []string, all bool, err error) {
	err = h.reading(ctx, p, func(scope string) error {
		list, all, err = h.tagsAs(ctx, p, pages, scope)
		return err
	})
	return list, all, err
}

func (h *host) tagsAs(ctx context.Context, p place, pages int, scope string) (list []string, all bool, err error) {
	path := fmt.Sprintf("/v2/%s/tags/list?n=%d", p.Path(), tagsPerPage)
	at := call{method: http.MethodGet, path: path, scopes: []string{scope}, good: []int{http.StatusOK}}
	read := texts{h: h, what: "its tag list is"}
	for range pages {
		resp, data, err := h.fetch(ctx, at, maxTagPage)
		if err == nil {
			err = read.add(data)
		}
		if err != nil {
			return nil, false, err
		}
		tags, err := h.tagsIn(data)
		if err != nil {
			return nil, false, err
		}
		stands := len(list) > 0 && len(tags) > 0 && list[len(list)-1] == tags[len(tags)-1]
		list = append(list, tags...)
		if at.url, err = h.next(resp); err != nil {
			return nil, false, err
		}
		// Some registries do not say that there is more; others do not know "last" and say the same again.
		full := at.url == "" && len(tags) == tagsPerPage && !stands
		if full {
			at.path = path + "&last=" + url.QueryEscape(tags[len(tags)-1])
		}
		if at.url == "" && !full {
			slices.Sort(list)
			return slices.Compact(list), true, nil
		}
	}
	if pages == maxTagPages {
		return nil, false, h.fail(ErrRefused, "its tag list does not end")
	}
	return list, false, nil
}

// tagsIn reads a page. A repository without tags has null there; JSON without the key is something else,
// and must not look as if nothing were there.
func (h *host) tagsIn(data []byte) (tags []string, err error) {
	var page map[string]json.RawMessage
	if err := json.Unmarshal(data, &page); err != nil || page["tags"] == nil || json.Unmarshal(page["tags"], &tags) != nil {
		return nil, h.fail(ErrRefused, "its tag list cannot be read")
	}
	return tags, nil
}

// Tag makes or moves the tag of newRef to the manifest of ref, in the same repository. It does nothing
// when the tag is there already. Readers see the old or the new image, never something between.
func (c *Client) Tag(ctx context.Context, ref, newRef string) error {
	from, h, err := c.at(ctx, ref)
	if err != nil {
		return about("tag", from, err)
	}
	to, err := parse(newRef)
	if err != nil {
		return err
	}
	if to.Repository() != from.Repository() || to.Digest() != "" {
		return about("tag", from, problem.New("the new name is not a tag of the same repository", "push it there"))
	}
	d, data, err := h.manifest(ctx, from)
	if err != nil {
		return about("tag", from, err)
	}
	if has, _, _, err := h.head(ctx, to, ""); err == nil && has == d.Digest.String() {
		return nil
	}
	done, err := c.changing(ctx, to.String())
	if err != nil {
		return about("tag", to, err)
	}
	defer done()
	return about("tag", to, h.put(ctx, to, d.MediaType, d.Digest, data))
}

// Delete removes a tag, or a manifest with all its tags when ref has a digest. Registries that cannot
// remove a tag alone remove the manifest, and only if no other tag has it: else the error says which.
// Deleting what is not there is ErrNotFound, what the registry does not allow ErrUnsupported.
func (c *Client) Delete(ctx context.Context, ref string) error {
	p, h, err := c.at(ctx, ref)
	if err != nil {
		return about("delete", p, err)
	}
	return about("delete", p, h.delete(ctx, p))
}

func (h *host) delete(ctx context.Context, p place) error {
	if p.Digest() != "" {
		return h.remove(ctx, p)
	}
	dgst, _, _, err := h.head(ctx, p, "")
	if err != nil {
		return err
	}
	if dgst == "" {
		return &Error{Kind: ErrNotFound, Registry: h.name, Status: http.StatusNotFound}
	}
	err = h.remove(ctx, p)
	var e *Error
	if err == nil || !errors.As(err, &e) || e.Status != http.StatusBadRequest && e.Status != http.StatusMethodNotAllowed {
		return err
	}
	// docker-registry takes digests only: 400 for tags.
	others, _, err := h.tags(ctx, p, maxTagPages)
	if err != nil {
		return err
	}
	for _, t := range others {
		if t == p.Tag() {
			continue
		}
		other := place{p.WithTag(t)}
		has, _, _, err := h.head(ctx, other, "")
		if err != nil {
			return err
		}
		if has == dgst {
			e := h.fail(ErrUnsupported, "it cannot remove a tag alone, and the tag %s has the same image", t)
			e.Hint = "delete " + p.withDigest(dgst).String() + " to remove both"
			return e
		}
	}
	return h.remove(ctx, p.withDigest(dgst))
}

func (h *host) remove(ctx context.Context, p place) error {
	names, err := h.removedWith(ctx, p)
	if err != nil {
		return err
	}
	done, err := h.c.changing(ctx, names...)
	if err != nil {
		return err
	}
	defer done()
	resp, err := h.do(ctx, call{
		method: http.MethodDelete, path: p.manifestPath(), scopes: []string{p.delete()},
		good: []int{http.StatusAccepted, http.StatusOK, http.StatusNoContent},
	})
	if err != nil {
		var e *Error
		if errors.As(err, &e) && e.Kind == ErrUnsupported {
			e.Hint = "allow deleting in the registry's configuration; docker-registry: REGISTRY_STORAGE_DELETE_ENABLED=true"
		}
		return err
	}
	drain(resp)
	return nil
}

// removedWith are the references that are remembered and go when p is deleted: of a digest all tags
// that it had, as far as the registry lists them.
func (h *host) removedWith(ctx context.Context, p place) ([]string, error) {
	names := []string{p.String(), p.withDigest(p.Digest()).String()}
	if p.Digest() == "" || h.c.opts.Memory == nil {
		return names[:1], nil
	}
	tags, _, err := h.tags(ctx, p, maxTagPages)
	if ctx.Err() != nil {
		return nil, err
	}
	var refs []string
	for _, t := range tags {
		tag := p.WithTag(t).String()
		refs = append(refs, tag, tag+"@"+p.Digest())
	}
	known, err := h.c.load(ctx, refs)
	if err != nil {
		return nil, err
	}
	for ref, r := range known {
		if r.Digest == p.Digest() {
			names = append(names, ref)
		}
	}
	return names, nil
}
