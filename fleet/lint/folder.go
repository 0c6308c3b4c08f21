package lint

import (
	"errors"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/moby/patternmatcher"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/problem"
)

// context lists the files that the build would see, and takes what it refuses.
func (c *check) context() {
	shown := c.fleet.Path(c.img, ".")
	tree, err := buildcontext.Open(c.root, c.img.Dir, shown, buildcontext.Options{LinkRoots: c.Config.Slipway.LinkRoots, Modes: c.fleet.Modes(c.img)})
	if err == nil {
		c.tree = tree
		return
	}
	for _, err := range problem.Each(err) {
		p := problem.Of(err)
		rel := strings.TrimPrefix(strings.TrimPrefix(p.Path, shown), "/")
		if p.Kind == buildcontext.KindPatterns {
			c.add(dockerignoreSyntax, rel, c.badPattern(), p.Hint, "%s", p.Text)
			continue
		}
		c.add(buildContext, rel, 0, p.Hint, "%s", p.Text)
	}
}

// pointers looks for files that git-lfs has not fetched.
func (c *check) pointers() {
	if c.tree == nil {
		return
	}
	for _, name := range c.tree.Pointers() {
		c.add(lfsPointer, name, 0, fleet.PointerHint, "it is a pointer of git-lfs, not the file")
	}
}

// badPattern is the first line of .dockerignore that is no pattern, or 0.
func (c *check) badPattern() int {
	for i, line := range c.read(path.Join(c.img.Dir, buildcontext.IgnoreFile)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if _, err := patternmatcher.New([]string{line}); err != nil {
			return i + 1
		}
	}
	return 0
}

// testFile finds the file that a shell is told to run.
var testFile = regexp.MustCompile(`^\s*(?:exec\s+)?["']?\{path\}/([^\s"'{}]+)`)

// test looks whether the shell that verify_args start may execute the test. Where a shell is only
// told to read it, it need not be executable.
func (c *check) test() {
	args := c.Config.VerifyArgs
	if len(args) < 2 || args[0] != "-c" || !slices.Contains([]string{"sh", "bash", "dash"}, path.Base(c.Config.VerifyCommand)) {
		return
	}
	m := testFile.FindStringSubmatch(args[1])
	if m == nil {
		return
	}
	info, err := c.root.Stat(path.Join(c.img.Dir, m[1]))
	if err != nil && c.tree != nil { // a link, which the context follows, or leaves out
		info, err = c.tree.Stat(m[1])
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		c.add(string(fleet.UnreadableFile), m[1], 0, "", "cannot look at the test: %v", err)
	case info.Mode().IsRegular() && info.Mode()&0o111 == 0:
		c.add(testNotExecutable, m[1], 0, "`chmod +x "+fleet.ShellPath(c.fleet.Path(c.img, m[1]))+"` makes it so", "the test is not executable")
	}
}

// dependencies looks for what control names in vain. An image that could not be read may use it.
func (c *check) dependencies() {
	if c.img.Err != nil || c.recipe.Dockerfile.Text == "" {
		return
	}
	text := c.recipe.Dockerfile.Text + "\n" + c.recipe.Artifacts.Text
	for _, d := range c.img.Depends {
		// A template may ask for a tag without building on it, and what it uses in another version
		// the scan has reported.
		if !d.Declared || d.Used || d.Aliased || d.OnBuild || d.LookedUp || d.PassedOn || d.Image == nil || mentions(text, c.Config.Name(d.Name)) || c.isWrong(d) {
			continue
		}
		c.add(unusedDependency, d.File, d.Line, "remove it, if nothing else needs the order",
			"%s declares %s and does not use it", c.img.Name, d.Name)
	}
}

// isWrong tells that control's line with the dependency is to be mended first.
func (c *check) isWrong(d fleet.Dependency) bool {
	path := c.fleet.Path(c.img, d.File)
	return slices.ContainsFunc(c.findings, func(f Finding) bool {
		return f.Rule == string(fleet.ControlSyntax) && f.File == path && f.Line == d.Line
	})
}

// mentions reports whether a text has the repository's name with something other behind it than
// more of a name.
func mentions(text, repo string) bool {
	for i := strings.Index(text, repo); i >= 0; i = strings.Index(text, repo) {
		text = text[i+len(repo):]
		if strings.HasPrefix(text, ":") || strings.HasPrefix(text, "@") {
			return true
		}
	}
	return false
}

// read returns the lines of a file; none when it cannot be read.
func (l *linter) read(rel string) []string {
	data, err := l.root.ReadFile(rel)
	if err != nil {
		return nil
	}
	return strings.Split(string(data), "\n")
}
