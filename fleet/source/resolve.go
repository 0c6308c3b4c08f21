package source

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-build/slipway/problem"
)

// maxRefs bounds what a server may list.
const maxRefs = 2_000_000

// Resolution is the commit of one Git, or why there is none.
type Resolution struct {
	Commit string
	Err    error
}

// Resolve returns the whole id of the commit that g means now; of an annotated
// tag the commit it points to. A whole commit id is returned as it is, without
// asking anybody.
func (r *Repositories) Resolve(ctx context.Context, g Git) (string, error) {
	res := r.ResolveAll(ctx, []Git{g})[0]
	return res.Commit, res.Err
}

// ResolveAll is Resolve for many, in the same order: each URL is asked once,
// several URLs side by side.
func (r *Repositories) ResolveAll(ctx context.Context, list []Git) []Resolution {
	results := make([]Resolution, len(list))
	groups := map[string][]int{}
	for i, g := range list {
		if err := g.check(); err != nil {
			results[i].Err = &failure{Problem: problem.Problem{Text: resolving(g), Err: err}}
		} else if lower := strings.ToLower(g.Ref); isCommit(lower) {
			results[i].Commit = lower
		} else {
			groups[g.URL] = append(groups[g.URL], i)
		}
	}
	var group errgroup.Group
	group.SetLimit(cmp.Or(r.Parallel, 8))
	for _, indexes := range groups {
		group.Go(func() error {
			refs, err := r.list(ctx, list[indexes[0]])
			for _, i := range indexes {
				results[i] = refs.pick(list[i], err)
			}
			return nil
		})
	}
	_ = group.Wait() // the functions return no errors
	return results
}

func resolving(g Git) string { return "cannot look up " + g.String() }

// refs are what a repository offers.
type refs struct {
	ids map[string]string // by name; an annotated tag's commit is name^{}
}

// list asks the repository of g for all its names: their number costs the same
// whether one or all are wanted, for it is git that leaves out the others.
func (r *Repositories) list(ctx context.Context, g Git) (refs, error) {
	doing := resolving(g)
	rem, err := g.remote()
	if err != nil {
		return refs{}, &failure{Problem: problem.Problem{Text: doing, Err: err}}
	}
	cache, err := r.cache()
	if err != nil {
		return refs{}, &failure{Problem: problem.Problem{Text: doing, Err: err}}
	}
	limit := r.resolveTimeout()
	ctx, cancel := context.WithTimeoutCause(ctx, limit, &timeoutError{limit})
	defer cancel()
	found := refs{ids: map[string]string{}}
	out := &records{end: '\n', each: func(line []byte) error {
		id, name, ok := bytes.Cut(line, []byte{'\t'})
		if len(found.ids) >= maxRefs {
			return &limitError{fmt.Sprintf("the repository has more than %d branches and tags", maxRefs)}
		}
		if ok && isCommit(string(id)) {
			found.ids[string(name)] = string(id)
		}
		return nil
	}}
	err = r.git(ctx, command{doing: doing, dir: cache, remote: &rem, stdout: out,
		args: []string{"ls-remote", "--quiet", "--", rem.url}})
	return found, err
}

// pick chooses as git-checkout and Docker do: a branch goes before a tag.
func (f refs) pick(g Git, err error) Resolution {
	var failed *failure
	if errors.As(err, &failed) {
		return Resolution{Err: failed.forGit(resolving(g))}
	}
	if err != nil {
		return Resolution{Err: err}
	}
	names := []string{"HEAD"}
	if g.Ref != "" && g.Ref != "HEAD" {
		names = []string{"refs/" + strings.TrimPrefix(g.Ref, "refs/"), "refs/heads/" + g.Ref, "refs/tags/" + g.Ref}
	}
	for _, name := range names {
		if id := f.ids[name+"^{}"]; id != "" {
			return Resolution{Commit: id}
		}
		if id := f.ids[name]; id != "" {
			return Resolution{Commit: id}
		}
	}
	text, hint := f.missing(g.Ref)
	return Resolution{Err: &failure{Problem: problem.Problem{Text: resolving(g), Err: errors.New(text), Hint: hint}}}
}

// missing says why a name is not there.
func (f refs) missing(ref string) (text, hint string) {
	var branches []string
	for name := range f.ids {
		if branch, ok := strings.CutPrefix(name, "refs/heads/"); ok {
			branches = append(branches, clean(branch))
		}
	}
	slices.Sort(branches)
	const shown = 5
	switch n := len(branches); {
	case n > shown:
		hint = fmt.Sprintf("its branches are %s and %d more", strings.Join(branches[:shown], ", "), n-shown)
	case n > 0:
		hint = "its branches: " + strings.Join(branches, ", ")
	}
	switch {
	case len(f.ids) == 0:
		return "the repository has no commits yet", "push something to it first"
	case ref == "" || ref == "HEAD":
		return "the repository has no default branch (HEAD)", cmp.Or(hint, "write repository#branch")
	case len(ref) >= 7 && isHex(strings.ToLower(ref)):
		return fmt.Sprintf("no branch or tag is called %s, and a shortened commit id cannot be looked up", ref),
			"write the whole commit id, 40 digits; git rev-parse " + ref + " in a clone says it"
	}
	return fmt.Sprintf("no branch or tag is called %s", ref), hint
}

// cache makes the folder of the checkouts and returns its absolute path.
func (r *Repositories) cache() (string, error) {
	if r.Cache == "" {
		return "", errors.New("internal error: there is no folder for checkouts")
	}
	dir, err := filepath.Abs(r.Cache)
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return "", fmt.Errorf("cannot make the folder for checkouts: %w", err)
	}
	return dir, nil
}

// records is a Writer that hands on what ends with a byte, and ends with the
// first error of each.
type records struct {
	end  byte
	each func([]byte) error
	rest []byte
	err  error
}

func (w *records) Write(p []byte) (int, error) {
	if w.err == nil {
		w.err = w.split(p)
	}
	return len(p), w.err
}

func (w *records) split(p []byte) error {
	for {
		i := bytes.IndexByte(p, w.end)
		if i < 0 {
			break
		}
		line := p[:i]
		if len(w.rest) > 0 {
			line = append(w.rest, line...)
			w.rest = nil
		}
		if err := w.each(line); err != nil {
			return err
		}
		p = p[i+1:]
	}
	if w.rest = append(w.rest, p...); len(w.rest) > 1<<20 {
		return &limitError{"a line of git's answer is longer than a megabyte"}
	}
	return nil
}
