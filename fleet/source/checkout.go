package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/slipway-build/slipway/problem"
)

// fetcher makes one checkout in a temporary folder.
type fetcher struct {
	r     *Repositories
	temp  string
	git   Git
	wish  Wish
	doing string

	repos int // how many repositories were fetched, to name their folders
	files int
	bytes int64

	submodulesSeen map[string]bool // by path
	missing        []missing       // submodules that could not be had, and do not count
	unfiltered     []unfiltered
	again          bool // the next one may have other files: a filter failed
}

// object is a repository that was fetched, and one commit of it.
type object struct {
	dir    string // the bare repository
	remote remote
	commit string
	doing  string
}

// run fills temp/tree and returns the commit's time.
func (f *fetcher) run(ctx context.Context, commit string) (int64, error) {
	tree := filepath.Join(f.temp, treeDir)
	if err := os.Mkdir(tree, 0o755); err != nil {
		return 0, fmt.Errorf("cannot make the checkout: %w", err)
	}
	watched, stop := f.watch(ctx, tree)
	defer stop()
	when, err := f.populate(watched, f.git, commit, tree, "", 0)
	if err == nil {
		err = f.checkWish()
	}
	if err != nil {
		return 0, err
	}
	size, err := normalise(tree, time.Unix(when, 0))
	switch {
	case err != nil:
		return 0, fmt.Errorf("cannot make the checkout: %w", err)
	case size > f.r.maxBytes():
		return 0, f.tooLarge() // grown by filters faster than watch looks
	}
	return when, nil
}

// populate fetches a commit, writes its files to tree/at and goes on with its
// submodules.
func (f *fetcher) populate(ctx context.Context, g Git, commit, tree, at string, depth int) (int64, error) {
	rem, err := g.remote()
	if err != nil {
		return 0, err
	}
	f.repos++
	o := object{dir: filepath.Join(f.temp, "repository-"+strconv.Itoa(f.repos)), remote: rem, commit: commit, doing: f.doing}
	if at != "" {
		o.doing = f.doing + cannotFetchModule + clean(at) + " from " + g.String()
	}
	defer removeAll(o.dir)
	if err := f.fetch(ctx, g, o); err != nil {
		return 0, err
	}
	when, err := f.commitTime(ctx, o)
	if err != nil {
		return 0, err
	}
	list, err := f.list(ctx, o)
	if err != nil {
		return 0, err
	}
	if f.wish.NoFilters {
		if err := withoutFilters(o.dir); err != nil {
			return 0, fmt.Errorf("cannot make the checkout: %w", err)
		}
	}
	dest := filepath.Join(tree, filepath.FromSlash(at))
	// Not in dest: git would read the settings of a repository that dest happens to look like.
	err = f.r.git(ctx, command{doing: o.doing, dir: f.temp, remote: &o.remote, lines: f.progress,
		args: []string{"--git-dir=" + o.dir, "--work-tree=" + dest, "-c", "remote.origin.url=" + rem.url,
			"read-tree", "-m", "-u", "--no-recurse-submodules", commit}})
	if err == nil && list.attributes && !f.wish.NoFilters {
		err = f.findUnfiltered(ctx, o, tree, at)
	}
	if err != nil {
		return 0, err
	}
	return when, f.submodules(ctx, g, o, list, tree, at, depth)
}

func (f *fetcher) progress(line string) {
	if f.r.Progress != nil {
		f.r.Progress(f.git, line)
	}
}

// fetch gets the one commit, or everything where a server gives no single ones.
func (f *fetcher) fetch(ctx context.Context, g Git, o object) error {
	format := "sha1"
	if len(o.commit) == 64 {
		format = "sha256"
	}
	err := f.r.git(ctx, command{doing: o.doing, dir: f.temp,
		args: []string{"init", "--quiet", "--bare", "--template=", "--object-format=" + format, o.dir}})
	if err != nil {
		return err
	}
	fetch := []string{"--git-dir=" + o.dir, "fetch", "--progress", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head"}
	err = f.r.git(ctx, command{doing: o.doing, dir: f.temp, remote: &o.remote, lines: f.progress,
		args: append(fetch[:len(fetch):len(fetch)], "--depth=1", "--", o.remote.url, o.commit)})
	if err == nil {
		return nil
	}
	var e *failure
	if !errors.As(err, &e) || ctx.Err() != nil {
		return err
	}
	said := strings.ToLower(strings.Join(e.Lines, "\n"))
	switch {
	case strings.Contains(said, "not our ref"):
		return f.gone(o)
	case !refusesCommits(said):
		return err
	}
	refs := []string{"+HEAD:refs/slipway/head", "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"}
	if strings.HasPrefix(g.Ref, "refs/") {
		refs = append(refs, "+"+g.Ref+":refs/slipway/wanted")
	}
	err = f.r.git(ctx, command{doing: o.doing, dir: f.temp, remote: &o.remote, lines: f.progress,
		args: append(append(fetch, "--", o.remote.url), refs...)})
	return err
}

// refusesCommits recognises servers that give only what they list: git's own
// before protocol 2, JGit, and plain files behind HTTP.
func refusesCommits(said string) bool {
	for _, words := range []string{"unadvertised object", "not valid", "dumb http transport", "does not support shallow"} {
		if strings.Contains(said, words) {
			return true
		}
	}
	return false
}

func (f *fetcher) gone(o object) error {
	return &failure{Problem: problem.Problem{Text: o.doing, Err: fmt.Errorf("the repository has no commit %s", o.commit),
		Hint: "its branch may have been overwritten or deleted since; name another branch, tag or commit"}}
}

// watch ends the context it returns when the tree grows too large, or what is
// downloaded for it. The sizes that git knows beforehand are not enough: filters
// such as git-lfs's put other files in place of a repository's own.
func (f *fetcher) watch(ctx context.Context, tree string) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		pause := watchPause
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
			start := time.Now()
			inside, beside := sizes(ctx, f.temp, tree)
			if max(inside, beside) > f.r.maxBytes() {
				cancel(f.tooLarge())
				return
			}
			pause = max(watchPause, 3*time.Since(start)) // a million files take seconds
		}
	}()
	return ctx, func() { cancel(nil); <-done }
}

const watchPause = 500 * time.Millisecond

// sizes adds up the files of dir that are in its folder tree, and the others.
// Files come and go meanwhile, so no error counts.
func sizes(ctx context.Context, dir, tree string) (inside, beside int64) {
	tree += string(filepath.Separator)
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return ctx.Err()
		}
		if info, err := e.Info(); err == nil {
			if strings.HasPrefix(path, tree) {
				inside += info.Size()
			} else {
				beside += info.Size()
			}
		}
		return ctx.Err()
	})
	return inside, beside
}

func (f *fetcher) tooLarge() error {
	return &limitError{fmt.Sprintf("the repository has more than %d MB", f.r.maxBytes()>>20)}
}

// commitTime also proves that the id is that of a commit.
func (f *fetcher) commitTime(ctx context.Context, o object) (int64, error) {
	var out head
	err := f.r.git(ctx, command{doing: o.doing, dir: f.temp, stdin: strings.NewReader(o.commit + "\n"), stdout: &out,
		args: []string{"--git-dir=" + o.dir, "cat-file", "--batch"}})
	if err != nil {
		return 0, err
	}
	first, body, _ := strings.Cut(string(out), "\n")
	if strings.HasSuffix(first, " missing") {
		return 0, f.gone(o)
	}
	words := strings.Fields(first)
	if len(words) != 3 || words[0] != o.commit {
		return 0, &failure{Problem: problem.Problem{Text: o.doing, Err: fmt.Errorf("internal error: git cat-file answers %q", clean(first))}}
	}
	if words[1] != "commit" {
		return 0, &failure{Problem: problem.Problem{Text: o.doing, Err: fmt.Errorf("%s is the id of a %s, not of a commit", o.commit, words[1])}}
	}
	for line := range strings.Lines(body) {
		if line == "\n" {
			break
		}
		if rest, ok := strings.CutPrefix(line, "committer "); ok {
			// Name <address> seconds zone
			words := strings.Fields(rest[strings.LastIndexByte(rest, '>')+1:])
			if len(words) > 0 {
				when, _ := strconv.ParseInt(words[0], 10, 64)
				return max(when, 0), nil
			}
		}
	}
	return 0, nil
}

// head keeps the beginning of what is written; a commit's text may be of any size.
type head []byte

func (h *head) Write(p []byte) (int, error) {
	*h = append(*h, p[:min(len(p), 64<<10-len(*h))]...)
	return len(p), nil
}

// listing is what matters of a commit's tree before its files are written.
type listing struct {
	modules    map[string]string // path → commit
	config     bool              // .gitmodules is a file
	attributes bool              // there are .gitattributes
}

// list counts what a checkout would write, for a small repository can hold a
// tree that fills any disk.
func (f *fetcher) list(ctx context.Context, o object) (listing, error) {
	l := listing{modules: map[string]string{}}
	out := &records{end: 0, each: func(line []byte) error {
		head, name, ok := strings.Cut(string(line), "\t")
		words := strings.Fields(head)
		if !ok || len(words) != 4 {
			return fmt.Errorf("internal error: git ls-tree answers %q", clean(string(line)))
		}
		f.files++
		size, err := strconv.ParseInt(words[3], 10, 64)
		if err == nil { // of files alone
			f.bytes += size
		}
		switch {
		case f.files > f.r.maxFiles():
			return &limitError{fmt.Sprintf("the repository has more than %d files and folders", f.r.maxFiles())}
		case f.bytes > f.r.maxBytes():
			return f.tooLarge()
		case words[1] == "commit":
			l.modules[name] = words[2]
		case name == modulesFile && size > maxModulesFile:
			return &limitError{fmt.Sprintf("its %s has more than %d MB", modulesFile, maxModulesFile>>20)}
		case name == modulesFile && strings.HasPrefix(words[0], "100"):
			l.config = true
		case path.Base(name) == attributesFile:
			l.attributes = true
		}
		return nil
	}}
	err := f.r.git(ctx, command{doing: o.doing, dir: f.temp, stdout: out,
		args: []string{"--git-dir=" + o.dir, "ls-tree", "-r", "-t", "-z", "-l", "--full-tree", o.commit}})
	return l, err
}

// normalise gives files the modes that git knows, whatever the umask is, and
// the time of the commit. It returns the sum of their sizes.
func normalise(tree string, when time.Time) (size int64, err error) {
	var dirs []string
	err = filepath.WalkDir(tree, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.Type()&fs.ModeSymlink != 0 {
			return nil
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if e.IsDir() || info.Mode()&0o100 != 0 {
			mode = 0o755
		}
		if info.Mode() != mode|info.Mode().Type() {
			if err := os.Chmod(path, mode); err != nil {
				return err
			}
		}
		if e.IsDir() {
			dirs = append(dirs, path)
			return nil
		}
		size += info.Size()
		return os.Chtimes(path, when, when)
	})
	for _, dir := range dirs {
		err = errors.Join(err, os.Chtimes(dir, when, when))
	}
	return size, err
}

// syncDir writes a folder's entries, or a file, to disk.
func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
