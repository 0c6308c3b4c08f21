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
	"github.com/slipway-build/slipway/fleet/source"
	"github.com/slipway-build/slipway/template"
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
	lacks []lack // in the context
	// settle notes whether a build does without what the repository did not give.
	settle func(without bool)
	err    error
}

// path is a file of the folder or the repository, as messages have it.
func (l *Listed) path(file string) string {
	if file == "" {
		return l.Shown
	}
	return strings.TrimSuffix(l.Shown, "/") + "/" + path.Clean(file)
}

// FindListed looks up the folders and repositories of the list: of a repository the commit, and its
// files if they are not there yet. What cannot be found is the error of that image alone. The files
// stay until the returned function is called.
func FindListed(ctx context.Context, list []config.Listed, repositories *source.Repositories) ([]*Listed, func(), error) {
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
			l.Shown, l.Unprotected = src.String(), src.Git.Unprotected()
			gits, ofGit = append(gits, src.Git), append(ofGit, l)
		default:
			l.Root = src.Folder
			l.Shown = shownPaths([]string{src.Folder})[0]
			if l.Checkout() != "" {
				l.err = errors.New("submodules and filters are for git repositories: the files of a folder are taken as they are\nhint: write file:///folder for a repository on this machine")
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
		case l.err != nil:
			complete = false
		}
	}
	return commits, complete
}

// definition makes an image of an entry, with all that is wrong with the entry. A wrong name leaves
// nothing to speak of.
func (l *Listed) definition(r *reader) definition {
	problems := l.check(r)
	if !repositoryPath.MatchString(l.Name) {
		p := problem(InvalidName, l.Path, l.Line, "use lower-case letters and digits, with single . or _ or dashes between them",
			"image %s: cannot use %q as the name of an image: it is not a repository path", l.Name, l.Name)
		return definition{problem: &p, further: problems}
	}
	img := &Image{
		Name: l.Name, Version: l.Tags[0], Tag: l.Tags[0] + r.suffix, Dir: l.dir, Line: l.Line, Date: l.date, Listed: l,
		Moving: true,
	}
	for _, tag := range l.Tags[1:] {
		img.Further = append(img.Further, tag+r.suffix)
	}
	img.Ref = r.config.Ref(img.Name, img.Tag)
	for _, p := range problems {
		img.Err = errors.Join(img.Err, p)
	}
	return definition{image: img}
}

// check finds what is wrong with an entry beside its name.
func (l *Listed) check(r *reader) (problems []Problem) {
	fail := func(kind Kind, hint, format string, args ...any) {
		problems = append(problems, problem(kind, l.Path, l.Line, hint, "image %s: "+format, append([]any{l.Name}, args...)...))
	}
	if l.err != nil {
		text, hint, _ := strings.Cut(l.err.Error(), "\nhint: ")
		fail(UnreadableFile, hint, "%s", text)
	}
	tags := slices.Clone(l.Tags)
	if r.suffix != "" {
		tags = append(tags, l.Tags[0]+r.suffix)
	}
	for _, tag := range tags {
		if !validTag.MatchString(tag) {
			fail(InvalidTag, "", "cannot use %q as a tag", tag)
		}
	}
	for _, p := range l.Platforms {
		if p != r.platform {
			fail(UnreadableFile, "leave platforms out, or build it on such a machine", "cannot build for %s: this machine builds for %s", p, r.platform)
		}
	}
	if !l.dockerfileIsPath() {
		fail(OutsideFolder, "", "cannot use dockerfile %q: it is not a path in the folder", l.Dockerfile)
	}
	if l.Test != "" && !fs.ValidPath(path.Clean(l.Test)) {
		fail(OutsideFolder, "", "cannot use test %q: it is not a path in the folder", l.Test)
	}
	return problems
}

func (l *Listed) dockerfileIsPath() bool { return fs.ValidPath(path.Clean(l.Dockerfile)) }

// listed is the second phase for an image of the list.
func (r *renderer) listed(d definition) rendered {
	img, l := d.image, d.image.Listed
	e := &edges{names: r.names, scan: r.scan, img: img, control: true}
	if len(l.Depends) > maxDepends {
		img.Err = errors.Join(img.Err, tooManyDepends(l.Path, l.Line))
		return e.rendered
	}
	for _, name := range l.Depends {
		e.declare(relation{names: []string{name}, line: l.Line})
	}
	if l.err == nil && l.dockerfileIsPath() { // whatever else is wrong, all is told at once
		img.Err = errors.Join(img.Err, r.readListed(e))
	}
	img.sortDepends()
	e.limitWarnings()
	return e.rendered
}

func (r *renderer) readListed(e *edges) error {
	img, l := e.img, e.img.Listed
	root, err := os.OpenRoot(l.Root)
	if err != nil {
		return problem(UnreadableFile, l.Path, l.Line, "from names a folder with a Dockerfile, or a git repository", "image %s: cannot open %s: %v", l.Name, l.Shown, cause(err))
	}
	defer root.Close()
	file := path.Join(img.Dir, l.Dockerfile)
	data, err := readRegular(root, file, template.MaxOutput)
	if err != nil {
		return problem(UnreadableFile, l.path(l.Dockerfile), 0, "", "cannot read the Dockerfile: %v", err)
	}
	l.IgnoreFile = buildcontext.IgnoreFileOf(root, img.Dir, l.Dockerfile)
	e.listed = &listedText{text: strings.Split(string(data), "\n"), replaced: map[Use]replacement{}}
	e.listed.built = slices.Clone(e.listed.text)
	defer r.keepListed(e)
	if r.scan.ParseListed == nil {
		return nil
	}
	parsed, err := r.parse(data, func(data []byte) (Dockerfile, error) { return r.scan.ParseListed(data, l.Args, l.Target) })
	if err != nil {
		line := 0
		if at := (*ParseError)(nil); errors.As(err, &at) {
			line = at.Line
		}
		return problem(DockerfileSyntax, l.path(l.Dockerfile), line, "", "cannot parse the Dockerfile: %v", err)
	}
	img.Base, img.Instructions, e.base = parsed.Base, parsed.Instructions, parsed.Base
	from := &origins{edges: e, name: l.Dockerfile, text: string(data)}
	e.useAll(parsed, from)
	img.sortUses()
	return nil
}

// keepListed keeps the Dockerfile of a listed image.
func (r *renderer) keepListed(e *edges) {
	e.img.Dockerfile, e.img.written = e.listed.texts()
	e.img.Dockerfile, e.img.written = r.keep(e, e.img.Dockerfile), r.keep(e, e.img.written)
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

// dependencyFile is the file that says that the image needs another.
func (f *Fleet) dependencyFile(img *Image, d Dependency) string {
	if img.Listed != nil && d.File == controlFile {
		return img.Listed.Path
	}
	return f.Path(img, d.File)
}

// Folder is the absolute path of the image's folder.
func (f *Fleet) Folder(img *Image) string {
	root := f.Root
	if img.Listed != nil {
		root = img.Listed.Root
	}
	return filepath.Join(root, filepath.FromSlash(img.Dir))
}
