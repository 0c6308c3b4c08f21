package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/fleet/fault"
	"github.com/slipway-build/slipway/fleet/source"
	"github.com/slipway-build/slipway/platform"
	"github.com/slipway-build/slipway/problem"
	"github.com/slipway-build/slipway/template"
	"github.com/slipway-build/slipway/version"
)

// Listed is what an image has that comes from the configuration's list, not from a folder with a
// Dockerfile.template.
type Listed struct {
	config.Listed
	Root   string // absolute path of the folder or the checkout; no file outside is read
	Shown  string // the folder or the repository, as messages have it
	Commit string // empty for a folder
	// IgnoreFile is the list of files to leave out of the context, see buildcontext.IgnoreFileOf.
	IgnoreFile string
	// Unprotected tells that nothing proves that the files come from the repository.
	Unprotected bool

	dir   string // of the context, a slash path below Root
	date  time.Time
	lacks []Lack // in the context
	// settle notes whether a build does without what the repository did not give.
	settle func(without bool)
	err    error
	named  bool // its repository was not fetched: only the entry is known
}

// FindListed looks up the folders and repositories of the list: of a repository the commit, and its
// files if they are not there yet. What cannot be found is the error of that image alone. The files
// stay until the returned function is called. Of entries that fetch, if it is not nil, says no to, nothing
// is asked: only names and tags are known.
func FindListed(ctx context.Context, list []config.Listed, repositories *source.Repositories, fetch func(config.Listed) bool) ([]*Listed, func(), error) {
	found := make([]*Listed, len(list))
	var gits []source.Git
	var ofGit []*Listed
	for i, entry := range list {
		l := &Listed{Listed: entry, dir: ".", Shown: entry.From}
		found[i] = l
		base, err := filepath.Abs(entry.Base)
		if err != nil {
			return nil, nil, fmt.Errorf("cannot find the folder of %s: %w", entry.Path, err)
		}
		src, err := source.Parse(entry.From, base)
		switch {
		case err != nil:
			l.Shown, l.err = "", err
		case src.IsGit():
			l.Shown = src.String()
			if l.named = fetch != nil && !fetch(entry); l.named {
				break
			}
			l.Unprotected = src.Git.Unprotected()
			gits, ofGit = append(gits, src.Git), append(ofGit, l)
		default:
			l.Root = src.Folder
			l.Shown = shownPaths([]string{src.Folder})[0]
			if l.Checkout() != "" {
				l.err = problem.New("submodules and filters are for git repositories: the files of a folder are taken as they are", "write file:///folder for a repository on this machine")
			}
		}
	}
	release := fetchListed(ctx, gits, ofGit, repositories)
	if ctx.Err() != nil {
		release()
		return nil, nil, context.Cause(ctx)
	}
	return found, release, nil
}

// fetches is how many repositories are fetched side by side.
const fetches = 4

// fetchListed gives each entry its files, which stay until release is called.
func fetchListed(ctx context.Context, gits []source.Git, ofGit []*Listed, repositories *source.Repositories) (release func()) {
	if len(gits) == 0 { // there need be no repositories
		return func() {}
	}
	checkouts := make([]source.Checkout, len(gits))
	var group errgroup.Group
	group.SetLimit(fetches)
	for i, r := range resolveListed(ctx, gits, repositories) {
		l := ofGit[i]
		if l.err = r.Err; r.Err != nil {
			continue
		}
		l.Commit = r.Commit
		group.Go(func() error {
			checkouts[i], l.err = l.fetch(ctx, gits[i], repositories)
			return nil
		})
	}
	_ = group.Wait() // an error is that of its image
	return func() {
		for _, c := range checkouts {
			c.Close()
		}
	}
}

func (l *Listed) fetch(ctx context.Context, git source.Git, repositories *source.Repositories) (checkout source.Checkout, err error) {
	if checkout, err = l.fetchFor(ctx, git, repositories); err != nil {
		return checkout, err
	}
	l.Root, l.date = checkout.Root, checkout.Time
	dir, err := filepath.Rel(checkout.Root, checkout.Dir)
	l.dir = filepath.ToSlash(dir)
	return checkout, err
}

// resolveListed asks for all commits at once, and again for those that a passing fault hid.
func resolveListed(ctx context.Context, gits []source.Git, repositories *source.Repositories) []source.Resolution {
	var answers []source.Resolution
	_ = patiently(ctx, func() error {
		if answers == nil {
			answers = repositories.ResolveAll(ctx, gits)
		} else {
			resolveAgain(ctx, gits, answers, repositories)
		}
		for _, r := range answers {
			if errors.Is(r.Err, source.ErrTransient) {
				return r.Err
			}
		}
		return nil
	})
	return answers
}

func resolveAgain(ctx context.Context, gits []source.Git, answers []source.Resolution, repositories *source.Repositories) {
	var missing []source.Git
	var places []int
	for i, r := range answers {
		if errors.Is(r.Err, source.ErrTransient) {
			missing, places = append(missing, gits[i]), append(places, i)
		}
	}
	for k, r := range repositories.ResolveAll(ctx, missing) {
		answers[places[k]] = r
	}
}

// patiently calls f up to three times, with pauses, until it meets no passing fault.
func patiently(ctx context.Context, f func() error) error {
	for pause := time.Second; ; pause *= 2 {
		err := f()
		if !errors.Is(err, source.ErrTransient) || pause > 2*time.Second {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// Commits are those of the list's repositories. It is not complete when a repository could not be
// asked for its commit, so that the one of the last time may still be wanted.
func Commits(list []*Listed) (commits []string, complete bool) {
	complete = true
	for _, l := range list {
		switch {
		case l.Commit != "":
			commits = append(commits, l.Commit)
		case l.err != nil || l.named:
			complete = false
		}
	}
	return commits, complete
}

// list finds the entries of the configuration's list.
func list(_ context.Context, s *scan, r *reader) (definitions []definition, err error) {
	for _, l := range s.Listed {
		definitions = append(definitions, l.definition(r))
	}
	return definitions, nil
}

// definition makes an image of an entry, with all that is wrong with the entry. A wrong name leaves
// nothing to speak of.
func (l *Listed) definition(r *reader) definition {
	problems := l.check(r)
	if !repositoryPath.MatchString(l.Name) {
		p := newProblem(fault.InvalidName, l.Path, l.Line, "use lower-case letters and digits, with single . or _ or dashes between them",
			"image %s: cannot use %q as the name of an image: it is not a repository path", l.Name, l.Name)
		return definition{problem: &p, further: problems}
	}
	img := &Image{
		Name: l.Name, Version: version.Version(l.Tags[0]), Tag: l.Tags[0] + r.suffix, Dir: l.dir, File: l.Path, Line: l.Line, Date: l.date,
		Moving: true, Derived: true, declares: l.Path,
	}
	for _, tag := range l.Tags[1:] {
		img.Further = append(img.Further, tag+r.suffix)
	}
	img.Ref = r.config.Ref(img.Name, img.Tag)
	for _, p := range problems {
		img.Err = errors.Join(img.Err, p)
	}
	e := &entry{Listed: l, image: img, source: Source{
		Root: l.Root, Dir: l.dir, Shown: l.Shown, Beside: l.Dockerfile, Test: l.Test, Commit: l.Commit, Lacks: l.lacks, Settle: l.settle,
	}}
	if l.Commit != "" {
		e.source.Checkout = l.Checkout()
	}
	img.Definition = e
	d := definition{draft: e, image: img, controlled: true}
	d.platforms, _ = l.madeFor(r)
	if len(l.Depends) > maxDepends {
		img.Err = errors.Join(img.Err, tooManyDepends(l.Path, l.Line))
		return d
	}
	for _, name := range l.Depends {
		d.relations = append(d.relations, relation{names: []string{name}, line: l.Line})
	}
	return d
}

// check finds what is wrong with an entry beside its name.
func (l *Listed) check(r *reader) (problems []Problem) {
	fail := func(kind problem.Kind, hint, format string, args ...any) {
		problems = append(problems, newProblem(kind, l.Path, l.Line, hint, "image %s: "+format, append([]any{l.Name}, args...)...))
	}
	if l.err != nil {
		text, hint := problem.Split(l.err)
		fail(fault.UnreadableFile, hint, "%s", text)
	}
	tags := slices.Clone(l.Tags)
	if r.suffix != "" {
		tags = append(tags, l.Tags[0]+r.suffix)
	}
	for _, tag := range tags {
		if !validTag.MatchString(tag) {
			fail(fault.InvalidTag, "", "cannot use %q as a tag", tag)
		}
	}
	_, wrong := l.madeFor(r)
	for _, p := range wrong {
		hint, has := "leave platforms out, or build it on such a machine", "this machine builds for "
		if len(r.config.Slipway.Platforms) > 0 {
			hint, has = "leave it out, or add it to slipway.platforms", "the configuration has "
		}
		fail(fault.UnreadableFile, hint, "cannot build for %s: %s%s", p, has, platformNames(r.platforms))
	}
	if !l.dockerfileIsPath() {
		fail(fault.OutsideFolder, "", "cannot use dockerfile %q: it is not a path in the folder", l.Dockerfile)
	}
	if l.Test != "" && !fs.ValidPath(path.Clean(l.Test)) {
		fail(fault.OutsideFolder, "", "cannot use test %q: it is not a path in the folder", l.Test)
	}
	return problems
}

// madeFor are the platforms that the entry is narrowed to, nil for all, and those that the configuration lacks.
func (l *Listed) madeFor(r *reader) (all []platform.Platform, wrong []string) {
	for _, text := range l.Platforms {
		p, err := platform.Parse(text)
		switch {
		case err != nil || !slices.Contains(r.platforms, p):
			wrong = append(wrong, text)
		case !slices.Contains(all, p):
			all = append(all, p)
		}
	}
	return all, wrong
}

func (l *Listed) dockerfileIsPath() bool { return fs.ValidPath(path.Clean(l.Dockerfile)) }

// entry is the definition of an image of the list.
type entry struct {
	*Listed
	made
	image  *Image
	source Source
}

var _ Definition = (*entry)(nil)

func (e *entry) again(img *Image) draft {
	return &entry{Listed: e.Listed, image: img, source: e.source}
}

// Source implements Definition.
func (e *entry) Source() Source { return e.source }

// Place implements Definition.
func (e *entry) Place(file string, line int) template.Place {
	return template.Place{Path: e.source.Path(file), Line: line}
}

// Versions implements Definition: nobody writes them down.
func (e *entry) Versions() ([]version.Version, error) { return nil, nil }

// render reads the Dockerfile.
func (e *entry) render(r *renderer, to *edges) {
	to.recipe = Recipe{Dockerfile: Text{File: e.Dockerfile}, Target: e.Target, Args: e.Args, Plain: true}
	if e.err == nil && !e.named && e.dockerfileIsPath() { // whatever else is wrong, all is told at once
		e.image.Err = errors.Join(e.image.Err, e.read(r, to))
	}
}

func (e *entry) read(r *renderer, to *edges) error {
	shown := e.source.Path(e.Dockerfile)
	root, err := os.OpenRoot(e.Root)
	if err != nil {
		return newProblem(fault.UnreadableFile, e.Path, e.Line, "from names a folder with a Dockerfile, or a git repository", "image %s: cannot open %s: %v", e.Name, e.Shown, cause(err))
	}
	defer root.Close()
	data, err := readRegular(root, path.Join(e.dir, e.Dockerfile), template.MaxOutput)
	if err != nil {
		return newProblem(fault.UnreadableFile, shown, 0, "", "cannot read the Dockerfile: %v", err)
	}
	e.source.IgnoreFile = buildcontext.IgnoreFileOf(root, e.dir, e.Dockerfile)
	to.listed = &listedText{text: strings.Split(string(data), "\n"), replaced: map[Use]replacement{}}
	to.listed.built = slices.Clone(to.listed.text)
	defer r.keepPlain(to)
	if r.scan.ParseDockerfile == nil {
		return nil
	}
	parsed, err := r.parse(e.image, data, e.Args, e.Target)
	if err != nil {
		line := 0
		if at := (*ParseError)(nil); errors.As(err, &at) {
			line = at.Line
		}
		return newProblem(fault.DockerfileSyntax, shown, line, "", "cannot parse the Dockerfile: %v", err)
	}
	e.image.Base, to.base = parsed.Base, parsed.Base
	to.recipe.Dockerfile.Instructions = parsed.Instructions
	to.useAll(parsed, &origins{edges: to, name: e.Dockerfile, text: string(data), plain: true})
	return nil
}

// keepPlain keeps a Dockerfile that is a file as it stands.
func (r *renderer) keepPlain(e *edges) {
	built, written := e.listed.texts()
	text := &e.recipe.Dockerfile
	text.Text, text.written = r.keep(e, built), r.keep(e, written)
}

func readRegular(root *os.Root, name string, limit int64) ([]byte, error) {
	f, err := buildcontext.OpenRegular(root, name)
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, cause(err)
	case int64(len(data)) > limit:
		return nil, tooLarge(limit)
	}
	return data, nil
}
